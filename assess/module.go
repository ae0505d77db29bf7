package assess

import (
	"cmp"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
)

// Module is a part of a backend that people would name: a folder with all packages below it.
type Module struct {
	Name      string       `json:"name"` // its folder
	Doc       string       `json:"doc"`
	Roles     []string     `json:"roles"` // "entry", "transport", "business", "data", "client", "model", "support", "generated"
	Packages  []Package    `json:"packages"`
	Files     int          `json:"files"`
	Lines     int          `json:"lines"`
	Routes    int          `json:"routes"`
	Queries   int          `json:"queries"`
	Tests     int          `json:"tests"`
	DependsOn []Dependency `json:"dependsOn"`
	Layer     int          `json:"layer"` // 0 is the top, on which nothing depends
}

// Package is a package of a module.
type Package struct {
	Path string `json:"path"`
	Dir  string `json:"dir"`
	Role string `json:"role"`
	Doc  string `json:"doc"`
}

// Dependency is a module that another needs.
type Dependency struct {
	Module  string `json:"module"`
	Imports int    `json:"imports"` // pairs of packages
	At      Place  `json:"at"`      // of the first import
}

// Breach is an import against the direction of the layers: what holds data knows what answers requests.
type Breach struct {
	From string `json:"from"` // the path of a package
	To   string `json:"to"`
	At   Place  `json:"at"`
	What string `json:"what"`
}

// role is what a package is there for.
type role string

// The roles, from where requests enter to what everything stands on.
const (
	entry     role = "entry"
	transport role = "transport" // answers requests
	business  role = "business"  // between the two
	data      role = "data"      // asks a database
	client    role = "client"    // calls the outside
	model     role = "model"     // types that others share
	support   role = "support"
	generated role = "generated"
)

var allRoles = []role{entry, transport, business, data, client, model, support, generated}

// findRoles says of each package what it is there for, by what its functions do.
func (a *assessor) findRoles() map[string]role {
	type counts struct{ functions, handlers, queries, calls, reached int }
	of := map[string]*counts{}
	for _, p := range a.facts.Packages {
		of[p.Path] = &counts{}
	}
	onPath := map[*facts.Function]bool{}
	for _, r := range a.reached {
		for f := range r.functions {
			onPath[f] = true
		}
	}
	for _, f := range a.facts.Functions {
		c := of[f.Package]
		if c == nil || f.Aside == "test" {
			continue
		}
		c.functions++
		c.queries += len(f.Queries)
		for _, e := range f.Effects {
			if isCall(e.Kind) {
				c.calls++
			}
		}
		if len(a.handlers[f]) > 0 {
			c.handlers++
		}
		if onPath[f] {
			c.reached++
		}
	}
	out := map[string]role{}
	for _, p := range a.facts.Packages {
		c := of[p.Path]
		switch {
		case p.Name == "main":
			out[p.Path] = entry
		case c.handlers > 0:
			out[p.Path] = transport
		case c.queries > 0:
			out[p.Path] = data
		case p.Aside == "generated":
			out[p.Path] = generated
		case c.reached > 0 && a.usesData(p):
			out[p.Path] = business
		case c.calls > 0 || a.leadsOut(p):
			out[p.Path] = client
		case c.functions <= len(p.Types) && len(p.Types) > 0:
			out[p.Path] = model
		default:
			out[p.Path] = support
		}
	}
	return out
}

// leadsOut reports whether a package imports a library that leads to something outside which is no store.
func (a *assessor) leadsOut(p *facts.Package) bool {
	return slices.ContainsFunc(a.facts.Libraries, func(lib *facts.Library) bool {
		return isOutside(lib) && slices.Contains([]string{"mail", "queue", "payment", "cloud"}, lib.Role) && slices.Contains(lib.Packages, p.Path)
	})
}

// usesData reports whether functions of a package lead to queries of others.
func (a *assessor) usesData(p *facts.Package) bool {
	for _, f := range a.facts.Functions {
		if f.Package != p.Path {
			continue
		}
		for _, call := range f.Calls {
			for _, callee := range call.Callees {
				if callee.Package != p.Path && len(callee.Queries) > 0 {
					return true
				}
			}
		}
	}
	return false
}

// containers are folders that hold modules and are none.
var containers = []string{"internal", "pkg", "src", "cmd", "modules", "services", "apps", "libs"}

// mostModules bounds the modules of a report, so that it stays one that people read.
const mostModules = 40

// largeModule is how many lines a module has at least that is taken apart for its size.
const largeModule = 4000

// group says which module each package belongs to. Beginning with the whole, a folder is taken apart while it only holds
// others or is more than a third of the code.
func group(packages []*facts.Package) map[string]string {
	total := 0
	of := map[string]string{} // by path
	lines := map[string]int{}
	for _, p := range packages {
		if p.Aside == "test" {
			continue
		}
		of[p.Path] = "."
		total += p.Lines
	}
	for {
		clear(lines)
		members := map[string][]*facts.Package{}
		for _, p := range packages {
			if name, is := of[p.Path]; is {
				lines[name] += p.Lines
				members[name] = append(members[name], p)
			}
		}
		split := false
		for _, name := range slices.Sorted(maps.Keys(members)) {
			parts := map[string]string{}
			kinds := map[string]bool{}
			for _, p := range members[name] {
				parts[p.Path] = below(name, p.Dir)
				kinds[parts[p.Path]] = true
			}
			isContainer := name == "." || slices.Contains(containers, path.Base(name))
			if len(kinds) < 2 && !(len(kinds) == 1 && !kinds[name]) || len(members)+len(kinds)-1 > mostModules || !isContainer && (lines[name] < largeModule || lines[name]*3 <= total) {
				continue
			}
			maps.Copy(of, parts)
			split = true
			break
		}
		if !split {
			return of
		}
	}
}

