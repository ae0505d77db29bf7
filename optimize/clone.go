package optimize

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/fettlehq/fettle/pgsql"
)

func newClone(s *session) *clone {
	return &clone{session: s, made: map[*Index]string{}, build: map[*Index]time.Duration{}, real: map[*Index]float64{}, advised: map[string]string{}, says: func(string, ...any) {}}
}

// cloneLock is the advisory lock that a run holds on its clone, so that two do not measure each other's indexes.
const cloneLock = 0x66657474

// check compares the copy with the database and says what is measured on.
func (c *clone) check(ctx context.Context, original *Catalog) error {
	var mine bool
	if err := c.QueryRow(ctx, "SELECT pg_try_advisory_lock($1)", int64(cloneLock)).Scan(&mine); err != nil {
		return fmt.Errorf("clone: %w", shortened(err))
	}
	if !mine {
		return errors.New("clone: another run is measuring in it: wait for its end, or name another copy")
	}
	if err := c.sweep(ctx); err != nil {
		return fmt.Errorf("clone: %w", shortened(err))
	}
	catalog, _, err := readCatalog(ctx, c.session)
	if err != nil {
		return fmt.Errorf("clone: %w", err)
	}
	c.catalog = catalog
	for _, t := range original.Tables {
		if t.Kind == "r" && catalog.find(t.Schema, t.Name) == nil {
			return fmt.Errorf("clone: it has no table %s: it is no copy of the database", t.ID)
		}
	}
	if catalog.Replica {
		return errReplica
	}
	return nil
}

var errItself = errors.New("the clone is the database itself: name a copy, since indexes are made in it")

// apart refuses a clone that is the database by another name, or the primary that a replica follows: what is made in the one is then in the
// other. A lock of one session is seen by another of the same database, whatever the way to it.
func (c *clone) apart(ctx context.Context, database *session, original *Catalog) error {
	key := rand.Int64()
	if _, err := c.Exec(ctx, "SELECT pg_advisory_lock($1)", key); err != nil {
		if c.replica(ctx) {
			return errReplica
		}
		return fmt.Errorf("clone: %w", shortened(err))
	}
	defer c.Exec(ctx, "SELECT pg_advisory_unlock($1)", key) //nolint:errcheck // it ends with the session
	var free bool
	if err := database.QueryRow(ctx, "SELECT pg_try_advisory_lock($1)", key).Scan(&free); err != nil {
		return shortened(err)
	}
	if !free {
		return errItself
	}
	database.Exec(ctx, "SELECT pg_advisory_unlock($1)", key) //nolint:errcheck // it ends with the session
	if !original.Replica {
		return nil
	}
	ours, err := database.origin(ctx)
	if err != nil {
		return fmt.Errorf("whether the clone is the primary that the database follows cannot be seen: %w", err)
	}
	if theirs, err := c.origin(ctx); err != nil || theirs == ours {
		return errors.Join(errors.New("the clone is the primary that the database follows, as far as can be seen: name a copy, since indexes are made in it"), err)
	}
	return nil
}

// origin tells databases of unlike data apart: one of a replica has that of its primary's, until it is promoted.
func (s *session) origin(ctx context.Context) (text string, err error) {
	err = s.QueryRow(ctx, "SELECT s.system_identifier || ' ' || c.timeline_id || ' ' || d.oid FROM pg_control_system() s, pg_control_checkpoint() c, pg_database d WHERE d.datname = current_database()").Scan(&text)
	if err != nil {
		return "", shortened(err)
	}
	return text, nil
}

var errReplica = errors.New("clone: it is a replica, in which nothing can be changed")

func (c *clone) replica(ctx context.Context) (is bool) {
	return c.QueryRow(ctx, "SELECT pg_is_in_recovery()").Scan(&is) == nil && is
}

// extra are the indexes that the copy has more than the database.
func (c *clone) extra(original *Catalog) (names []string) {
	for _, copied := range c.catalog.Tables {
		t := original.find(copied.Schema, copied.Name)
		if t == nil {
			continue
		}
		for _, index := range copied.Indexes {
			if !slices.ContainsFunc(t.Indexes, func(e *Existing) bool { return e.Name == index.Name }) {
				names = append(names, index.Name)
			}
		}
	}
	return names
}

