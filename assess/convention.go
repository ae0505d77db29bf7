package assess

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/fettlehq/fettle/facts"
)

// Convention is how the code does something that can be done in several ways, by what most of it does.
type Convention struct {
	Topic string `json:"topic"` // "layout", "wiring", "routes", …
	Text  string `json:"text"`
	Ways  []Way  `json:"ways"` // most frequent first
}

// Way is one of several ways, with how often and where first.
type Way struct {
	Name  string `json:"name"`
	Count int    `json:"count"`
	At    Place  `json:"at"`
}

// tally counts ways.
type tally struct {
	ways  map[string]*Way
	order []string
}

func (t *tally) add(name string, where facts.Pos) {
	if t.ways == nil {
		t.ways = map[string]*Way{}
	}
	w := t.ways[name]
	if w == nil {
		w = &Way{Name: name, At: at(where)}
		t.ways[name] = w
		t.order = append(t.order, name)
	}
	w.Count++
}

// list is the ways, most frequent first.
func (t *tally) list() []Way {
	out := []Way{}
	for _, name := range t.order {
		out = append(out, *t.ways[name])
	}
	slices.SortStableFunc(out, func(x, y Way) int { return cmp.Or(cmp.Compare(y.Count, x.Count), cmp.Compare(x.Name, y.Name)) })
	return out
}

// said is the first ways as people say them: "a (12 times), b (3)".
func said(ways []Way, most int) string {
	var out []string
	for i, w := range ways[:min(len(ways), most)] {
		if i == 0 {
			out = append(out, fmt.Sprintf("%s (%s)", w.Name, counted(w.Count, "place", "places")))
		} else {
			out = append(out, fmt.Sprintf("%s (%d)", w.Name, w.Count))
		}
	}
	return strings.Join(out, ", ")
}

// conventions tells what the code does alike.
func (a *assessor) conventions(r *Report) []Convention {
	out := []Convention{}
	for _, c := range []*Convention{
		a.layout(r), a.ways(r), a.wiring(), a.access(r), a.queries(), a.handles(), a.transactions(), a.migrations(), a.errors(), a.input(), a.settings(),
		a.logs(), a.concurrency(), a.telemetry(), a.names(), a.files(), a.testing(r),
	} {
		if c != nil {
			if c.Ways == nil {
				c.Ways = []Way{}
			}
			out = append(out, *c)
		}
	}
	return out
}

// layout says whether modules are made by what they are about, or by what they do.
func (a *assessor) layout(r *Report) *Convention {
	features, transports, stores := 0, 0, 0
	var example *Module
	for _, m := range r.Modules {
		has := func(name role) bool { return slices.Contains(m.Roles, string(name)) }
		switch {
		case has(transport) && (has(data) || has(business)):
			if features++; example == nil || m.Routes > example.Routes {
				example = m
			}
		case has(transport):
			transports++
		case has(data):
			stores++
		}
	}
	c := &Convention{Topic: "layout"}
	switch {
	case features >= 2:
		c.Text = fmt.Sprintf("by feature: %d modules hold their handlers and what is below them together, such as %s (%s)", features, example.Name, strings.Join(packageDirs(example), ", "))
	case transports > 0 && stores > 0:
		c.Text = fmt.Sprintf("by layer: %s; %s", rolesOf(r, transport, "requests are answered in"), rolesOf(r, data, "the database is asked in"))
	case len(r.Modules) == 0:
		return nil
	case len(r.Modules) <= 3:
		c.Text = fmt.Sprintf("flat: %s", counted(len(r.Modules), "folder", "folders"))
	default:
		c.Text = fmt.Sprintf("%d modules; %s", len(r.Modules), cmp.Or(rolesOf(r, transport, "requests are answered in"), "no routes were found"))
	}
	return c
}

func packageDirs(m *Module) []string {
	var out []string
	for _, p := range m.Packages {
		if p.Dir != m.Name {
			out = append(out, strings.TrimPrefix(p.Dir, m.Name+"/"))
		}
	}
	if len(out) > 5 {
		out = append(out[:5], "…")
	}
	return out
}

