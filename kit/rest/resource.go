package rest

import (
	"context"
	"net/http"
	"net/url"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/input"
	"github.com/fettlehq/fettle/kit/internal/answers"
	"github.com/fettlehq/fettle/kit/internal/change"
	"github.com/fettlehq/fettle/kit/internal/replay"
	"github.com/fettlehq/fettle/kit/internal/tenant"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/query"
)

// mergePatch is the media type of RFC 7396: what it changes merges to the leaves of JSON fields.
const mergePatch = "application/merge-patch+json"

// patches are the media types in which a row is changed.
var patches = []string{mergePatch, "application/json"}

// resource is an entity at this door.
type resource struct {
	entity *meta.Entity
	read   []*meta.Field // lists included
	update []*meta.Field

	searched bool // lists take a search
}

func newResource(e *meta.Entity) *resource {
	return &resource{
		entity: e, read: query.ReadFields(e), update: query.UpdateFields(e),
		searched: len(e.Searched()) > 0,
	}
}

func (d *door) addResource(rs *routes, r *resource) {
	e := r.entity
	all, one := "/"+e.Path, "/"+e.Path+"/{"+e.Key+"}"
	add := func(verb meta.Verb, method, path, name string, do func(c *call, r *resource, key string) error) {
		if !query.Exposed(e, verb) {
			return
		}
		rs.add(method, path, func(names []string) action {
			if len(names) == 0 {
				a := action{name: name, body: e.Fields, do: func(c *call) error {
					c.tell(e.Deprecated)
					return do(c, r, "")
				}}
				if verb == meta.Create {
					a.makes = e
				}
				return a
			}
			a := action{name: name, body: e.Fields, do: func(c *call) error {
				c.tell(e.Deprecated)
				key := c.r.PathValue(names[0])
				if !isText(key) {
					return kit.NotFound(e.Singular)
				}
				return do(c, r, key)
			}}
			if verb == meta.Update {
				a.merges, a.changes = true, e
			}
			if verb == meta.Update || verb == meta.Delete {
				a.row = func(r *http.Request) query.Named {
					return query.Named{Entity: e, Key: r.PathValue(names[0]), Stays: verb == meta.Update}
				}
			}
			return a
		})
	}
	add(meta.Read, http.MethodGet, all, e.Plural, (*call).list)
	add(meta.Read, http.MethodGet, aggregatePath(e), e.Plural+"Aggregate", (*call).aggregate)
	add(meta.Read, http.MethodGet, one, e.Singular, (*call).get)
	add(meta.Create, http.MethodPost, all, "create"+e.Name, (*call).create)
	add(meta.Update, http.MethodPatch, one, "update"+e.Name, (*call).update)
	add(meta.Delete, http.MethodDelete, one, "delete"+e.Name, (*call).delete)
	if e.History() != nil {
		add(meta.Read, http.MethodGet, one+"/"+meta.HistoryList, e.Singular+"History", (*call).history)
	}
	if query.Restorable(e) {
		add(meta.Delete, http.MethodPost, one+"/restore", "restore"+e.Name, (*call).restore)
	}
}

func (c *call) list(r *resource, _ string) error {
	parameters, err := c.parameters()
	if err != nil {
		return err
	}
	s := &query.Select{Entity: r.entity}
	if err := c.readParameters(s, parameters); err != nil {
		return err
	}
	return c.answerList(s, parameters)
}

func (c *call) history(r *resource, key string) error {
	parameters, err := c.parameters()
	if err != nil {
		return err
	}
	s := &query.Select{Entity: r.entity.History()}
	if err := c.readParameters(s, parameters); err != nil {
		return err
	}
	var list *query.List
	err = c.read(func(ctx context.Context, tx *query.Tx) (err error) {
		list, err = tx.History(ctx, r.entity, key, s)
		return err
	})
	if err != nil {
		return err
	}
	return c.answerPage(s, parameters, list)
}

// answerList reads a page and answers with it.
func (c *call) answerList(s *query.Select, parameters url.Values) error {
	var list *query.List
	err := c.readOnly(s, func(ctx context.Context, tx *query.Tx) (err error) {
		list, err = tx.List(ctx, s)
		return err
	})
	if err != nil {
		return err
	}
	return c.answerPage(s, parameters, list)
}

// answerPage answers with a page. The links to the next one and to the one before it repeat the parameters.
func (c *call) answerPage(s *query.Select, parameters url.Values, list *query.List) error {
	link := func(name, cursor, relation string) {
		if cursor == "" {
			return
		}
		parameters.Del(paramAfter)
		parameters.Del(paramBefore)
		parameters.Set(name, cursor)
		c.w.Header().Add("Link", "<"+tenant.Prefix(c.r.Context())+c.r.URL.EscapedPath()+"?"+parameters.Encode()+`>; rel="`+relation+`"`)
	}
	next, previous := ends(list)
	link(paramAfter, next, "next")
	link(paramBefore, previous, "prev")
	page := appendPage(answers.Blank(), s, list)
	defer answers.GiveBack(page)
	return c.sendPage(page)
}

func (c *call) get(r *resource, key string) error {
	s, err := c.oneSelect(r)
	if err != nil {
		return err
	}
	var row *query.Row
	err = c.readOnly(s, func(ctx context.Context, tx *query.Tx) (err error) {
		row, err = tx.Get(ctx, s, key)
		return err
	})
	if err != nil {
		return err
	}
	answer := rowAnswer(http.StatusOK, s, row)
	defer answers.GiveBack(answer.Body)
	return c.send(answer)
}

