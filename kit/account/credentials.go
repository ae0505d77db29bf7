package account

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/input"
	"github.com/fettlehq/fettle/kit/query"
	"github.com/fettlehq/fettle/kit/sqldb"
)

// credentials are how an account signs in.
type credentials struct {
	id       kit.ID
	hash     string // empty: the account has no password, as when a seed made it
	verified bool
}

// find reads the credentials of a login, nil when it has no account.
func (a *Accounts) find(ctx context.Context, tx *query.Tx, login string) (*credentials, error) {
	var id string
	var hash *string
	var verified bool
	known, err := one(ctx, tx.Conn(), []any{&id, &hash, &verified}, `SELECT a.id, c.password_hash, c.verified_at IS NOT NULL
		FROM `+a.engine.Living(a.entity)+` a LEFT JOIN account_credentials c ON c.account_id = a.id
		WHERE `+a.compareLogin()+` = $1`, login)
	switch {
	case err != nil || !known:
		return nil, err
	case hash == nil: // not made by registering, so not anybody's to take over
		return &credentials{id: kit.ID(id), verified: true}, nil
	}
	return &credentials{id: kit.ID(id), hash: *hash, verified: verified}, nil
}

// compareLogin is the expression of the login's unique index, so that the index is used.
func (a *Accounts) compareLogin() string {
	column := "a." + quote(a.login.Column)
	for _, u := range a.entity.Uniques {
		if len(u.Fields) == 1 && u.Fields[0] == a.login.Name && u.IgnoreCase {
			return "lower(" + column + ")"
		}
	}
	return column
}

// SetLogin gives an account another login, in a transaction of the team's, which has asked whoever wants it. The new
// address counts as proven or not as the old one did. Its problems are INVALID, and CONFLICT where it is taken.
func (a *Accounts) SetLogin(ctx context.Context, tx *query.Tx, id kit.ID, login string) error {
	value, wrong := input.Value(a.login, normal(login))
	if wrong != nil {
		return invalid(wrong)
	}
	_, err := tx.Conn().Exec(ctx, "UPDATE "+quote(a.entity.Table)+" SET "+quote(a.login.Column)+" = $2, updated_at = $3, version = version + 1 WHERE id = $1",
		string(id), value, a.at(tx.Now(), 0))
	if refused := (*sqldb.Violation)(nil); errors.As(err, &refused) && refused.Kind == sqldb.UniqueViolation {
		return a.isTaken(refused)
	}
	if err != nil {
		return err
	}
	return tx.Remember(ctx, a.entity, id, query.Change{Field: a.login, Value: value})
}

func (a *Accounts) isTaken(err error) *kit.Problem {
	return &kit.Problem{
		Code: kit.CodeConflict, Status: http.StatusConflict, Detail: "There is such an account already.", Err: err,
		Fields: []kit.FieldError{{Field: a.login.Name, Code: kit.FieldTaken, Detail: "This is taken."}},
	}
}

// SetPassword lets an account that exists sign in with password, its address taken as proven unless it had a password
// before: for seeds, handlers and tools of the team, in a transaction of theirs. Its login must be in lower case. A
// password that cannot be is the problem INVALID.
func SetPassword(ctx context.Context, tx *query.Tx, id kit.ID, password string) error {
	if problem := checkPassword(password); problem != nil {
		return invalid([]kit.FieldError{*problem})
	}
	now := stored(tx.Engine(), tx.Now())
	_, err := tx.Conn().Exec(ctx, `INSERT INTO account_credentials (account_id, password_hash, verified_at, created_at, updated_at)
		VALUES ($1, $2, $3, $3, $3)
		ON CONFLICT (account_id) DO UPDATE SET password_hash = excluded.password_hash, updated_at = excluded.updated_at`,
		string(id), phc(password, salt()), now)
	return err
}

// stored is an instant as the database keeps it: a time on Postgres, microseconds since 1970 on SQLite.
func stored(engine *query.Engine, t time.Time) any {
	if engine.DB().Dialect() == sqldb.SQLite {
		return t.UnixMicro()
	}
	return t.UTC().Truncate(time.Microsecond)
}

// at is an instant after now, as the database keeps it.
func (a *Accounts) at(now time.Time, after time.Duration) any {
	return stored(a.engine, now.Add(after))
}

func quote(name string) string { return `"` + name + `"` }

// one runs a query for one row and scans it into dest.
func one(ctx context.Context, c sqldb.Conn, dest []any, sql string, args ...any) (found bool, err error) {
	rows, err := c.Query(ctx, sql, args...)
	if err != nil {
		return false, err
	}
	defer rows.Close()
	if !rows.Next() {
		return false, rows.Err()
	}
	return true, rows.Scan(dest...)
}
