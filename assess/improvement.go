package assess

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
)

// Improvement is something worth doing, with why.
type Improvement struct {
	Title  string   `json:"title"`
	Reason string   `json:"reason"` // why it pays
	Where  []Place  `json:"where"`  // the first of Count places
	Count  int      `json:"count"`
	What   []string `json:"what"`   // of the first places: what stands there
	Routes []string `json:"routes"` // that it touches
	Fix    string   `json:"fix"`    // of the first place
	Rule   string   `json:"rule"`   // of review; "" of what only the whole shows
	Value  int      `json:"value"`  // by which they are ordered, behind what lets others in: severity, times how sure, times how many requests meet it

	fault   string // what there is too much of: "circles between modules"
	exposes bool   // some of its problems are high, and let others at what is not theirs
}

// The bounds of what is told.
const (
	mostImprovements = 10
	mostPlaces       = 5
)

var weights = map[string]int{"critical": 100, "high": 40, "medium": 12, "low": 4}

// improvements are the problems, one for each rule, and what only the whole shows: first what lets others at what is not theirs, since one
// place of it is enough, then the rest, each by its value.
func (a *assessor) improvements(r *Report, problems []Problem) []Improvement {
	byRule := map[string]*Improvement{}
	var out []*Improvement
	routesOf := a.routesByFile()
	for _, p := range problems {
		i := byRule[p.Rule]
		if i == nil {
			i = &Improvement{Title: p.Title, fault: p.Title, Reason: p.Reason, Rule: p.Rule, Fix: p.Fix, Where: []Place{}, What: []string{}, Routes: []string{}}
			byRule[p.Rule] = i
			out = append(out, i)
		}
		value := weights[p.Severity]
		i.exposes = i.exposes || p.Exposes && value >= weights["high"]
		if !p.Certain {
			value /= 2
		}
		touched := routesOf(p)
		i.Count++
		// Each further place of the same kind adds less: the second is mended with what the first taught.
		i.Value += value * (2 + min(len(touched), 8)) / (1 + i.Count)
		if len(i.Where) < mostPlaces {
			i.Where, i.What = append(i.Where, at(p.Place)), append(i.What, p.Message)
		}
		for _, route := range touched {
			if len(i.Routes) < mostPlaces {
				i.Routes = with(i.Routes, route)
			}
		}
	}
	out = append(out, a.ofTheWhole(r)...)
	slices.SortStableFunc(out, func(x, y *Improvement) int {
		return cmp.Or(first(y.exposes)-first(x.exposes), cmp.Compare(y.Value, x.Value), cmp.Compare(x.Title, y.Title))
	})
	list := []Improvement{}
	for _, i := range out[:min(len(out), mostImprovements)] {
		list = append(list, *i)
	}
	return list
}

func first(is bool) int {
	if is {
		return 1
	}
	return 0
}

// routesByFile finds the routes that meet a problem: those behind which its place, or a link of its chain, lies.
func (a *assessor) routesByFile() func(Problem) []string {
	type span struct {
		function *facts.Function
		first    int
		last     int
	}
	files := map[string][]span{}
	routes := map[*facts.Function][]string{}
	for _, r := range a.facts.Routes {
		for f := range a.reached[r].functions {
			routes[f] = append(routes[f], r.String())
		}
	}
	for _, f := range a.facts.Functions {
		if len(routes[f]) > 0 {
			files[f.Pos.File] = append(files[f.Pos.File], span{f, f.Pos.Line, f.End.Line})
		}
	}
	return func(p Problem) []string {
		var out []string
		for _, s := range files[p.Place.File] {
			if s.first <= p.Place.Line && p.Place.Line <= s.last {
				for _, name := range routes[s.function] {
					out = with(out, name)
				}
			}
		}
		return out
	}
}