// below is the folder one step below another on the way to a folder, or that other itself.
func below(name, dir string) string {
	rest := dir
	if name != "." {
		if dir == name {
			return name
		}
		rest = strings.TrimPrefix(dir, name+"/")
	}
	first, _, _ := strings.Cut(rest, "/")
	if name == "." {
		return first
	}
	return name + "/" + first
}

// modules tells the modules by name, the layers that they form, and the circles among them.
func (a *assessor) modules() ([]*Module, [][]string, [][]string) {
	byName := map[string]*Module{}
	for _, p := range a.facts.Packages {
		name, is := a.moduleOf[p.Path]
		if !is {
			continue
		}
		m := byName[name]
		if m == nil {
			m = &Module{Name: name, Roles: []string{}, DependsOn: []Dependency{}}
			byName[name] = m
		}
		a.addPackage(m, p)
	}
	for _, f := range a.facts.Functions {
		m := byName[a.moduleOf[f.Package]]
		if m == nil || f.Aside == "test" {
			continue
		}
		m.Queries += len(f.Queries)
		m.Routes += len(a.handlers[f])
	}
	out := make([]*Module, 0, len(byName))
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		m := byName[name]
		for _, r := range allRoles {
			if slices.ContainsFunc(m.Packages, func(p Package) bool { return p.Role == string(r) }) {
				m.Roles = append(m.Roles, string(r))
			}
		}
		slices.SortFunc(m.DependsOn, func(x, y Dependency) int { return cmp.Compare(x.Module, y.Module) })
		out = append(out, m)
	}
	cycles := circles(out)
	return out, layers(out, cycles), cycles
}

func (a *assessor) addPackage(m *Module, p *facts.Package) {
	m.Packages = append(m.Packages, Package{p.Path, p.Dir, string(a.roles[p.Path]), p.Doc})
	m.Files += p.Files
	m.Lines += p.Lines
	if m.Doc == "" || p.Dir == m.Name {
		m.Doc = p.Doc
	}
	for _, file := range p.Tests {
		m.Tests += len(file.Tests)
	}
	for _, imported := range p.Imports {
		name, is := a.moduleOf[imported.Path]
		if !is || name == m.Name {
			continue
		}
		i := slices.IndexFunc(m.DependsOn, func(d Dependency) bool { return d.Module == name })
		if i < 0 {
			m.DependsOn = append(m.DependsOn, Dependency{Module: name, At: at(imported.Pos)})
			i = len(m.DependsOn) - 1
		}
		m.DependsOn[i].Imports++
	}
}

// circles finds the modules that depend on each other: the strongly connected components of more than one (Tarjan, 1972).
func circles(modules []*Module) [][]string {
	byName := map[string]*Module{}
	for _, m := range modules {
		byName[m.Name] = m
	}
	index, low, on := map[string]int{}, map[string]int{}, map[string]bool{}
	var stack []string
	out := [][]string{}
	var visit func(name string)
	visit = func(name string) {
		index[name] = len(index) + 1
		low[name] = index[name]
		stack, on[name] = append(stack, name), true
		for _, d := range byName[name].DependsOn {
			switch {
			case index[d.Module] == 0:
				visit(d.Module)
				low[name] = min(low[name], low[d.Module])
			case on[d.Module]:
				low[name] = min(low[name], index[d.Module])
			}
		}
		if low[name] != index[name] {
			return
		}
		i := slices.Index(stack, name)
		component := slices.Sorted(slices.Values(stack[i:]))
		for _, member := range component {
			on[member] = false
		}
		stack = stack[:i]
		if len(component) > 1 {
			out = append(out, component)
		}
	}
	for _, m := range modules {
		if index[m.Name] == 0 {
			visit(m.Name)
		}
	}
	slices.SortFunc(out, func(x, y []string) int { return cmp.Compare(x[0], y[0]) })
	return out
}

// layers puts each module one below the lowest that depends on it. The modules of a circle share one.
func layers(modules []*Module, cycles [][]string) [][]string {
	head := map[string]string{} // of a module: the first of its circle
	for _, m := range modules {
		head[m.Name] = m.Name
	}
	for _, circle := range cycles {
		for _, name := range circle {
			head[name] = circle[0]
		}
	}
	needs, users := map[string][]string{}, map[string]int{}
	for _, m := range modules {
		for _, d := range m.DependsOn {
			from, to := head[m.Name], head[d.Module]
			if from != to && !slices.Contains(needs[from], to) {
				needs[from] = append(needs[from], to)
				users[to]++
			}
		}
	}
	layer := map[string]int{}
	var ready []string
	for _, m := range modules {
		if head[m.Name] == m.Name && users[m.Name] == 0 {
			ready = append(ready, m.Name)
		}
	}
	for len(ready) > 0 {
		name := ready[0]
		ready = ready[1:]
		for _, to := range needs[name] {
			layer[to] = max(layer[to], layer[name]+1)
			if users[to]--; users[to] == 0 {
				ready = append(ready, to)
			}
		}
	}
	out := [][]string{}
	for _, m := range modules {
		m.Layer = layer[head[m.Name]]
		for len(out) <= m.Layer {
			out = append(out, []string{})
		}
		out[m.Layer] = append(out[m.Layer], m.Name)
	}
	return out
}

// breaches finds imports against the direction in which requests go.
func (a *assessor) breaches() []Breach {
	out := []Breach{}
	for _, p := range a.facts.Packages {
		for _, imported := range p.Imports {
			to := a.roles[imported.Path]
			if a.roles[p.Path] == data && to == transport {
				out = append(out, Breach{p.Path, imported.Path, at(imported.Pos), "a package that asks the database imports one that answers requests"})
			}
		}
	}
	return out
}
