package query

import (
	"context"
	"fmt"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/meta"
)

// In a transaction that has a tenant the others do not exist: every table of what belongs to tenants is narrowed to this
// one's rows where living.go names it, in rules and computed fields too, whether policies apply or not. A transaction
// without one reads the rows of all tenants for which the condition of @tenant(when:) holds.
//
// What is stored keeps it so. A row carries the id of its tenant, foreign keys between rows of tenants compare it, and it
// is written once: so no row comes to refer to one of another tenant, whoever writes.

// choose finds the tenant that the viewer names: one that he may read, else the problem NOT_FOUND, whether there is one or
// not.
func (t *Tx) choose(ctx context.Context) error {
	if t.viewer.Tenant == "" {
		return nil
	}
	e := t.engine.tenant
	if e == nil {
		return kit.NotFound("tenant")
	}
	missing := kit.NotFound(e.Singular)
	v, value, ok := addressed(e, t.viewer.Tenant)
	if !ok || len(e.Allow.Read) == 0 {
		return missing
	}
	rows, err := t.rows(ctx, &Select{Entity: e}, v, value)
	switch {
	case err != nil:
		return err
	case len(rows) == 0:
		return missing
	}
	t.tenant = string(rows[0].ID)
	t.state.statements = 0 // a budget is for what is done there
	return nil
}

// byTenant says how a statement finds the tenant: its id is known, or it is looked up by its id or key.
type byTenant uint8

const (
	knownTenant byTenant = iota
	tenantByID
	tenantByKey
)

// expect lets the next statement find the tenant itself: a row that it brings proves that the viewer may see the tenant, and
// only where it brings none does prove ask. So a read takes one round trip.
func (t *Tx) expect(ctx context.Context) error {
	e := t.engine.tenant
	if t.viewer.Tenant == "" {
		return nil
	}
	_, value, ok := addressed(e, t.viewer.Tenant)
	text, isText := value.(string)
	if !ok || len(e.Allow.Read) == 0 {
		return kit.NotFound(e.Singular)
	}
	if !isText {
		return t.choose(ctx)
	}
	t.sought = text
	return nil
}

// prove finds the tenant where nothing has shown so far that there is one.
func (t *Tx) prove(ctx context.Context) error {
	if t.sought == "" {
		return nil
	}
	t.sought = ""
	return t.choose(ctx)
}

func (t *Tx) inTenant() bool { return t.tenant != "" || t.sought != "" }

func (t *Tx) seeks() byTenant {
	if t.sought == "" {
		return knownTenant
	}
	if _, isID := canonicalID(t.sought); isID {
		return tenantByID
	}
	return tenantByKey
}

// Tenant is the tenant in which the transaction reads and writes, empty where the request names none, and in a Read that is
// Single, whose statement finds it.
func (t *Tx) Tenant() kit.ID { return kit.ID(t.tenant) }

// within is the same transaction in a tenant.
func (t *Tx) within(tenant string) *Tx {
	inside := *t
	inside.tenant = tenant
	return &inside
}

// confines tells whether of e only the rows of one tenant are there.
func (r *renderer) confines(e *meta.Entity) bool { return r.tenant && e.TenantColumn != "" }

// tenantParam is the id of the tenant of the transaction.
func (r *renderer) tenantParam() string {
	if r.seeks != knownTenant {
		return r.seek()
	}
	return r.param(param{source: tenantSource, typ: typ{kind: meta.ID}})
}

// seek selects the id of the tenant that the viewer names, if he may see it.
func (r *renderer) seek() string {
	if r.seeking == "" {
		e := r.backend.Entity(r.backend.Tenant.Entity)
		row := &scope{entity: e, alias: r.alias("w")}
		plain := *r
		r.tenant, r.system = false, false
		given := func(t typ) string { return r.param(param{source: soughtSource, typ: t}) }
		named := row.alias + ".id = " + given(typ{kind: meta.ID}) + r.cast(meta.ID)
		if r.seeks == tenantByKey {
			named = hasKey(row, given(fieldType(e.Field(e.Key))))
		}
		where := conjunction(named, r.policy(e, meta.Read, row))
		r.seeking = "(SELECT " + row.alias + ".id FROM " + r.table(row) + " WHERE " + where + ")"
		r.tenant, r.system = plain.tenant, plain.system
	}
	return r.seeking
}

// ofSeenTenant is the condition that the row s belongs to a tenant whose rows are seen where none is chosen.
func (r *renderer) ofSeenTenant(s *scope) string {
	t := r.backend.Tenant
	if t == nil || s.entity.TenantColumn == "" || s.entity.Name == t.Entity || s.entity.HistoryOf != "" || r.tenant || r.system || s.bound != nil {
		return sqlTrue
	}
	s.used = true
	row := &scope{entity: r.backend.Entity(t.Entity), alias: r.alias("r")}
	return r.isThere(row, s.alias+"."+ident(s.entity.TenantColumn), r.cond(t.When, inside(row), false))
}

