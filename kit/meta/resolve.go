package meta

import (
	"fmt"
	"sync"
)

// resolving lets one Resolve at a time write to literals that several backends share.
var resolving sync.Mutex

// Resolve resolves the names in b and checks that its parts fit. It is called once, before the first request.
//
// The entities of a generated package are one set of literals, which every service of a process shares, as in tests that
// start several at the same time: what is resolved already is only read.
func Resolve(b *Backend) error {
	resolving.Lock()
	defer resolving.Unlock()
	b.entities = map[string]*Entity{}
	b.enums = map[string]*Enum{}
	b.structs = map[string]*Struct{}
	b.events = map[string]*Event{}
	for _, e := range b.Entities {
		b.entities[e.Name] = e
	}
	for _, e := range b.Enums {
		b.enums[e.Name] = e
	}
	for _, s := range b.Structs {
		b.structs[s.Name] = s
	}
	for _, e := range b.Entities {
		if len(e.fields) != len(e.Fields) {
			e.fields = map[string]*Field{}
			for _, f := range e.Fields {
				e.fields[f.Name] = f
			}
		}
		if err := b.linkFields(e.Name, e.Fields); err != nil {
			return err
		}
		if err := e.linkArms(); err != nil {
			return err
		}
		if e.fields[e.Key] == nil {
			return fmt.Errorf("entity %s: key %q is no field", e.Name, e.Key)
		}
	}
	if t := b.Tenant; t != nil && (b.entities[t.Entity] == nil || b.entities[t.Entity].TenantColumn == "") {
		return fmt.Errorf("tenant: no entity %q with a column of the tenant", t.Entity)
	}
	if err := b.linkHistories(); err != nil {
		return err
	}
	for _, e := range b.Entities {
		if parts := e.findParts(map[*Entity]bool{}); len(parts) != len(e.parts) {
			e.parts = parts
		}
	}
	for _, s := range b.Structs {
		if err := b.linkFields(s.Name, s.Fields); err != nil {
			return err
		}
	}
	for _, e := range b.Events {
		b.events[e.Name] = e
		if err := b.linkFields(e.Name, e.Fields); err != nil {
			return err
		}
	}
	for _, o := range append(b.Operations[:len(b.Operations):len(b.Operations)], b.Subscriptions...) {
		if err := b.linkFields(o.Name, append([]*Field{o.Result}, o.Args...)); err != nil {
			return err
		}
	}
	return nil
}

func (b *Backend) linkFields(owner string, fields []*Field) error {
	for _, f := range fields {
		switch f.Kind {
		case EnumKind:
			enum := b.enums[f.Type]
			if f.enum != enum {
				f.enum = enum
			}
			if enum == nil {
				return fmt.Errorf("%s.%s: no enum %q", owner, f.Name, f.Type)
			}
		case Reference, List:
			target := b.entities[f.Type]
			if f.target != target {
				f.target = target
			}
			if target == nil {
				return fmt.Errorf("%s.%s: no entity %q", owner, f.Name, f.Type)
			}
			if err := b.linkJoin(owner, f); err != nil {
				return err
			}
		case Value, Input:
			if f.Fields == nil {
				s := b.structs[f.Type]
				if s == nil {
					return fmt.Errorf("%s.%s: no struct %q", owner, f.Name, f.Type)
				}
				f.Fields = s.Fields
			}
			if err := b.linkFields(owner+"."+f.Name, f.Fields); err != nil {
				return err
			}
		}
	}
	return nil
}

// linkArms gives unions their references.
func (e *Entity) linkArms() error {
	for _, f := range e.Fields {
		if f.Kind != Union || f.arms != nil {
			continue
		}
		arms, parts := make([]*Field, len(f.Arms)), make([]*Field, len(f.Arms))
		for i, name := range f.Arms {
			arm := e.fields[name]
			if arm == nil || arm.Kind != Reference {
				return fmt.Errorf("%s.%s: no reference %q", e.Name, f.Name, name)
			}
			arms[i], arm.union = arm, f
			part := *arm
			part.Name = arm.target.Singular
			parts[i] = &part
		}
		f.arms, f.Fields = arms, parts
	}
	return nil
}

func (b *Backend) linkJoin(owner string, f *Field) error {
	if f.Join == nil || f.Join.Through == "" {
		return nil
	}
	link := b.entities[f.Join.Through]
	if link == nil {
		return fmt.Errorf("%s.%s: no entity %q", owner, f.Name, f.Join.Through)
	}
	if f.Join.link != link {
		f.Join.link = link
	}
	return nil
}

