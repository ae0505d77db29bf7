package account

import (
	"context"
	"errors"
	"maps"
	"net/http"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/input"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/query"
)

// registration is what somebody who registers has sent.
type registration struct {
	login, password string
	fields          map[*meta.Field]any
	object          input.Object // as it was sent
}

// register makes an account.
//
// Where an address must be proven before sign-in, the answer is 202 whoever has the address: the message that follows
// tells its owner. An account whose address was never proven belongs to whoever registered it last, so that nobody can
// wait in another's name with a password of their own. In the other cases the answer is 201 with the account, and a
// taken address is a problem TAKEN.
func (a *Accounts) register(w http.ResponseWriter, r *http.Request) error {
	object, err := readObject(w, r)
	if err != nil {
		return err
	}
	form, err := a.form(object)
	if err != nil {
		return err
	}
	if a.verify == meta.BeforeSignIn {
		return a.registerQuietly(w, r, form)
	}
	id, err := a.registerOpenly(r.Context(), form, false)
	if err != nil {
		return err
	}
	return reply(w, http.StatusCreated, a.public(id, form))
}

// Register makes an account for a hand-written handler, as /auth/register does where the design asks for verification
// later or never. Object is what that takes: the login, the password and the account's own fields. Its problems are
// INVALID, CONFLICT with the fields that are taken, TOO_MANY_REQUESTS.
func (a *Accounts) Register(r *http.Request, object map[string]any) (kit.ID, error) {
	if a.verify == meta.BeforeSignIn {
		return "", errors.New("account: an address must be proven before sign-in: use /auth/register, which keeps secret who has one, or RegisterProven where the handler vouches for it")
	}
	return a.registerFor(r, object, false)
}

// RegisterProven is Register for a handler that vouches for the address, because another system has proven it or a contract signs in
// whoever registers: nothing is sent, and the account may sign in at once whatever the design asks for. Who else asks learns that an
// address is taken; one that was never proven is not.
func (a *Accounts) RegisterProven(r *http.Request, object map[string]any) (kit.ID, error) {
	return a.registerFor(r, object, true)
}

func (a *Accounts) registerFor(r *http.Request, object map[string]any, proven bool) (kit.ID, error) {
	if err := a.limitAddress(nil, r); err != nil {
		return "", err
	}
	form, err := a.form(maps.Clone(object))
	if err != nil {
		return "", err
	}
	return a.registerOpenly(r.Context(), form, proven)
}

// form reads what somebody who registers has sent. It takes object apart.
func (a *Accounts) form(object input.Object) (*registration, error) {
	form := &registration{object: maps.Clone(object)}
	fields := append([]*meta.Field{a.login}, a.fields...)
	password, problem := text(object, "password")
	delete(object, "password")
	values, wrong := input.Fields(fields, object, nil)
	told := map[string]bool{}
	for _, w := range wrong {
		told[w.Field] = true
	}
	var changes []query.Change
	for _, f := range fields {
		value, given := values[f]
		switch {
		case given && !told[f.Name]:
			changes = append(changes, query.Change{Field: f, Value: value})
		case !given && (f == a.login || !f.Null && f.Default == nil && f.Stored()):
			wrong = append(wrong, kit.FieldError{Field: f.Name, Code: kit.FieldRequired, Detail: "is required"})
		}
	}
	wrong = append(wrong, a.engine.Wrong(a.entity, changes)...)
	if problem == nil {
		problem = checkPassword(password)
	}
	if problem != nil {
		wrong = append(wrong, *problem)
	}
	if wrong != nil {
		return nil, invalid(wrong)
	}
	login, _ := values[a.login].(string)
	form.login, form.password, form.fields = normal(login), password, values
	form.fields[a.login] = form.login
	return form, nil
}

// registerQuietly answers the same whether the address is free, taken or waiting for its proof.
func (a *Accounts) registerQuietly(w http.ResponseWriter, r *http.Request, form *registration) error {
	hash, err := a.passwords.hash(r.Context(), form.password)
	if err != nil {
		return err
	}
	if _, _, err := a.limits.mails.Take(form.login, a.Clock.Now()); err != nil {
		return err
	}
	var link string
	err = a.write(r.Context(), func(ctx context.Context, tx *query.Tx) error {
		link = ""
		known, err := a.find(ctx, tx, form.login)
		if err != nil {
			return err
		}
		switch {
		case known == nil:
		case known.verified:
			return a.pretend(ctx, tx, form)
		default:
			if free, err := a.give(ctx, tx, known.id); err != nil {
				return err
			} else if !free {
				return a.pretend(ctx, tx, form)
			}
		}
		id, err := a.create(ctx, tx, form, hash)
		if err != nil {
			return err
		}
		link, err = a.newVerification(ctx, tx, id)
		return err
	})
	switch {
	case errors.Is(err, errKnown) || a.taken(err): // the second when two register the same address at once
		a.deliver(r.Context(), a.knownLetter(form.login))
	case err != nil:
		return err
	default:
		a.deliver(r.Context(), a.verificationLetter(form.login, link))
	}
	return reply(w, http.StatusAccepted, status{"verification-sent"})
}