func (c *call) create(r *resource, _ string) error {
	s, err := c.oneSelect(r)
	if err != nil {
		return err
	}
	repeated, err := replay.Read(c.r)
	if err != nil {
		return err
	}
	if err := c.conditionsOfCall(query.Exposed(r.entity, meta.Read)); err != nil {
		return err
	}
	object, err := c.body(false, "application/json")
	if err != nil {
		return err
	}
	c.tellSent(r.entity.Fields, object)
	changes, err := r.changes(object)
	if err != nil {
		return err
	}
	return c.writeOnce(repeated, true, func(ctx context.Context, tx *query.Tx, answer *replay.Answer) error {
		created := func(id kit.ID, row *query.Row) {
			*answer = replay.Answer{Status: http.StatusCreated, Body: appendID(nil, string(id))}
			if row != nil {
				*answer = rowAnswer(http.StatusCreated, s, row)
			}
			answer.Location = tenant.Prefix(ctx) + location(r.entity, s, id, row)
		}
		if query.Exposed(r.entity, meta.Read) {
			return tx.CreateLast(ctx, s, changes, func(id kit.ID, row *query.Row, err error) error {
				if err != nil && !kit.HasCode(err, kit.CodeNotFound) {
					return err
				}
				created(id, row)
				return nil
			})
		}
		id, err := tx.Create(ctx, r.entity, changes)
		if err == nil {
			created(id, nil)
		}
		return err
	})
}

func (c *call) update(r *resource, key string) error {
	s, err := c.oneSelect(r)
	if err != nil {
		return err
	}
	repeated, err := replay.Read(c.r)
	if err != nil {
		return err
	}
	conditions, err := c.conditions()
	if err != nil {
		return err
	}
	patch, err := c.body(false, patches...)
	if err != nil {
		return err
	}
	c.tellSent(r.entity.Fields, patch)
	deep := c.tx == nil && checkType(c.r.Header, []string{mergePatch}) == nil
	changes, errs := change.Patch(r.entity, patch, deep, shown)
	if errs != nil {
		return invalid(errs)
	}
	return c.writeOnce(repeated, true, func(ctx context.Context, tx *query.Tx, answer *replay.Answer) error {
		version, err := conditions.version(ctx, tx, r.entity, key)
		if err != nil {
			return err
		}
		id, err := tx.Update(ctx, r.entity, key, version, changes)
		if err != nil {
			return err
		}
		return visible(ctx, tx, s, id, func(row *query.Row) { *answer = writtenAnswer(s, row) })
	})
}

// writtenAnswer is a row that was written, or nothing where the viewer may not see it.
func writtenAnswer(s *query.Select, row *query.Row) replay.Answer {
	if row == nil {
		return replay.Answer{Status: http.StatusNoContent}
	}
	return rowAnswer(http.StatusOK, s, row)
}

func (c *call) delete(r *resource, key string) error {
	if _, err := c.onlyParameters(); err != nil {
		return err
	}
	repeated, err := replay.Read(c.r)
	if err != nil {
		return err
	}
	conditions, err := c.conditions()
	if err != nil {
		return err
	}
	return c.writeOnce(repeated, true, func(ctx context.Context, tx *query.Tx, answer *replay.Answer) error {
		version, err := conditions.version(ctx, tx, r.entity, key)
		if err != nil {
			return err
		}
		*answer = replay.Answer{Status: http.StatusNoContent}
		return tx.Delete(ctx, r.entity, key, version)
	})
}

func (c *call) restore(r *resource, key string) error {
	s, err := c.oneSelect(r)
	if err != nil {
		return err
	}
	repeated, err := replay.Read(c.r)
	if err != nil {
		return err
	}
	if err := c.conditionsOfCall(false); err != nil {
		return err
	}
	return c.writeOnce(repeated, true, func(ctx context.Context, tx *query.Tx, answer *replay.Answer) error {
		id, err := tx.Restore(ctx, r.entity, key)
		if err != nil {
			return err
		}
		return visible(ctx, tx, s, id, func(row *query.Row) { *answer = writtenAnswer(s, row) })
	})
}

// changes reads the members of a body that makes a row.
func (r *resource) changes(object input.Object) ([]query.Change, error) {
	changes, errs := change.Read(r.entity, meta.Create, object, shown)
	if errs != nil {
		return nil, invalid(errs)
	}
	return changes, nil
}

// shown tells whether callers know of a field.
func shown(e *meta.Entity, name string) bool {
	f := e.Field(name)
	return f != nil && !f.Internal
}

// visible reads a row that was just written, the last thing in its transaction; nil where the viewer may write it but not see it.
func visible(ctx context.Context, tx *query.Tx, s *query.Select, id kit.ID, found func(*query.Row)) error {
	if !query.Exposed(s.Entity, meta.Read) {
		found(nil)
		return nil
	}
	return tx.GetLast(ctx, s, string(id), func(row *query.Row, err error) error {
		if err != nil && !kit.HasCode(err, kit.CodeNotFound) {
			return err
		}
		found(row)
		return nil
	})
}

// location is the path of a row, by its key where that can be seen.
func location(e *meta.Entity, s *query.Select, id kit.ID, row *query.Row) string {
	key := string(id)
	for i, selection := range s.Fields {
		if row != nil && selection.Field.Name == e.Key && row.Values[i] != nil {
			key = input.Text(row.Values[i])
		}
	}
	return Prefix + "/" + e.Path + "/" + url.PathEscape(key)
}
