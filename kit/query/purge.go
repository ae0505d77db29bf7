package query

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/sqldb"
)

// Purged is what Purge did with the deleted rows of one entity.
type Purged struct {
	Entity string
	Rows   int      // that are gone
	Kept   []kit.ID // that something still refers to
}

const (
	purgeBatch = 500     // rows of a transaction
	purgeLock  = 7305411 // of PostgreSQL's advisory locks: any number that is always the same
)

// errPurging tells that another replica is at it.
var errPurging = errors.New("another process purges")

// Purge removes for good the rows that were deleted longer ago than their entity keeps them, in transactions of a bounded
// size, and what the database's foreign keys remove with them. A row that something else refers to stays, and holds up no
// other. Of several processes that purge one database at once, one does and the others return.
func (e *Engine) Purge(ctx context.Context) (all []Purged, err error) {
	for _, entity := range e.backend.Entities {
		if !entity.SoftDelete || entity.Keep == 0 {
			continue
		}
		p := purge{engine: e, entity: entity, done: Purged{Entity: entity.Name}}
		err := p.run(ctx)
		if p.done.Rows > 0 || len(p.done.Kept) > 0 {
			all = append(all, p.done)
		}
		switch {
		case errors.Is(err, errPurging):
			return all, nil
		case err != nil:
			return all, fmt.Errorf("purge %s: %w", entity.Plural, err)
		}
	}
	return all, nil
}

// purge goes through the deleted rows of an entity in the order of their deletion.
type purge struct {
	engine *Engine
	entity *meta.Entity
	last   *corpse // the last row that it came to
	done   Purged
}

// corpse is a deleted row.
type corpse struct {
	at time.Time
	id string
}

func (p *purge) run(ctx context.Context) error {
	for {
		var rows []corpse
		err := p.engine.db.Write(ctx, func(c sqldb.Conn) (err error) {
			if err := p.alone(ctx, c); err != nil {
				return err
			}
			if rows, err = p.batch(ctx, c); err != nil || len(rows) == 0 {
				return err
			}
			return p.remove(ctx, c, rows)
		})
		if err != nil || len(rows) == 0 {
			return err
		}
		p.last = &rows[len(rows)-1]
	}
}

// alone makes sure that nobody else purges until the transaction ends. SQLite has one writer at a time anyway.
func (p *purge) alone(ctx context.Context, c sqldb.Conn) error {
	if !p.engine.dialect.postgres {
		return nil
	}
	rows, err := c.Query(ctx, "SELECT pg_try_advisory_xact_lock($1)", int64(purgeLock))
	if err != nil {
		return err
	}
	defer rows.Close()
	var locked bool
	for rows.Next() {
		if err := rows.Scan(&locked); err != nil {
			return err
		}
	}
	if !locked {
		return errPurging
	}
	return rows.Err()
}

// batch is the next rows whose time has come.
func (p *purge) batch(ctx context.Context, c sqldb.Conn) (found []corpse, err error) {
	d := p.engine.dialect
	before, err := d.encodeInstant(p.engine.clock.Now().Add(-p.entity.Keep))
	if err != nil {
		return nil, err
	}
	args := []any{before}
	sql := "SELECT " + meta.DeletedAt + ", id FROM " + stored(p.entity) + " WHERE " + meta.DeletedAt + " < $1"
	if p.last != nil {
		at, err := d.encodeInstant(p.last.at)
		if err != nil {
			return nil, err
		}
		sql += " AND (" + meta.DeletedAt + ", id) > ($2, $3" + d.cast(meta.ID) + ")"
		args = append(args, at, p.last.id)
	}
	rows, err := c.Query(ctx, sql+" ORDER BY "+meta.DeletedAt+", id LIMIT "+itoa(purgeBatch), args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var row corpse
		if err := rows.Scan(&row.at, &row.id); err != nil {
			return nil, err
		}
		found = append(found, row)
	}
	return found, rows.Err()
}

// remove removes rows all at once or, where a foreign key stops that, one by one.
func (p *purge) remove(ctx context.Context, c sqldb.Conn, rows []corpse) error {
	ids := make([]string, len(rows))
	for i, row := range rows {
		ids[i] = row.id
	}
	stopped, err := p.tryRemove(ctx, c, ids)
	if err != nil || !stopped {
		return err
	}
	for _, id := range ids {
		stopped, err := p.tryRemove(ctx, c, []string{id})
		if err != nil {
			return err
		}
		if stopped {
			p.done.Kept = append(p.done.Kept, kit.ID(id))
		}
	}
	return nil
}

// tryRemove removes rows unless a foreign key stops it.
func (p *purge) tryRemove(ctx context.Context, c sqldb.Conn, ids []string) (stopped bool, err error) {
	var removed int64
	err = c.Savepoint(ctx, func() (err error) {
		removed, err = c.Exec(ctx, "DELETE FROM "+stored(p.entity)+" WHERE id "+p.engine.dialect.among(), p.engine.ids(ids, childrenVariant))
		return err
	})
	var refused *sqldb.Violation
	if errors.As(err, &refused) && refused.Kind == sqldb.ForeignKeyViolation {
		return true, nil
	}
	p.done.Rows += int(removed)
	return false, err
}