// about says how large the copy is against the database.
func (c *clone) about(original *Catalog, t *Table) string {
	copied := c.catalog.find(t.Schema, t.Name)
	if copied == nil {
		return "the clone"
	}
	if copied.Rows < 0.8*original.find(t.Schema, t.Name).Rows {
		return fmt.Sprintf("a sample (%s has %s of %s rows)", t.ID, Count(copied.Rows), Count(t.Rows))
	}
	return fmt.Sprintf("a full copy (%s has %s rows)", t.ID, Count(copied.Rows))
}

// hides says where an index cannot show on the clone what it holds: the pages of the table are not marked there as visible to all, so each
// row is looked up in it. What a dump is loaded into has to be vacuumed first.
func (c *clone) hides(index *Index) string {
	copied := c.catalog.find(index.Table.Schema, index.Table.Name)
	if len(index.Include) == 0 || copied == nil || copied.Visible >= mostlyVisible || index.Table.Visible < mostlyVisible {
		return ""
	}
	return fmt.Sprintf("; on the clone %s was not vacuumed since it was loaded, so that the index alone did not do there: VACUUM %s on the clone, and run this again", index.Table.ID, index.Table.ID)
}

// level is L3 on a full copy and L2 on a smaller one.
func (c *clone) level(original *Catalog, t *Table) Level {
	if strings.HasPrefix(c.about(original, t), "a sample") {
		return L2
	}
	return L3
}

// analyse runs ANALYZE where statistics are stale, and reads the catalog again.
func (r *run) analyseClone(ctx context.Context) bool {
	for _, t := range r.catalog.Tables {
		if !t.stale() {
			continue
		}
		if _, err := r.clone.Exec(ctx, "ANALYZE "+t.ID); err != nil {
			r.note("clone: ANALYZE %s: %v", t.ID, shortened(err))
			continue
		}
		r.stale = append(r.stale, t)
	}
	if len(r.stale) == 0 {
		return false
	}
	fresh, _, err := readCatalog(ctx, r.clone.session)
	if err != nil {
		r.note("clone: %v", err)
		return false
	}
	for _, t := range r.stale {
		if copied := fresh.find(t.Schema, t.Name); copied != nil {
			t.Rows, t.Pages, t.Visible, t.Columns = copied.Rows, copied.Pages, copied.Visible, copied.Columns
			t.fresh = true
		}
	}
	r.clone.catalog = fresh
	return true
}

// thinking is a session on the clone in which indexes can be thought of, nil where its server has no HypoPG.
// CREATE EXTENSION there is no silent change: a clone is named to be changed.
func (c *clone) thinking(ctx context.Context) (*session, error) {
	var available bool
	if err := c.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'hypopg')").Scan(&available); err != nil || !available {
		return nil, err
	}
	if c.catalog.Extensions["hypopg"] {
		return c.session, nil
	}
	if err := c.extend(ctx, "hypopg"); err != nil {
		return nil, nil //nolint:nilerr // then it is done without
	}
	return c.session, nil
}

// extend makes an extension for as long as the run lasts.
func (c *clone) extend(ctx context.Context, name string) error {
	if c.catalog.Extensions[name] {
		return nil
	}
	if _, err := c.Exec(ctx, "CREATE EXTENSION "+pgsql.Ident(name)); err != nil {
		return shortened(err)
	}
	c.catalog.Extensions[name] = true
	c.extended = append(c.extended, name)
	return nil
}

// again opens another session in place of one that was lost, once what that one was doing has ended: its lock is then free.
func (c *clone) again(ctx context.Context) {
	s, err := connect(ctx, c.Config().ConnString(), onClone)
	if err != nil {
		return // what stays is in a copy
	}
	s.as = c.as
	c.session = s
	c.Exec(ctx, "SELECT pg_advisory_lock($1)", int64(cloneLock)) //nolint:errcheck // then what is there is dropped all the same
}

