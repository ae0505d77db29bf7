package assess

import (
	"fmt"
	"slices"
	"strings"
)

// brief is what somebody follows who adds code: where it goes, and an example of each step to imitate.
func brief(r *Report, generated bool) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Adding code to %s\n\n", r.Name)
	fmt.Fprintf(&b, "%s, %s, %s, %s.\n", counted(r.Summary.Lines, "line", "lines"), counted(len(r.Modules), "module", "modules"), counted(r.Summary.Routes, "route", "routes"), counted(r.Summary.Tables, "table", "tables"))
	if generated {
		b.WriteString(ofADesign)
	}
	if model := exemplar(r); model != nil && !generated {
		fmt.Fprintf(&b, "\n## A route to imitate\n\n`%s`\n\n", model)
		fmt.Fprintf(&b, "1. It is registered at `%s:%d`%s.\n", model.At.File, model.At.Line, behind(model))
		fmt.Fprintf(&b, "2. `%s` answers it, at `%s:%d`.\n", model.Handler, model.Of.File, model.Of.Line)
		for i, q := range model.Queries {
			if i == 3 {
				break
			}
			fmt.Fprintf(&b, "%d. `%s` asks the database, at `%s:%d`: `%s`\n", 3+i, q.In, q.At.File, q.At.Line, strings.ReplaceAll(q.Text, "`", "'"))
		}
	}
	b.WriteString("\n## What the code does alike\n\n")
	for _, c := range r.Conventions {
		fmt.Fprintf(&b, "- **%s**: %s.\n", c.Topic, c.Text)
	}
	if layers := direction(r); layers != "" {
		fmt.Fprintf(&b, "\n## Who may depend on whom\n\n%s", layers)
	}
	if len(r.Entities) > 0 && !generated {
		b.WriteString("\n## Who writes which table\n\n")
		owners(&b, r)
	}
	b.WriteString("\n## Before it lands\n\n")
	if generated {
		b.WriteString(beforeItLands)
		return b.String()
	}
	for _, line := range checks(r) {
		fmt.Fprintf(&b, "- %s\n", line)
	}
	return b.String()
}

// What holds of a service that follows from a design.
const (
	ofADesign = `
## The design comes first

` + "`design/*.graphql`" + ` says what there is: types, rules, operations. Change it (` + "`fettle add`" + ` lists recipes), then ` + "`fettle check`" + ` and ` + "`fettle generate`" + `:
tables, migrations, routes and typed stores follow. Nobody edits what it writes: ` + "`*.gen.go`, `api/`, `app/`, `migrations/`" + `. Who may do what is
` + "`@allow`" + ` in the design. What people write is the Go of the operations, ` + "`MODULE/*.go`" + `, and their tests; what follows is about that.
`
	beforeItLands = "- `fettle check`, `fettle generate --check` and `fettle test` are clean.\n" +
		"- `fettle review --since REVISION` tells what the change brings.\n" +
		"- `fettle migrate --dry-run` shows what it does to the tables, and that it loses nothing.\n" +
		"- A new operation has a test of what its Go does.\n"
)

// exemplar is a route that shows most of what a new one needs: guarded, tested, with few queries.
func exemplar(r *Report) *Route {
	var best *Route
	score := func(route *Route) int {
		s := 0
		if route.Access == Guarded {
			s += 4
		}
		if route.Tested {
			s += 2
		}
		if n := len(route.Queries); n > 0 && n <= 4 {
			s += 5
		}
		if route.Cost.Writes > 0 {
			s++
		}
		if route.Cost.PerItem > 0 {
			s -= 3
		}
		return s
	}
	for _, route := range r.Routes {
		if route.Handler != "" && (best == nil || score(route) > score(best)) {
			best = route
		}
	}
	return best
}

func behind(route *Route) string {
	var names []string
	for _, g := range route.Guards {
		names = append(names, "`"+strings.ReplaceAll(g.Name, "`", "'")+"`")
	}
	if len(names) == 0 {
		return ""
	}
	return ", behind " + strings.Join(names, ", ")
}

// direction says which modules stand above which.
func direction(r *Report) string {
	if len(r.Modules) < 3 {
		return ""
	}
	var b strings.Builder
	b.WriteString("Each line may import those below it, and nothing above.\n\n")
	for i, layer := range r.Layers {
		fmt.Fprintf(&b, "%d. %s\n", i+1, strings.Join(layer, ", "))
	}
	for _, circle := range r.Cycles {
		fmt.Fprintf(&b, "\nThe circle of %s is there and no example.\n", strings.Join(circle, ", "))
	}
	return b.String()
}

func owners(b *strings.Builder, r *Report) {
	const most = 30
	written := 0
	for _, e := range r.Entities {
		if len(e.Writes) == 0 {
			continue
		}
		if written++; written > most {
			continue
		}
		fmt.Fprintf(b, "- `%s`: %s\n", e.Table, strings.Join(e.Writes, ", "))
	}
	if written == 0 {
		b.WriteString("No statement that writes was understood.\n")
	} else if written > most {
		fmt.Fprintf(b, "- and %d more\n", written-most)
	}
}

// checks are what to look at before a change lands, from what was found.
func checks(r *Report) []string {
	out := []string{"`fettle review --since REVISION` tells what the change brings."}
	if slices.ContainsFunc(r.Routes, func(route *Route) bool { return route.Access != Open }) {
		out = append(out, "A new route looks at who is calling, as its neighbours do.")
	}
	if r.Summary.Tests > 0 {
		out = append(out, "A new handler has a test that asks for it.")
	}
	if slices.ContainsFunc(r.Conventions, func(c Convention) bool { return c.Topic == "migrations" }) {
		out = append(out, "A change of a table is a new migration; those that ran stay as they are.")
	}
	for _, i := range r.Improvements[:min(3, len(r.Improvements))] {
		out = append(out, fmt.Sprintf("Bring no more of this: %s (%s now).", i.fault, counted(i.Count, "place", "places")))
	}
	return out
}
