package build

import (
	"slices"

	"github.com/fettlehq/fettle/design"
	"github.com/fettlehq/fettle/model"
)

// The prelude says on which kind of definition a directive may stand; GraphQL cannot tell an entity from a value object,
// or a field from an operation. What it lets through and nothing would heed is reported here.

// entityDirectives mean something on a type only where it is a table.
var entityDirectives = []string{"allow", "unique", "index", "check", "noOverlap", "page", "history", "softDelete", "tenant", "sunset"}

// columnDirectives mean something on a field only where it is an entity's.
var columnDirectives = []string{"allow", "unique", "index", "key", "computed", "search", "flow", "inverse", "onDelete", "through", "page"}

// operationDirectives are those of operations; some of them mean nothing elsewhere.
var operationDirectives = []string{
	"allow", "where", "rest", "fails", "idempotent", "retryable", "signed", "emits", "rateLimit", "cache", "timeout", "retry",
	"on", "due", "every", "page", "internal", "deprecated", "sunset",
}

// onlyOperations are the directives that no field has.
var onlyOperations = []string{
	"where", "rest", "fails", "idempotent", "retryable", "signed", "emits", "rateLimit", "timeout", "retry", "on", "due", "every",
}

// places reports directives where they mean nothing.
func (b *builder) places() {
	for _, t := range b.design.Types {
		entity := b.entities[t.Name] != nil
		if s := b.structs[t.Name]; s != nil && b.structured[s] == t {
			b.misplaced(t.Directives, entityDirectives, "stands on an entity, and "+t.Name+" is none")
		}
		for _, f := range t.Fields {
			b.misplaced(f.Directives, onlyOperations, "is for operations, and "+f.Name+" is a field")
			if !entity {
				b.misplaced(f.Directives, columnDirectives, "stands on a field of an entity, and "+t.Name+" is none")
				if from := design.Find(f.Directives, "default").Arg("from"); from != nil {
					b.problems.Add(from.Pos, WrongPlace, "give it a value:", "only a field of an entity has a default that is reckoned")
				}
			}
		}
	}
	for _, o := range b.design.Operations {
		for _, d := range o.Directives {
			if !slices.Contains(operationDirectives, d.Name) {
				b.problems.Add(d.Pos, WrongPlace, "", "@%s is for fields, and %s is an operation", d.Name, o.Name)
			}
		}
	}
	for _, e := range b.model.Entities {
		for _, f := range e.Fields {
			if was := design.Find(b.directives(f), "was"); was != nil && f.Kind != "" && f.Column == "" {
				b.problems.Add(was.Pos, WrongPlace, "", "@was is for stored fields, and %s has no column", f.Name)
			}
			b.relational(f)
		}
	}
}

func (b *builder) misplaced(ds []*design.Directive, names []string, why string) {
	for _, d := range ds {
		if slices.Contains(names, d.Name) {
			b.problems.Add(d.Pos, WrongPlace, "", "@%s %s", d.Name, why)
		}
	}
}

// relational reports directives about relations on fields that are none.
func (b *builder) relational(f *model.Field) {
	if f.Kind == model.List || f.Kind == "" {
		return
	}
	for _, name := range []string{"inverse", "through"} {
		if d := design.Find(b.directives(f), name); d != nil {
			b.problems.Add(d.Pos, WrongPlace, "", "@%s stands on a list of entities, and %s is %s", name, f.Name, typOf(f))
		}
	}
}
