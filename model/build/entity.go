package build

import (
	"regexp"
	"strings"

	"github.com/fettlehq/fettle/design"
	"github.com/fettlehq/fettle/model"
)

// declareTypes makes the modules and, without their fields, the named types.
func (b *builder) declareTypes() {
	for _, m := range b.design.Modules {
		made := &model.Module{Name: m.Name, Doc: m.Doc}
		b.contexts[m] = made
		b.model.Modules = append(b.model.Modules, made)
	}
	for _, t := range b.design.Types {
		b.declareType(t)
	}
	b.shareShapes()
	b.tablesDiffer()
}

func (b *builder) declareType(t *design.Type) {
	if b.taken(t.Name) {
		return // the parser reports it
	}
	module := b.contexts[t.Module]
	if module == nil {
		module = &model.Module{}
	}
	switch {
	case t.Kind == design.Scalar:
		b.declareScalar(t)
	case t.Kind == design.Enum:
		e := &model.Enum{Pos: t.Pos, Name: t.Name, Doc: t.Doc, Module: module}
		if was := design.Find(t.Directives, "was").Arg("name"); was != nil {
			e.Former = was.Text
		}
		for _, v := range t.Values {
			value := model.EnumValue{Name: v.Name, Doc: v.Doc, Deprecated: b.deprecated(v.Directives), Sunset: b.sunset(v.Name, v.Directives)}
			if was := design.Find(v.Directives, "was").Arg("name"); was != nil {
				value.Former = was.Text
			}
			e.Values = append(e.Values, value)
		}
		b.enums[t.Name] = e
		module.Enums = append(module.Enums, e)
	case t.Kind == design.Interface:
		b.declareInterface(t)
	case t.Kind == design.Union:
		b.unions[t.Name] = t
		b.joined[t] = &model.UnionType{Pos: t.Pos, Name: t.Name, Doc: t.Doc, Module: module}
		module.Unions = append(module.Unions, b.joined[t])
	case t.Kind == design.Object && design.Find(t.Directives, "entity") != nil:
		e := b.declareEntity(t, module)
		module.Entities = append(module.Entities, e)
	case t.Kind == design.Object || t.Kind == design.Input:
		s := &model.Struct{Pos: t.Pos, Name: t.Name, Doc: t.Doc, Module: module}
		b.structs[t.Name] = s
		b.structured[s] = t
		switch {
		case t.Kind == design.Input:
			module.Inputs = append(module.Inputs, s)
		case design.Find(t.Directives, "event") != nil:
			e := &model.Event{Pos: t.Pos, Name: t.Name, Doc: t.Doc, Module: module}
			b.events[t.Name] = e
			module.Events = append(module.Events, e)
		default:
			module.Values = append(module.Values, s)
		}
	}
}

func (b *builder) taken(name string) bool {
	return b.entities[name] != nil || b.enums[name] != nil || b.structs[name] != nil || b.scalars[name] != nil || b.unions[name] != nil || b.shapes[name] != nil
}

func (b *builder) declareScalar(t *design.Type) {
	s := &model.Scalar{Pos: t.Pos, Name: t.Name, Doc: t.Doc}
	if pattern := design.Find(t.Directives, "format").Arg("pattern"); pattern != nil {
		s.Pattern = pattern.Text
		b.checkPattern(pattern)
	}
	b.scalars[t.Name] = s
	b.model.Scalars = append(b.model.Scalars, s)
}

// checkPattern reports a pattern that is no RE2.
func (b *builder) checkPattern(v *design.Value) {
	if _, err := regexp.Compile(v.Text); err != nil {
		b.problems.Add(v.Pos, BadPattern, "", "%q is no pattern: %s", v.Text, patternMistake(err))
	}
}

func (b *builder) declareEntity(t *design.Type, module *model.Module) *model.Entity {
	e := &model.Entity{
		Pos:      t.Pos,
		Name:     t.Name,
		Singular: lowerCamel(t.Name),
		Doc:      t.Doc,
		Module:   module,
		Internal: design.Find(t.Directives, "internal") != nil,
		Page:     model.Page{Size: 20, Max: 100},
	}
	e.Plural = Plural(e.Singular)
	if written := design.Find(t.Directives, "entity").Arg("plural"); written != nil {
		e.Plural = written.Text
		if e.Plural == e.Singular {
			b.problems.Add(written.Pos, NamesClash, "", "the plural of %s is also the name of one: %q", e.Name, e.Plural)
		}
	}
	e.Path = kebab(e.Plural)
	e.Table = snake(e.Plural)
	if written := design.Find(t.Directives, "db").Arg("name"); written != nil {
		e.Table = written.Text
	}
	if was := design.Find(t.Directives, "was").Arg("name"); was != nil {
		e.Was, e.Former = snake(Plural(lowerCamel(was.Text))), was.Text
	}
	b.tableStands(t.Pos, "the table of "+e.Name, e.Table)
	b.ends(e, t)
	b.entities[t.Name] = e
	b.declared[e] = t
	b.model.Entities = append(b.model.Entities, e)
	return e
}

// runtimeTables are not for entities.
var runtimeTables = map[string]bool{
	"idempotency_keys": true, "number_counters": true, "outbox": true, "account_credentials": true, "account_sessions": true, "account_tokens": true, "goose_db_version": true,
}

func (b *builder) tablesDiffer() {
	tables := map[string]*model.Entity{}
	for _, e := range b.model.Entities {
		switch other := tables[strings.ToLower(e.Table)]; {
		case runtimeTables[strings.ToLower(e.Table)]:
			b.problems.Add(e.Pos, NamesClash, "give it another name with @db", "table %s of %s is the runtime's own", e.Table, e.Name)
		case other != nil && other.Plural == e.Plural && !other.Internal && !e.Internal && e.Table == snake(e.Plural) && other.Table == e.Table:
			// One of them is told to have another plural, which its table follows: see doors.
		case other != nil:
			b.problems.Add(e.Pos, NamesClash, "give one of them another name with @db", "%s and %s would share table %s", other.Name, e.Name, e.Table)
		default:
			tables[strings.ToLower(e.Table)] = e // SQLite knows no other case
		}
	}
}

func patternMistake(err error) string {
	if e, ok := err.(interface{ Unwrap() error }); ok && e.Unwrap() != nil {
		return e.Unwrap().Error()
	}
	const prefix = "error parsing regexp: "
	if s := err.Error(); len(s) > len(prefix) && s[:len(prefix)] == prefix {
		return s[len(prefix):]
	}
	return err.Error()
}