// ofOneTenant is the condition that all rows like s that the viewer may see belong to one tenant. A key is one's own in each:
// where none is chosen, what it names in several it names in none.
func (r *renderer) ofOneTenant(s *scope, alike func(other *scope) string) string {
	if one := r.amongTenants(s, alike, "= 1"); one != "" {
		return one
	}
	return sqlTrue
}

// amongTenants compares in how many tenants rows like s are that the viewer may see; empty where it does not matter.
func (r *renderer) amongTenants(s *scope, alike func(other *scope) string, compared string) string {
	if r.tenant || s.entity.TenantColumn == "" || s.entity.Name == r.backend.Tenant.Entity {
		return ""
	}
	other := &scope{entity: s.entity, alias: r.alias("r"), fate: s.fate}
	if s.fate == deleted {
		defer func(back string) { r.back = back }(r.back)
		r.back = other.alias + "." + meta.DeletedAt
	}
	where := conjunction(alike(other), r.policy(s.entity, meta.Read, other))
	return "(SELECT count(DISTINCT " + other.alias + "." + ident(s.entity.TenantColumn) + ") FROM " + r.table(other) + " WHERE " + where + ") " + compared
}

// absent tells whether the row that a reference of a row of from leads to may not be there. A row of a tenant refers to rows
// of the same one alone. A history outlives the rows that it names.
func (r *renderer) absent(from, target *meta.Entity) bool {
	return from != nil && from.HistoryOf != "" || target.Vanishes() || r.confines(target) && !akin(from, target)
}

// akin tells whether rows of from and of target that refer to each other belong to one tenant. A tenant may refer to another.
func akin(from, target *meta.Entity) bool {
	return from != nil && from.TenantColumn != "" && target.TenantColumn != "" && !(from == target && from.TenantColumn == "id")
}

// refers is the entity of the row at hand of which x is a reference; nil where x is something else.
func (e env) refers(x *meta.Expr) *meta.Entity {
	if x.Op != meta.OpGet || len(x.Path) != 1 || x.Root == meta.RootViewer || x.Root == meta.RootArg {
		return nil
	}
	row := e.rowOf(x)
	if row == nil {
		return nil
	}
	return row.entity
}

// settle finds out to which tenant a new row belongs: to that of the transaction, or else to that of the row by which it
// belongs to one, or else to the new tenant with which it is made. From then on the write sees no other.
func (w *write) settle(ctx context.Context) error {
	e, tenant := w.entity, w.tx.engine.tenant
	if e.TenantColumn == "" {
		return nil
	}
	if e == tenant {
		if w.tx.tenant != "" {
			return &kit.Problem{Code: kit.CodeForbidden, Status: 403, Detail: "A new " + e.Singular + " is made where none is named."}
		}
		return nil
	}
	f := e.Field(e.TenantBy)
	if w.tx.tenant != "" {
		if w.values[f] == nil && f.Target() == tenant {
			w.values[f] = w.tx.tenant
			w.trust[f] = true
		}
		return nil
	}
	asks := w.tx
	if w.values[f] == nil && f.Default != nil {
		value, err := w.evaluate(ctx, f.Default, f)
		if err != nil {
			return fmt.Errorf("%s.%s: default: %w", e.Name, f.Name, err)
		}
		if value != nil {
			w.values[f], w.trust[f], asks = value, true, w.tx.System()
		}
	}
	if w.values[f] == nil && w.of != nil && w.of.by.Target() == tenant {
		w.tx = w.tx.within(string(w.of.id))
		if f.Target() == tenant {
			w.values[f], w.trust[f] = string(w.of.id), true
		}
		return nil
	}
	text, ok := w.values[f].(string)
	if !ok {
		return nil // it is required
	}
	found, err := asks.tenantOf(ctx, named{target: f.Target(), text: text})
	switch {
	case err != nil:
		return err
	case found == "":
		named{target: f.Target(), path: f.Name}.miss(&w.wrong)
		return w.wrong.problem()
	}
	w.tx = w.tx.within(found)
	return nil
}

// tenantOf is the id of the tenant of a row that the viewer may see, empty without one.
func (t *Tx) tenantOf(ctx context.Context, n named) (string, error) {
	kind, value, ok := addressed(n.target, n.text)
	if !ok {
		return "", nil
	}
	p := &planner{renderer: t.renderer()}
	row := &scope{entity: n.target, alias: "r"}
	where := conjunction(p.address(row, kind), p.policy(n.target, meta.Read, row))
	if where == sqlFalse {
		return "", nil
	}
	sql, params := finish("SELECT r."+ident(n.target.TenantColumn)+" FROM "+p.table(row)+" WHERE "+where, p.params)
	cells := []cell{{class: textClass}}
	found, err := t.one(ctx, sql, params, []any{value}, cells)
	if err != nil || !found {
		return "", err
	}
	return *cells[0].text, nil
}