type status struct {
	Status string `json:"status"`
}

// errKnown rolls back what pretend did.
var errKnown = errors.New("the address has an account")

// pretend does for a known address what is done for a new one, and undoes it: what else is wrong with the form, such as
// a taken name, is answered the same, and as late.
func (a *Accounts) pretend(ctx context.Context, tx *query.Tx, form *registration) error {
	other := *form
	other.fields = maps.Clone(form.fields)
	other.fields[a.login] = "x" + normal(kit.Token(16)) + "@example.invalid"
	if _, err := a.insert(ctx, tx, &other); err != nil {
		return err
	}
	return errKnown
}

// give takes an address from an account that never proved it, and tells whether it is free then: not where something refers to the
// account already.
func (a *Accounts) give(ctx context.Context, tx *query.Tx, id kit.ID) (free bool, err error) {
	err = tx.Conn().Savepoint(ctx, func() error { return a.remove(ctx, tx, id) })
	if kit.HasCode(err, kit.CodeConflict) {
		return false, nil
	}
	return err == nil, err
}

// registerOpenly tells whether an address is taken. One that is proven may sign in at once.
func (a *Accounts) registerOpenly(ctx context.Context, form *registration, proven bool) (kit.ID, error) {
	hash, err := a.passwords.hash(ctx, form.password)
	if err != nil {
		return "", err
	}
	var id kit.ID
	var link string
	err = a.write(ctx, func(ctx context.Context, tx *query.Tx) (err error) {
		known, err := a.find(ctx, tx, form.login)
		if err != nil {
			return err
		}
		if known != nil {
			free := false
			if a.verify == meta.BeforeSignIn && !known.verified {
				if free, err = a.give(ctx, tx, known.id); err != nil {
					return err
				}
			}
			if !free {
				return a.isTaken(nil)
			}
		}
		if id, err = a.create(ctx, tx, form, hash); err != nil {
			return err
		}
		switch {
		case proven:
			_, err = tx.Conn().Exec(ctx, "UPDATE account_credentials SET verified_at = created_at WHERE account_id = $1", string(id))
		case a.verify == meta.Later:
			link, err = a.newVerification(ctx, tx, id)
		}
		return err
	})
	if err != nil {
		return "", err
	}
	if link != "" {
		a.deliver(ctx, a.verificationLetter(form.login, link))
	}
	return id, nil
}

// public is the new account as its owner sent it.
func (a *Accounts) public(id kit.ID, form *registration) input.Object {
	object := input.Object{"id": id, a.login.Name: form.login}
	for _, f := range a.fields {
		if value, given := form.object[f.Name]; given && !f.WriteOnly {
			object[f.Name] = value
		}
	}
	return object
}

// create makes the account's row and its credentials.
func (a *Accounts) create(ctx context.Context, tx *query.Tx, form *registration, hash string) (kit.ID, error) {
	id, err := a.insert(ctx, tx, form)
	if err != nil {
		return "", err
	}
	_, err = tx.Conn().Exec(ctx, `INSERT INTO account_credentials (account_id, password_hash, created_at, updated_at)
		VALUES ($1, $2, $3, $3)`, string(id), hash, a.at(a.Clock.Now(), 0))
	return id, err
}

func (a *Accounts) insert(ctx context.Context, tx *query.Tx, form *registration) (kit.ID, error) {
	var changes []query.Change
	for _, f := range a.entity.Fields { // in the design's order
		if value, given := form.fields[f]; given {
			changes = append(changes, query.Change{Field: f, Value: value})
		}
	}
	return tx.System().Create(ctx, a.entity, changes)
}

// remove deletes an account that nobody has signed in to.
func (a *Accounts) remove(ctx context.Context, tx *query.Tx, id kit.ID) error {
	for _, table := range []string{"account_tokens", "account_sessions", "account_credentials"} {
		if _, err := tx.Conn().Exec(ctx, "DELETE FROM "+table+" WHERE account_id = $1", string(id)); err != nil {
			return err
		}
	}
	return tx.System().Delete(ctx, a.entity, string(id), 0)
}

// taken tells whether err says that the login is taken.
func (a *Accounts) taken(err error) bool {
	problem := (*kit.Problem)(nil)
	if !errors.As(err, &problem) {
		return false
	}
	for _, f := range problem.Fields {
		if f.Field == a.login.Name && f.Code == kit.FieldTaken {
			return true
		}
	}
	return false
}