func (b *Backend) linkHistories() error {
	for _, e := range b.Entities {
		if e.HistoryOf == "" {
			continue
		}
		owner := b.entities[e.HistoryOf]
		if owner == nil || owner.Field(HistoryList) == nil || e.Field(HistoryRow) == nil {
			return fmt.Errorf("%s: no history of %q", e.Name, e.HistoryOf)
		}
		if e.owner != owner {
			e.owner, owner.history = owner, e
		}
	}
	return nil
}

// History returns the entity whose rows are the changes of e, nil without one.
func (e *Entity) History() *Entity { return e.history }

// Owner returns the entity whose history e is, nil where it is none.
func (e *Entity) Owner() *Entity { return e.owner }

// findParts finds PartOf. A way back to an entity that was passed leads no further.
func (e *Entity) findParts(passed map[*Entity]bool) (parts []*Field) {
	if passed[e] {
		return nil
	}
	passed[e] = true
	defer delete(passed, e)
	for _, f := range e.Fields {
		if f.Kind != Reference || f.OnDelete != Cascade || f.target == nil {
			continue
		}
		if f.target.SoftDelete && !e.SoftDelete || len(f.target.findParts(passed)) > 0 {
			parts = append(parts, f)
		}
	}
	return parts
}

// PartOf returns the references of e whose rows hide rows of e while they are deleted themselves, or hidden: those with
// Cascade. Between two entities that both keep deleted rows there are none: a row is then deleted with the other.
func (e *Entity) PartOf() []*Field { return e.parts }

// Vanishes tells whether a row of e may stand in its table and not be there.
func (e *Entity) Vanishes() bool { return e.SoftDelete || len(e.parts) > 0 }

// TenantCopy returns the column in which rows of e repeat the id of their tenant; empty where they have none, or where a
// reference to the tenant, or their own id, holds it.
func (e *Entity) TenantCopy() string {
	if e.TenantColumn == "" || e.TenantColumn == "id" {
		return ""
	}
	if by := e.fields[e.TenantBy]; by != nil && by.Column == e.TenantColumn {
		return ""
	}
	return e.TenantColumn
}

// Entity returns the entity of that name, nil without one.
func (b *Backend) Entity(name string) *Entity { return b.entities[name] }

// Enum returns the enum of that name, nil without one.
func (b *Backend) Enum(name string) *Enum { return b.enums[name] }

// Struct returns the value object or input of that name, nil without one.
func (b *Backend) Struct(name string) *Struct { return b.structs[name] }

// Event returns the event of that name, nil without one.
func (b *Backend) Event(name string) *Event { return b.events[name] }

// Field returns the field of that name, nil without one.
func (e *Entity) Field(name string) *Field { return e.fields[name] }

// Target returns the entity that a Reference or List leads to.
func (f *Field) Target() *Entity { return f.target }

// References returns the references of its entity that hold a Union, in the order of Arms.
func (f *Field) References() []*Field { return f.arms }

// Union returns the Union that a reference is an arm of, nil where it is none.
func (f *Field) Union() *Field { return f.union }

// Path is what callers call f: the member of a union by its union and its type, any other by its name.
func (f *Field) Path() string {
	if f.union == nil {
		return f.Name
	}
	return f.union.Name + "." + f.target.Singular
}

// Enum returns the enum of an EnumKind.
func (f *Field) Enum() *Enum { return f.enum }

// Link returns the entity whose rows the join table holds, nil where it holds nothing but the links.
func (j *JoinTable) Link() *Entity { return j.link }

// Stored tells whether rows of the field's own table hold its value: all do but lists, unions, whose references do, and
// what is computed.
func (f *Field) Stored() bool { return f.Kind != List && f.Kind != Union && !f.IsComputed() }

// IsComputed tells whether the field is worked out where it is read, and so not set.
func (f *Field) IsComputed() bool { return f.Computed != nil || f.Method }

// Columns returns the fields of e that are stored in its own table, references as ids, in order.
func (e *Entity) Columns() []*Field {
	columns := make([]*Field, 0, len(e.Fields))
	for _, f := range e.Fields {
		if f.Stored() {
			columns = append(columns, f)
		}
	}
	return columns
}

// Searched returns the fields whose words form the document of e that is searched, in order; none where it has no search.
func (e *Entity) Searched() []*Field {
	var searched []*Field
	for _, f := range e.Fields {
		if f.Search {
			searched = append(searched, f)
		}
	}
	return searched
}

// Of returns the rules of a verb.
func (a *Allow) Of(v Verb) []Rule {
	switch v {
	case Read:
		return a.Read
	case Create:
		return a.Create
	case Update:
		return a.Update
	}
	return a.Delete
}