// ofTheWhole are the improvements that no single place shows.
func (a *assessor) ofTheWhole(r *Report) []*Improvement {
	var out []*Improvement
	add := func(value int, title, fault, reason, fix string, places []Place, what []string) {
		if len(places) == 0 {
			return
		}
		n := min(len(places), mostPlaces)
		out = append(out, &Improvement{
			Title: title, fault: fault, Reason: reason, Fix: fix, Where: places[:n], What: what[:n], Count: len(places), Routes: []string{}, Value: value,
		})
	}
	places, what := a.circlePlaces(r)
	add(20+10*len(r.Cycles), "Take circles between modules apart", "circles between modules",
		"Modules of a circle can only be understood, tested and moved together; each change of one may break all.",
		"Move what both need into a module below them, or let the lower one declare an interface that the upper one implements.", places, what)

	places, what = nil, nil
	for _, b := range r.Breaches {
		places, what = append(places, b.At), append(what, fmt.Sprintf("%s imports %s", b.From, b.To))
	}
	add(16+4*len(places), "Let data access know nothing of the transport", "data access that knows the transport",
		"A package that asks the database and knows the types of requests cannot be used by a job, a command or another door.",
		"Pass plain values, and translate them in the handler.", places, what)

	places, what = nil, nil
	writes := 0
	for _, u := range r.HotSpots.Untested {
		if u.Writes > 0 {
			places, what = append(places, u.At), append(what, fmt.Sprintf("%s (%s): %s, %s", u.Handler, u.Route, counted(u.Queries, "query", "queries"), counted(u.Writes, "write", "writes")))
			writes += min(u.Writes, 3)
		}
	}
	add(10+2*min(writes, 30)+len(places), "Test the handlers that change data", "handlers that change data and that no test asks for",
		"No test names these handlers or asks for their paths, so that only users notice when one breaks.",
		"Begin with the first: a request for each outcome, against a real database.", places, what)

	places, what = a.withoutKeys(r)
	add(6+2*len(places), "State relations as foreign keys", "relations that no foreign key states",
		"Queries join by these columns, or their names say what they mean, and no foreign key holds it: rows that lead nowhere stay unnoticed.",
		"ALTER TABLE … ADD CONSTRAINT … FOREIGN KEY … NOT VALID, then VALIDATE CONSTRAINT.", places, what)

	places, what = a.manyWriters(r)
	add(8+4*len(places), "Give each table one module that writes it", "tables that several modules write",
		"Where several modules write a table, none can hold its rules: each has to know what the others take for granted.",
		"Let one module own the table, and offer the others functions.", places, what)
	return out
}

func counted(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}

func (a *assessor) circlePlaces(r *Report) (places []Place, what []string) {
	for _, circle := range r.Cycles {
		for _, m := range r.Modules {
			if !slices.Contains(circle, m.Name) {
				continue
			}
			for _, d := range m.DependsOn {
				if slices.Contains(circle, d.Module) {
					places, what = append(places, d.At), append(what, fmt.Sprintf("%s imports %s (%s)", m.Name, d.Module, counted(d.Imports, "import", "imports")))
				}
			}
		}
	}
	return places, what
}

func (a *assessor) withoutKeys(r *Report) (places []Place, what []string) {
	keys := 0
	for _, e := range r.Entities {
		for _, relation := range e.Relations {
			if relation.By == "foreign key" {
				keys++
				continue
			}
			if len(e.Columns) > 0 && relation.By == "join" {
				places, what = append(places, relation.At), append(what, fmt.Sprintf("%s.%s names %s", e.Table, strings.Join(relation.Columns, ", "), relation.To))
			}
		}
	}
	return places, what
}

func (a *assessor) manyWriters(r *Report) (places []Place, what []string) {
	if len(r.Modules) < 4 {
		return nil, nil
	}
	for _, e := range r.Entities {
		if len(e.Writes) > 2 {
			places, what = append(places, e.At), append(what, fmt.Sprintf("%s is written by %s", e.Table, strings.Join(e.Writes, ", ")))
		}
	}
	return places, what
}
