// Package build makes the model of a backend from its design.
//
//	Design ─▶ types ─▶ relations ─▶ operations ─▶ expressions ─▶ constraints ─▶ rules ─▶ doors ─▶ Model ─▶ Schema
//
// It is the only place that knows what a design means, and the only one that knows CEL: expressions leave it as
// model.Expr. What an output could not express is a diagnostic here, so that emitters decide nothing. It opens no file
// and knows no dialect but the two in which a constraint on one row is written.
package build

import (
	"slices"

	"github.com/fettlehq/fettle/design"
	"github.com/fettlehq/fettle/diag"
	"github.com/fettlehq/fettle/model"
)

// Model says what a design means. The model is complete only when problems is still empty; otherwise it holds what
// could be understood.
func Model(d *design.Design, problems *diag.List) *model.Model {
	b := newBuilder(d, problems)
	b.declareTypes()    // entity.go
	b.declareFields()   // field.go
	b.places()          // place.go
	b.relate()          // relation.go
	b.lifetimes()       // lifetime.go
	b.tenancy()         // tenant.go
	b.constrainFields() // constraint.go
	b.search()          // search.go
	b.account()         // account.go
	b.operations()      // operation.go
	b.emissions()       // event.go
	b.expressions()     // expression.go
	b.flows()           // flow.go
	b.registration()    // account.go
	b.constrainTypes()  // index.go
	b.scans()           // scan.go
	if b.cycles() {     // cycle.go
		b.keepSignedOutOut() // signedout.go
		b.keepFromGrowing()  // escalation.go
		b.certain()          // certain.go
	}
	b.keepSecrets() // reveal.go
	b.histories()   // history.go
	b.leadsToEnds() // deprecation.go
	b.doors()       // door.go
	b.parts()       // parts.go
	b.modules()     // module.go
	return b.model
}

// builder carries what the passes learn about one design.
type builder struct {
	design   *design.Design
	problems *diag.List
	model    *model.Model

	contexts map[*design.Module]*model.Module
	entities map[string]*model.Entity
	enums    map[string]*model.Enum
	structs  map[string]*model.Struct // value objects, inputs and events
	scalars  map[string]*model.Scalar
	unions   map[string]*design.Type
	shapes   map[string]*model.Interface
	joined   map[*design.Type]*model.UnionType // of unions
	events   map[string]*model.Event

	declared   map[*model.Entity]*design.Type
	structured map[*model.Struct]*design.Type
	written    map[*model.Field]*design.Field // as the design has it; automatic fields are not there
	made       map[*design.Operation]*model.Operation
	arguments  map[*design.Operation][]*model.Field

	env      *celEnv
	computed map[*model.Field]bool           // whose @computed(from:) has been lowered
	names    map[string]bool                 // of indexes
	broken   map[*model.Field]bool           // part of which the parser reported and left out
	touched  map[*model.Expr][]touch         // what each expression reaches on its way
	asked    map[*model.Expr][]*model.Entity // of each Can, the entities whose rules it asks
	rules    []ruleSite
}

func newBuilder(d *design.Design, problems *diag.List) *builder {
	return &builder{
		design:     d,
		problems:   problems,
		model:      &model.Model{Name: d.Backend.Name, GoModule: d.Backend.Module, Clients: clients(d.Backend), Subgraph: isTrue(d.Backend.Subgraph)},
		contexts:   map[*design.Module]*model.Module{},
		entities:   map[string]*model.Entity{},
		enums:      map[string]*model.Enum{},
		structs:    map[string]*model.Struct{},
		scalars:    map[string]*model.Scalar{},
		unions:     map[string]*design.Type{},
		shapes:     map[string]*model.Interface{},
		joined:     map[*design.Type]*model.UnionType{},
		events:     map[string]*model.Event{},
		declared:   map[*model.Entity]*design.Type{},
		structured: map[*model.Struct]*design.Type{},
		written:    map[*model.Field]*design.Field{},
		made:       map[*design.Operation]*model.Operation{},
		arguments:  map[*design.Operation][]*model.Field{},
		computed:   map[*model.Field]bool{},
		names:      map[string]bool{},
		broken:     map[*model.Field]bool{},
		asked:      map[*model.Expr][]*model.Entity{},
		touched:    map[*model.Expr][]touch{},
	}
}

// clients are the languages in which clients are written, each once.
func clients(b design.Backend) []model.ClientLanguage {
	var out []model.ClientLanguage
	for _, name := range b.Clients {
		if language := model.ClientLanguage(name.Text); !slices.Contains(out, language) {
			out = append(out, language)
		}
	}
	return out
}

// directives returns the directives of a field, none of an automatic one.
func (b *builder) directives(f *model.Field) []*design.Directive {
	if written := b.written[f]; written != nil {
		return written.Directives
	}
	return nil
}

// find returns the field of that name, nil without.
func find(fields []*model.Field, name string) *model.Field {
	for _, f := range fields {
		if f.Name == name {
			return f
		}
	}
	return nil
}
