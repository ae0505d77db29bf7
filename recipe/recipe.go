// Package recipe changes designs in named ways.
//
//	sources + a recipe + what it is to be done to ─▶ edits by the places of tokens ─▶ sources
//
// A recipe is deterministic: it looks at the design, says in the design's own words what it adds, and leaves every comment
// and every line that it does not concern as it is. Applied to what it made it changes nothing. It decides what is written,
// never whether: what comes out is checked, shown and agreed to elsewhere. It never takes anything away from a design.
//
// A request in words is matched to recipes by Match, without a model and without guessing.
package recipe

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/design"
)

// Recipe is a change of a design that has a name.
type Recipe struct {
	Name    string // "soft-delete"
	Title   string // what the backend can do then, in a line
	Takes   string // its arguments, as usage: "TYPE", "TYPE.FIELD STEP..."
	Example string // of its arguments
	phrases []string

	apply func(e *editor, args []string) error
}

// Recipes are all recipes, in the order in which users see them.
var Recipes = []*Recipe{
	registration, passwordReset, roles, ownership, tenancy,
	entity, comments, tags, favorites, ratings, follows, abuseReports,
	counts, search, pagination, index, unique, bounds, upsert, slug, numbers,
	stateMachine, softDelete, history, noOverlap,
	query, operation, subscriptions,
}

// Named finds a recipe by its name.
func Named(name string) (*Recipe, error) {
	for _, r := range Recipes {
		if r.Name == strings.ToLower(name) {
			return r, nil
		}
	}
	return nil, fmt.Errorf("%s: no such recipe; there are %s", name, strings.Join(Names(), ", "))
}

// Names are the names of all recipes.
func Names() []string {
	names := make([]string, len(Recipes))
	for i, r := range Recipes {
		names[i] = r.Name
	}
	return names
}

// Result is what a recipe made of a design.
type Result struct {
	Sources []design.Source // all files, the changed and new ones among them
	Changed []string        // names of the files that differ
	Notes   []string        // what it gives and what remains to be done
}

// Apply does a recipe to a design, which must be free of mistakes. name is the backend's, for a design that does not
// exist yet. Its error says why the recipe does not fit the arguments or the design, and what would.
func Apply(sources []design.Source, name string, r *Recipe, args []string) (Result, error) {
	if len(args) > maxArgs || slices.ContainsFunc(args, func(a string) bool { return len(a) > maxArg }) {
		return Result{}, fmt.Errorf("%s: takes %s", r.Name, r.Takes)
	}
	e := open(sources, name)
	if len(e.problems) > 0 {
		return Result{}, fmt.Errorf("%s: the design has mistakes", r.Name)
	}
	e.recipe = r
	if err := r.apply(e, args); err != nil {
		return Result{}, fmt.Errorf("%s: %w", r.Name, err)
	}
	return e.result(), nil
}

// The most that a recipe is given.
const (
	maxArgs = 40
	maxArg  = 400
)