func rolesOf(r *Report, wanted role, says string) string {
	var names []string
	for _, m := range r.Modules {
		if slices.Contains(m.Roles, string(wanted)) {
			names = append(names, m.Name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	if len(names) > 4 {
		names = append(names[:4], "…")
	}
	return says + " " + strings.Join(names, ", ")
}

// ways says where and with what routes are registered.
func (a *assessor) ways(*Report) *Convention {
	var files tally
	for _, route := range a.facts.Routes {
		files.add(route.Pos.File, route.Pos)
	}
	list := files.list()
	if len(list) == 0 {
		return nil
	}
	with := a.libraryNames("router", "rpc")
	if with == "" {
		with = "net/http"
	}
	if a.facts.Routes[0].Contract {
		return &Convention{Topic: "routes", Text: "told by the contract " + list[0].Name, Ways: list}
	}
	return &Convention{Topic: "routes", Text: fmt.Sprintf("registered with %s, in %s", with, said(list, 3)), Ways: list[:min(len(list), 8)]}
}

// libraryNames are the libraries of some roles that code which is no test imports.
func (a *assessor) libraryNames(roles ...string) string {
	var names []string
	for _, lib := range a.facts.Libraries {
		if slices.Contains(roles, lib.Role) && (a.isUsed(lib) || lib.Role == "test" || lib.Role == "mock") {
			names = append(names, strings.TrimPrefix(lib.Path, "github.com/"))
		}
	}
	return strings.Join(names, ", ")
}

var constructor = regexp.MustCompile(`^New[A-Z]?\w*$`)

// wiring says how the parts of the program get what they need.
func (a *assessor) wiring() *Convention {
	var made, fields tally
	for _, f := range a.facts.Functions {
		if f.Aside == "" && f.Outer == nil && f.Of == "" && constructor.MatchString(f.Own) && len(f.Params) > 0 {
			made.add("constructors that are given what they need", f.Pos)
		}
	}
	interfaces, concrete := 0, 0
	for _, p := range a.facts.Packages {
		if p.Aside != "" {
			continue
		}
		for _, t := range p.Types {
			if t.Kind != "struct" || len(t.Methods) == 0 {
				continue
			}
			for _, field := range t.Fields {
				switch field.Kind {
				case "interface":
					interfaces++
					fields.add("fields of interface type", t.Pos)
				case "backend":
					concrete++
					fields.add("fields of concrete types", t.Pos)
				}
			}
		}
	}
	text := ""
	if list := made.list(); len(list) > 0 {
		text = fmt.Sprintf("%s, such as %s:%d", counted(list[0].Count, "constructor is given what it needs", "constructors are given what they need"), list[0].At.File, list[0].At.Line)
	}
	if names := a.libraryNames("inject"); names != "" {
		text = strings.TrimPrefix(text+"; put together by "+names, "; ")
	}
	if text == "" {
		return nil
	}
	if interfaces+concrete > 0 {
		text += fmt.Sprintf("; types with methods hold %s and %s", counted(interfaces, "interface", "interfaces"), counted(concrete, "concrete part", "concrete parts"))
	}
	return &Convention{Topic: "wiring", Text: text, Ways: append(made.list(), fields.list()...)}
}

// access says which middleware looks at who is calling.
func (a *assessor) access(r *Report) *Convention {
	var guards, others tally
	for _, route := range a.facts.Routes {
		for _, g := range route.Guards {
			if g.Auth {
				guards.add(g.Name, g.Pos)
			} else {
				others.add(g.Name, g.Pos)
			}
		}
	}
	if len(a.facts.Routes) == 0 {
		return nil
	}
	guarded, checks, open := 0, 0, 0
	for _, route := range r.Routes {
		switch route.Access {
		case Guarded:
			guarded++
		case Checks:
			checks++
		case Open:
			open++
		}
	}
	var parts []string
	if guarded > 0 {
		parts = append(parts, fmt.Sprintf("%d are behind a middleware that looks at who is calling", guarded))
	}
	if checks > 0 {
		parts = append(parts, fmt.Sprintf("in %d the handler looks itself", checks))
	}
	if open > 0 {
		parts = append(parts, fmt.Sprintf("at %d nothing does", open))
	}
	text := fmt.Sprintf("of %s %s", counted(len(r.Routes), "route", "routes"), strings.Join(parts, ", "))
	if list := guards.list(); len(list) > 0 {
		text += "; by " + said(list, 3)
	}
	return &Convention{Topic: "access", Text: text, Ways: append(guards.list(), others.list()...)}
}

// queries says with which library the database is asked, and from where.
func (a *assessor) queries() *Convention {
	var libraries, modules tally
	for f, q := range a.eachQuery() {
		name := q.Library
		if f.Aside == "generated" {
			name += ", in generated code"
		}
		libraries.add(name, q.Pos)
		modules.add(a.moduleOf[f.Package], q.Pos)
	}
	list := libraries.list()
	if len(list) == 0 {
		return nil
	}
	text := said(list, 3) + "; in " + said(modules.list(), 4)
	return &Convention{Topic: "data access", Text: text, Ways: list}
}

func (a *assessor) eachQuery() func(func(*facts.Function, *facts.Query) bool) {
	return func(yield func(*facts.Function, *facts.Query) bool) {
		for _, f := range a.facts.Functions {
			if f.Aside == "test" || f.Aside == "migration" {
				continue
			}
			for _, q := range f.Queries {
				if !yield(f, q) {
					return
				}
			}
		}
	}
}

// handles says how functions come by the database.
func (a *assessor) handles() *Convention {
	var from tally
	for f, q := range a.eachQuery() {
		if f.Aside != "generated" && q.Handle.Text != "" {
			from.add(handleFrom(f, q.Handle), q.Pos)
		}
	}
	list := from.list()
	if len(list) == 0 {
		return nil
	}
	text := "queries go through " + said(list, 3)
	lost := 0
	total := 0
	for f, q := range a.eachQuery() {
		if f.Aside == "generated" || q.Context.Text == "" && q.Endless == "" {
			continue
		}
		total++
		if q.Endless == facts.TakesNoContext {
			lost++
		}
	}
	switch {
	case total > 0 && lost == 0:
		text += "; each is given a context"
	case total > 0 && lost < total:
		text += fmt.Sprintf("; %d of %d are given a context", total-lost, total)
	case total > 0:
		text += "; none is given a context"
	}
	return &Convention{Topic: "database handle", Text: text, Ways: list}
}

func handleFrom(f *facts.Function, h facts.Handle) string {
	switch {
	case strings.Contains(h.Text, "("):
		return "what a function gives"
	case strings.Contains(h.Text, "."):
		return "a field"
	}
	for outer := f; outer != nil; outer = outer.Outer {
		if slices.Contains(outer.Params, h.Text) {
			return "a parameter"
		}
	}
	if h.Kind == "tx" {
		return "a transaction begun there"
	}
	return "a variable"
}

// transactions says where they begin.
func (a *assessor) transactions() *Convention {
	var begun tally
	for f, q := range a.eachQuery() {
		if q.Handle.Begun.Line > 0 {
			begun.add(a.moduleOf[f.Package], q.Handle.Begun)
		}
	}
	list := begun.list()
	if len(list) == 0 {
		return nil
	}
	return &Convention{Topic: "transactions", Text: "statements inside of one stand in " + said(list, 3), Ways: list}
}

// migrations says how the schema is changed.
func (a *assessor) migrations() *Convention {
	var runners tally
	last := ""
	for _, m := range a.facts.Migrations {
		runners.add(m.Runner, facts.Pos{File: m.File, Line: 1})
		last = m.File
	}
	list := runners.list()
	if len(list) == 0 {
		return nil
	}
	text := fmt.Sprintf("%s, the last is %s", counted(len(a.facts.Migrations), "file", "files"), last)
	if names := a.libraryNames("migrations"); names != "" {
		text += "; run by " + names
	} else if list[0].Name != "plain" {
		text += "; in the form of " + list[0].Name
	}
	return &Convention{Topic: "migrations", Text: text, Ways: list}
}

func (a *assessor) practices(kind facts.PracticeKind) []Way {
	var t tally
	for _, p := range a.facts.Practices {
		if p.Kind == kind && (p.Function == nil || p.Function.Aside == "") {
			t.add(p.Way, p.Pos)
		}
	}
	return t.list()
}

func (a *assessor) errors() *Convention {
	ways := a.practices(facts.ForErrors)
	types := 0
	for _, p := range a.facts.Packages {
		for _, t := range p.Types {
			if t.Error && p.Aside == "" {
				if types++; types == 1 {
					ways = append(ways, Way{Name: "type of its own", At: at(t.Pos)})
				}
				ways[len(ways)-1].Count = types
			}
		}
	}
	if len(ways) == 0 {
		return nil
	}
	slices.SortStableFunc(ways, func(x, y Way) int { return cmp.Compare(y.Count, x.Count) })
	return &Convention{Topic: "errors", Text: said(ways, 5), Ways: ways}
}

func (a *assessor) input() *Convention {
	return a.practised("input", facts.ForInput, "what clients send is checked by ")
}

func (a *assessor) settings() *Convention {
	c := a.practised("settings", facts.ForSettings, "read from ")
	if c == nil {
		return nil
	}
	most := c.Ways[0]
	var names []string
	for _, p := range a.facts.Practices {
		if p.Kind == facts.ForSettings && p.Way == most.Name && p.Name != "" && (p.Function == nil || p.Function.Aside == "") && len(names) < 6 {
			names = with(names, p.Name)
		}
	}
	if len(names) == 0 {
		return c
	}
	c.Text = "read from " + said(c.Ways[:1], 1) + ", such as " + strings.Join(names, ", ")
	var others []string
	for _, w := range c.Ways[1:min(len(c.Ways), 4)] {
		others = append(others, fmt.Sprintf("%s (%d)", w.Name, w.Count))
	}
	if others != nil {
		c.Text += "; and from " + strings.Join(others, ", ")
	}
	return c
}

func (a *assessor) logs() *Convention {
	return a.practised("logging", facts.ForLogs, "with ")
}

func (a *assessor) concurrency() *Convention {
	return a.practised("concurrency", facts.ForConcurrency, "")
}

func (a *assessor) practised(topic string, kind facts.PracticeKind, says string) *Convention {
	ways := a.practices(kind)
	if len(ways) == 0 {
		return nil
	}
	return &Convention{Topic: topic, Text: says + said(ways, 4), Ways: ways}
}

func (a *assessor) telemetry() *Convention {
	var parts []string
	if names := a.libraryNames("trace"); names != "" {
		parts = append(parts, "traces with "+names)
	}
	if names := a.libraryNames("metrics"); names != "" {
		parts = append(parts, "measures with "+names)
	}
	if len(parts) == 0 {
		return nil
	}
	return &Convention{Topic: "telemetry", Text: strings.Join(parts, "; ")}
}

// suffixes are the last words of type names that say what a type is there for.
var suffixes = []string{"Repository", "Repo", "Store", "Storage", "Service", "UseCase", "Usecase", "Handler", "Handlers", "Controller", "Server", "Manager", "Client", "Model", "DTO", "Request", "Response", "Params", "Input", "Validator", "Serializer"}

// names says what types and the functions that ask the database are called.
func (a *assessor) names() *Convention {
	var types, verbs tally
	for _, p := range a.facts.Packages {
		if p.Aside != "" {
			continue
		}
		for _, t := range p.Types {
			for _, suffix := range suffixes {
				if strings.HasSuffix(strings.ToLower(t.Name), strings.ToLower(suffix)) {
					types.add("…"+t.Name[len(t.Name)-len(suffix):], t.Pos)
					break
				}
			}
		}
	}
	for _, f := range a.facts.Functions {
		if f.Aside != "" || f.Outer != nil || len(f.Queries) == 0 {
			continue
		}
		if verb := firstWord(f.Own); verb != "" {
			verbs.add(verb+"…", f.Pos)
		}
	}
	var text []string
	if list := types.list(); len(list) > 0 {
		text = append(text, "types are called "+said(list, 5))
	}
	if list := verbs.list(); len(list) > 0 {
		text = append(text, "functions that ask the database "+said(list, 5))
	}
	if len(text) == 0 {
		return nil
	}
	return &Convention{Topic: "names", Text: strings.Join(text, "; "), Ways: append(types.list(), verbs.list()...)}
}

// firstWord is the first word of a name in camel case: Find of FindUser.
func firstWord(name string) string {
	for i, c := range name {
		if i > 0 && unicode.IsUpper(c) {
			return name[:i]
		}
	}
	return name
}

// files says how files and tables are called.
func (a *assessor) files() *Convention {
	var forms tally
	seen := map[string]bool{}
	for _, f := range a.facts.Functions {
		if f.Aside != "" || seen[f.Pos.File] {
			continue
		}
		seen[f.Pos.File] = true
		name := strings.TrimSuffix(path.Base(f.Pos.File), path.Ext(f.Pos.File))
		switch {
		case strings.Contains(name, "_"):
			forms.add("snake_case", f.Pos)
		case strings.Contains(name, "-"):
			forms.add("kebab-case", f.Pos)
		case strings.ToLower(name) != name:
			forms.add("camelCase", f.Pos)
		}
	}
	list := forms.list()
	if len(list) == 0 {
		return nil
	}
	return &Convention{Topic: "files", Text: "names of several words are written in " + said(list, 2), Ways: list}
}

// testing says how tests are written.
func (a *assessor) testing(r *Report) *Convention {
	tests, tables, parallel, outside, files := 0, 0, 0, 0, 0
	libraries := map[string]int{}
	var first facts.Pos
	for _, p := range a.facts.Packages {
		for _, file := range p.Tests {
			files++
			if file.Outside {
				outside++
			}
			for _, test := range file.Tests {
				if test.Kind != "test" {
					continue
				}
				if tests++; test.Table && tables == 0 || tests == 1 {
					first = test.Pos
				}
				if test.Table {
					tables++
				}
				if test.Parallel {
					parallel++
				}
			}
			for _, name := range file.Libraries {
				libraries[name]++
			}
		}
	}
	if tests == 0 {
		return &Convention{Topic: "tests", Text: "there are none"}
	}
	text := fmt.Sprintf("%s in %s", counted(tests, "test", "tests"), counted(files, "file", "files"))
	if tables > 0 {
		text += fmt.Sprintf(", %d over a table of cases", tables)
	}
	if parallel > 0 {
		text += fmt.Sprintf(", %d parallel", parallel)
	}
	if outside > 0 {
		text += fmt.Sprintf(", %s outside of the package that they test", counted(outside, "file", "files"))
	}
	if names := a.libraryNames("test", "mock"); names != "" {
		text += "; with " + names
	}
	covered := 0
	for _, route := range r.Routes {
		if route.Tested {
			covered++
		}
	}
	if len(r.Routes) > 0 {
		text += fmt.Sprintf("; they name or ask for %d of %s", covered, counted(len(r.Routes), "route", "routes"))
	}
	ways := []Way{{"tests", tests, at(first)}}
	for _, name := range slices.Sorted(maps.Keys(libraries)) {
		if strings.Contains(name, ".") && libraries[name] > 1 {
			ways = append(ways, Way{Name: name, Count: libraries[name]})
		}
	}
	return &Convention{Topic: "tests", Text: text, Ways: ways}
}