// What a run makes on a clone has a name of its own, which no index of anybody's has, and says whose it is: a run that was killed drops
// nothing, and the next one has to know what is not the user's.
const (
	ownPrefix  = "fettle_optimize_"
	ownComment = "made by fettle optimize to measure with; the next run drops it"
)

func ownName() string { return fmt.Sprintf("%s%016x", ownPrefix, rand.Uint64()) }

// ownPart is the name of one of the indexes that are made for one.
func ownPart(name string, i int) string {
	if i == 0 {
		return name
	}
	return fmt.Sprintf("%s_%d", name, i)
}

// create makes an index and marks it, both or neither. Told is how long it took.
func (c *clone) create(ctx context.Context, index *Index, name string) (took time.Duration, err error) {
	if _, err := c.Exec(ctx, "BEGIN"); err != nil {
		return 0, err
	}
	for i, part := range index.each() {
		start := time.Now()
		_, err = c.Exec(ctx, part.Create("", ownPart(name, i)))
		took += time.Since(start)
		if err == nil {
			_, err = c.Exec(ctx, "COMMENT ON INDEX "+pgsql.Ident(part.Table.Schema)+"."+pgsql.Ident(ownPart(name, i))+" IS "+pgsql.Literal(ownComment))
		}
		if err != nil {
			c.undone(context.WithoutCancel(ctx))
			return 0, err
		}
	}
	_, err = c.Exec(ctx, "COMMIT")
	return took, err
}

// sweep drops what a run left that was killed. None is at work: its session would have the lock that this one has.
func (c *clone) sweep(ctx context.Context) error {
	rows, err := c.Query(ctx, `SELECT format('%I.%I', n.nspname, k.relname), pg_get_indexdef(k.oid)
		FROM pg_class k JOIN pg_namespace n ON n.oid = k.relnamespace JOIN pg_description d ON d.objoid = k.oid AND d.classoid = 'pg_class'::regclass AND d.objsubid = 0
		WHERE k.relkind IN ('i', 'I') AND starts_with(k.relname, $1) AND d.description = $2 ORDER BY 1`, ownPrefix, ownComment)
	if err != nil {
		return err
	}
	type found struct{ Name, Definition string }
	left, err := pgx.CollectRows(rows, pgx.RowToStructByPos[found])
	for _, index := range left {
		_, on, _ := strings.Cut(index.Definition, " ON ")
		if _, err := c.Exec(ctx, "DROP INDEX "+index.Name); err != nil {
			c.notes = append(c.notes, fmt.Sprintf("clone: the index on %s is left by a run that was killed, and cannot be dropped: %v", on, shortened(err)))
			continue
		}
		c.notes = append(c.notes, fmt.Sprintf("clone: dropped the index on %s, which a run that was killed had left", on))
	}
	return err
}

// unwritable is why no index can be made in the copy at all; empty: one can.
func (c *clone) unwritable(ctx context.Context) (reason string, err error) {
	var reads, owns bool
	var user string
	err = c.QueryRow(ctx, `SELECT current_setting('transaction_read_only')::bool, current_user,
		EXISTS (SELECT FROM pg_class k JOIN pg_namespace n ON n.oid = k.relnamespace
			WHERE k.relkind IN ('r', 'p', 'm') AND pg_has_role(k.relowner, 'USAGE') AND has_schema_privilege(n.oid, 'CREATE') AND `+ours+`)`).Scan(&reads, &user, &owns)
	switch {
	case err != nil:
		return "", fmt.Errorf("clone: %w", shortened(err))
	case reads:
		return "transactions of " + user + " only read (default_transaction_read_only)", nil
	case !owns:
		return user + " owns no table, or may make nothing in its schema", nil
	}
	return "", nil
}

// end removes what was made in the copy.
func (c *clone) end() {
	if c == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if c.IsClosed() && len(c.made)+len(c.extended) > 0 { // a run that is broken off loses its session
		c.again(ctx)
	}
	for index := range c.made {
		c.drop(ctx, index) //nolint:errcheck // what stays is in a copy
	}
	for _, name := range c.extended {
		c.Exec(ctx, "DROP EXTENSION IF EXISTS "+pgsql.Ident(name)) //nolint:errcheck // as above
	}
	c.close()
}
