package build

import (
	"fmt"
	"slices"

	"github.com/fettlehq/fettle/design"
	"github.com/fettlehq/fettle/model"
)

// copiedTenant is the column of a table that repeats the id of the tenant.
const copiedTenant = "tenant_id"

// tenancy reads @tenant and finds what belongs to tenants: whatever reaches the tenant by references that are required. A row
// may reach it in several ways; that all lead to the same tenant is seen to by foreign keys, and by the writes.
func (b *builder) tenancy() {
	for _, e := range b.model.Entities {
		d := design.Find(b.declared[e].Directives, "tenant")
		switch {
		case d == nil:
		case b.model.Tenant != nil:
			b.problems.Add(d.Pos, BadTenant, "leave one of them out", "%s is the tenant already: there is one kind of customer", b.model.Tenant.Entity.Name)
		default:
			t := &model.Tenant{Entity: e, By: model.ByPath}
			if by := d.Arg("by"); by != nil {
				t.By = model.TenantBy(by.Text)
			}
			b.model.Tenant = t
		}
	}
	if b.model.Tenant == nil {
		return
	}
	tenant := b.model.Tenant.Entity
	tenant.TenantColumn = "id"
	for layer := []*model.Entity{tenant}; len(layer) > 0; {
		layer = b.insideBy(layer)
	}
	for _, e := range b.model.Entities {
		for _, f := range e.Fields {
			if f.Join != nil {
				f.Join.Tenant = joinTenant(tenant, e, f)
			}
			if e.TenantColumn == "" && f.Kind == model.Union && !f.Null && len(f.Arms) > 0 && !slices.ContainsFunc(f.Arms, func(arm *model.Field) bool { return arm.Target.TenantColumn == "" }) {
				b.problems.Add(f.Pos, BadTenant, fmt.Sprintf("give it a reference too: %s: %s!", tenant.Singular, tenant.Name), "%s of %s is a row of a tenant, whichever it is, and %s belongs to none: a union says of no one row that it is required", f.Name, e.Name, e.Name)
			}
		}
	}
}

// insideBy lets what refers to an entity of a layer, and to none nearer to the tenant, belong to tenants, and returns it.
func (b *builder) insideBy(layer []*model.Entity) (next []*model.Entity) {
	within := map[*model.Entity]bool{}
	for _, e := range layer {
		within[e] = true
	}
	for _, e := range b.model.Entities {
		if e.TenantColumn != "" {
			continue
		}
		for _, f := range e.Fields {
			if f.Kind != model.Ref || f.Null || isComputed(f) || !within[f.Target] {
				continue
			}
			if e.TenantBy == nil {
				e.TenantBy = f
			} else if f.Target.TenantColumn == "id" {
				b.problems.Add(f.Pos, BadTenant, fmt.Sprintf("let one of them be optional: %s: %s", f.Name, f.Target.Name), "%s refers to the tenant by %s and by %s: a row belongs to one", e.Name, e.TenantBy.Name, f.Name)
			}
		}
		if e.TenantBy != nil {
			next = append(next, e)
		}
	}
	for _, e := range next {
		b.belongs(e)
	}
	return next
}

// belongs gives an entity its column of the tenant.
func (b *builder) belongs(e *model.Entity) {
	e.TenantColumn = copiedTenant
	if e.TenantBy.Target.TenantColumn == "id" {
		e.TenantColumn = e.TenantBy.Column
		e.TenantBy.Tenant = true
		e.TenantBy.Immutable = true
		return
	}
	for _, f := range e.Fields {
		b.ownColumn(e, f, copiedTenant, "the tenant of a row")
	}
}

// joinTenant is the column of the tenant in the table of a many-to-many relation.
func joinTenant(tenant, e *model.Entity, f *model.Field) string {
	switch {
	case e.TenantColumn == "" || f.Target == nil || f.Target.TenantColumn == "" || e == tenant && f.Target == tenant || f.Through != nil:
		return ""
	case e == tenant:
		return f.Join.From
	case f.Target == tenant:
		return f.Join.To
	}
	return copiedTenant
}

// seenTenants lowers the condition of @tenant(when:), and looks whether requests can name a tenant at all.
func (b *builder) seenTenants() {
	t := b.model.Tenant
	if t == nil {
		return
	}
	d := design.Find(b.declared[t.Entity].Directives, "tenant")
	if when := d.Arg("when"); when != nil {
		t.When = b.compile(when, scope{entity: t.Entity}, boolean)
	}
	if len(t.Entity.Allow.Read) == 0 {
		b.problems.Add(d.Pos, BadTenant, "say on "+t.Entity.Name+" who may READ", "nobody may read %s, so no request can name one", t.Entity.Plural)
	}
	if a := b.model.Account; a != nil && a.Entity.TenantColumn != "" {
		b.problems.Add(d.Pos, BadTenant, "link people to tenants by an entity of its own: a membership", "%s signs in before a tenant is named, so it cannot belong to one", a.Entity.Name)
	}
}
