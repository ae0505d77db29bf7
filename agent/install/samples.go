package install

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/model"
	"github.com/fettlehq/fettle/pipeline"
	"github.com/fettlehq/fettle/recipe"
)

// samples are the names in the commands that texts quote: of the project's own design, so that the commands work there. For what its
// design has nothing, and in a project without one, a word in capitals stands.
type samples struct {
	Row        string // an entity
	List       string // the same, in words
	Query      string // of its list
	SoftDelete string // arguments of recipes, from here on
	Ownership  string
	Index      string
	Unique     string
	Entity     string
	Roles      string
}

// samplesOf finds the names for the project in a folder. What a recipe is given has been tried: it applies there.
func samplesOf(dir string) samples {
	s := samples{
		Row: "ENTITY", List: "ENTITY", Query: "QUERY", SoftDelete: "ENTITY", Ownership: "ENTITY", Index: "ENTITY.FIELD", Unique: "ENTITY.FIELD",
		Entity: "shelves/Book title:String! pages:Int", Roles: "MEMBER ADMIN",
	}
	e, err := pipeline.Open(dir)
	if err != nil || e.Model == nil || len(e.Problems) > 0 {
		return s
	}
	var names, single, pairs, alone []string // of entities; a field of each with its time of creation, two of its fields, a text
	for _, one := range listed(e.Model) {
		names = append(names, one.Name)
		fields := fieldsOf(one)
		for i, f := range fields {
			single = append(single, fmt.Sprintf("%s.%s %[1]s.createdAt", one.Name, f))
			for _, other := range fields[:i] {
				pairs = append(pairs, fmt.Sprintf("%s.%s %[1]s.%[3]s", one.Name, other, f))
			}
		}
		for _, f := range one.Fields {
			if f.Kind == model.String && slices.Contains(fields, f.Name) {
				alone = append(alone, one.Name+"."+f.Name)
			}
		}
		if s.Row == "ENTITY" {
			s.Row, s.List, s.Query = one.Name, strings.ToLower(recipe.Spoken(one.Name)), pipeline.ListQuery(one)
		}
	}
	s.SoftDelete = fitting(e, "soft-delete", names, s.SoftDelete)
	s.Ownership = fitting(e, "ownership", names, s.Ownership)
	s.Index = fitting(e, "index", single, s.Index)
	s.Unique = fitting(e, "unique", slices.Concat(pairs[:min(len(pairs), maxTried/2)], alone), s.Unique)
	s.Entity = fitting(e, "entity", []string{s.Entity, "shelves/Sample title:String! pages:Int"}, s.Entity)
	s.Roles = fitting(e, "roles", []string{s.Roles, ""}, s.Roles)
	return s
}

// listed are the entities whose lists may be read at the doors, those with the most fields first: they are what the service is about. That
// of the account is last: few recipes are for it.
func listed(m *model.Model) []*model.Entity {
	var out []*model.Entity
	for _, e := range m.Entities {
		if !e.Internal && len(e.Allow.Read) > 0 && e.TenantColumn == "" && !slices.Contains(e.Replaced, e.Plural) {
			out = append(out, e)
		}
	}
	slices.SortStableFunc(out, func(a, b *model.Entity) int { return rank(m, a) - rank(m, b) })
	return out
}

func rank(m *model.Model, e *model.Entity) int {
	if m.Account != nil && m.Account.Entity == e {
		return 1
	}
	return -len(e.Fields)
}

// fieldsOf are the fields of an entity that an index may begin with, those by which rows are picked first.
func fieldsOf(e *model.Entity) (names []string) {
	var others []string
	for _, f := range e.Fields {
		alone := slices.ContainsFunc(e.Uniques, func(u *model.Unique) bool { return len(u.Fields) == 1 && u.Fields[0] == f })
		if !f.Stored() || f.Auto || f.Internal || f.WriteOnly || alone {
			continue
		}
		switch f.Kind {
		case model.EnumKind, model.Ref, model.Boolean, model.Date:
			names = append(names, f.Name)
		case model.String, model.Int, model.DateTime:
			others = append(others, f.Name)
		}
	}
	return append(names, others...)
}

// fitting is the first of some arguments with which a recipe changes the design and nothing is wrong with what comes out; else the first
// with which it finds all there already; else what is given.
func fitting(e *pipeline.Edited, name string, candidates []string, otherwise string) string {
	r, err := recipe.Named(name)
	if err != nil {
		panic(fmt.Sprintf("recipe %s: %v", name, err)) // it stands in our texts
	}
	there := -1
	for i, args := range candidates[:min(len(candidates), maxTried)] {
		switch next, err := e.Add(r, strings.Fields(args)); {
		case err != nil || len(next.Problems) > 0:
		case next.Hash != "":
			return args
		case there < 0:
			there = i
		}
	}
	if there >= 0 {
		return candidates[there]
	}
	return otherwise
}

// maxTried is how many arguments of a recipe are tried: the design is checked for each.
const maxTried = 100

// coming tells of what no recipe does whether one can have it: in a word where it is to come, else how.
func coming(name string) (string, error) {
	for _, w := range pipeline.WaitingRecipes() {
		switch {
		case w.Name != name:
		case w.Built:
			return "are written in the design by hand", nil
		default:
			return "are still to come", nil
		}
	}
	return "", fmt.Errorf("%s: is nothing that is still to come", name)
}
