package design

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/diag"
)

// module makes the module of a file, which is named after it: 1-orders.graphql and orders.graphql are module orders.
func (r *resolver) module(file Source, doc string) *Module {
	base := strings.TrimSuffix(path.Base(file.Name), path.Ext(file.Name))
	m := &Module{Name: strings.TrimLeft(base, "0123456789-_. "), File: file.Name, Doc: doc}
	pos := diag.Pos{File: file.Name, Line: 1, Column: 1}
	same := func(other *Module) bool { return other.Name == m.Name }
	switch {
	case !regexp.MustCompile(`^[a-z][a-z0-9_]*$`).MatchString(m.Name):
		r.problems.Add(pos, ModuleFile, "rename it, as in orders.graphql", "the file name %q is no name of a module", path.Base(file.Name))
	case slices.Contains(reservedModules(), m.Name):
		r.problems.Add(pos, ModuleFile, "rename it", "no module is called %q: Go or the written service means something else by it", m.Name)
	case slices.ContainsFunc(r.design.Modules, same):
		r.problems.Add(pos, ModuleFile, "rename one of them", "another file is module %q already", m.Name)
	}
	r.design.Modules = append(r.design.Modules, m)
	return m
}

// reservedModules are Go's words for packages, and the folders of the written service.
func reservedModules() []string {
	return []string{
		"break", "case", "chan", "const", "continue", "default", "defer", "else", "fallthrough", "for", "func", "go", "goto",
		"if", "import", "interface", "map", "package", "range", "return", "select", "struct", "switch", "type", "var",
		"main", "internal", "vendor", "testdata", "init", "app", "api", "cmd", "deploy", "design", "docs", "migrations",
	}
}

// backend reads extend schema @backend and @service.
func (r *resolver) backend() {
	found, broken := 0, false
	for _, d := range r.schema {
		fits := []*Directive{d}
		if r.directives(&fits, "SCHEMA", &broken); len(fits) == 0 {
			continue
		}
		name := d.Arg("name")
		switch d.Name {
		case "backend":
			if found++; found > 1 {
				first := r.design.Backend.Pos
				r.problems.Add(d.Pos, SecondBackend, "keep one of them", "@backend stands once, and is at %s", place(first))
				continue
			}
			r.design.Backend = Backend{Pos: d.Pos, Name: name.Text, Module: d.Arg("module").Text, Clients: d.Arg("clients").Names(), Subgraph: d.Arg("subgraph")}
			r.usable(name, "backend")
			r.usableModule(d.Arg("module"))
		case "service":
			r.usable(name, "service")
			r.design.Services = append(r.design.Services, Service{Pos: d.Pos, Name: name.Text, Modules: d.Arg("modules").Names()})
		}
	}
	if found == 0 && !broken && !r.blind && !slices.ContainsFunc(r.schema, func(d *Directive) bool { return d.Name == "backend" }) {
		r.noBackend()
	}
}

func (r *resolver) noBackend() {
	const message = "the design does not say its name and Go module"
	line := `extend schema @backend(name: "shop", module: "example.com/shop")`
	if len(r.design.Modules) == 0 {
		r.problems.Add(diag.Pos{}, NoBackend, "write "+line, message)
		return
	}
	pos := diag.Pos{File: r.design.Modules[0].File, Line: 1, Column: 1}
	r.problems.AddEdit(pos, NoBackend, "write "+line, diag.Edit{Pos: pos, Text: line + "\n\n"}, message)
}

func (r *resolver) usable(name *Value, what string) {
	if regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`).MatchString(name.Text) {
		return
	}
	message := "%q cannot name a " + what + ": small letters, digits and hyphens can"
	better := strings.Trim(regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.ToLower(name.Text), "-"), "-0123456789")
	if better == "" {
		r.problems.Add(name.Pos, UnusableName, "", message, name.Text)
		return
	}
	r.problems.AddEdit(name.Pos, UnusableName, "write "+quote(better), r.span(name.Pos, quote(better)), message, name.Text)
}

func (r *resolver) usableModule(module *Value) {
	if !regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9._~-]*(/[a-zA-Z0-9_~-][a-zA-Z0-9._~-]*)*$`).MatchString(module.Text) {
		r.problems.Add(module.Pos, UnusableName, `write it as in "example.com/shop"`, "%q is no path of a Go module", module.Text)
	}
}

// checkServices checks that services name modules, each in one service at most.
func (r *resolver) checkServices() {
	claimed := map[string]string{}
	var names []string
	for _, m := range r.design.Modules {
		names = append(names, m.Name)
	}
	for _, s := range r.design.Services {
		for _, m := range s.Modules {
			edit := r.span(m.Pos, "")
			if len(s.Modules) == 1 {
				edit = diag.Edit{} // a service has a module
			}
			switch other, twice := claimed[m.Text]; {
			case !slices.Contains(names, m.Text):
				r.unknownModule(m, names)
			case twice:
				r.problems.AddEdit(m.Pos, UnknownModule, "leave it out", edit, "module %s is in service %q already", m.Text, other)
			}
			claimed[m.Text] = s.Name
		}
	}
}

func (r *resolver) unknownModule(m Name, names []string) {
	if meant, ok := nearest(m.Text, names); ok {
		r.problems.AddEdit(m.Pos, UnknownModule, didYouMean(meant), r.span(m.Pos, meant), "no module %s", m.Text)
		return
	}
	r.problems.Add(m.Pos, UnknownModule, "", "no file makes module %s", m.Text)
}
