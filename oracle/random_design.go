package oracle

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// designer writes random designs: wildly, line by line. What the checker refuses is taken out again (see sound).
type designer struct {
	*rand.Rand
	entities []*sketch
	tenant   *sketch // nil without
	unions   []string
	shapes   []string
	out      strings.Builder
	names    int
}

// sketch is an entity on its way.
type sketch struct {
	name   string
	fields []*trait
	lines  []string // of its fields
	heads  []string // of its directives
	unmade bool     // clients make no rows of it
}

// trait is a field as expressions know it.
type trait struct {
	name     string
	kind     string // text, int, real, exact, flag, at, day, clock, span, color, money, labels, link, list
	to       *sketch
	null     bool
	computed bool
	arms     []*sketch // of a union
}

func (d *designer) chance(percent int) bool { return d.IntN(100) < percent }

func pick[T any](d *designer, from ...T) T { return from[d.IntN(len(from))] }

var entityNames = []string{"Alpha", "Beta", "Gamma", "Delta"}

// randomDesign is the text of a design, most likely with mistakes in it.
func randomDesign(r *rand.Rand) string {
	d := &designer{Rand: r}
	d.f(`extend schema @backend(name: "random", module: "example.com/random")`)
	d.f("enum Color { RED GREEN BLUE }")
	d.f("enum Mood { GOOD BAD RED }")
	d.f("type Money {\n  amount: Decimal!\n  unit: String!\n  note: String\n}")
	user := &sketch{name: "User"}
	d.entities = append(d.entities, user)
	for _, name := range entityNames[:1+d.IntN(len(entityNames))] {
		d.entities = append(d.entities, &sketch{name: name})
	}
	if d.chance(40) {
		d.tenant = d.entities[1]
	}
	for i, e := range d.entities {
		d.belonging(e, i)
		d.scalars(e)
		d.references(e, i)
	}
	if n := len(d.entities); n > 2 && d.chance(80) {
		at := 2 + d.IntN(n-2)
		d.whole(d.entities[at], d.entities[1+d.IntN(at)])
	}
	for _, e := range d.entities {
		d.union(e)
	}
	for _, e := range d.entities {
		d.lists(e)
	}
	for _, e := range d.entities {
		d.unset(e)
	}
	for _, e := range d.entities {
		d.computed(e)
	}
	for _, e := range d.entities {
		d.directives(e)
	}
	for _, e := range d.entities {
		d.entity(e)
	}
	for _, line := range append(d.unions, d.shapes...) {
		d.f("%s", line)
	}
	d.queries()
	return d.out.String()
}

func (d *designer) f(format string, args ...any) { fmt.Fprintf(&d.out, format+"\n", args...) }

func (d *designer) name(kind string) string {
	d.names++
	return fmt.Sprint(kind, d.names)
}

func (d *designer) directives(e *sketch) {
	for range 1 + d.IntN(2) {
		e.heads = append(e.heads, fmt.Sprintf("@allow(do: READ, when: \"%s\")", d.rule(e, false)))
	}
	verbs := []string{"CREATE", "UPDATE", "UPDATE", "DELETE"}
	if at := slices.IndexFunc(e.fields, func(t *trait) bool { return t.kind == "flag" && !t.computed }); at >= 0 && d.chance(25) {
		// Of two rules that never hold at once, neither holds before and after a write that goes from one to the other.
		verbs = []string{"CREATE", "DELETE"}
		e.heads = append(e.heads, fmt.Sprintf("@allow(do: UPDATE, when: \"%s\")", e.fields[at].name), fmt.Sprintf("@allow(do: UPDATE, when: \"%s != true\")", e.fields[at].name))
	}
	for _, verb := range verbs {
		if d.chance(60) && (verb != "CREATE" || !e.unmade) {
			e.heads = append(e.heads, fmt.Sprintf("@allow(do: %s, when: \"%s\")", verb, d.rule(e, verb == "UPDATE")))
		}
	}
	if d.chance(35) {
		e.heads = append(e.heads, "@softDelete")
	}
	if d.chance(45) {
		e.heads = append(e.heads, "@history")
	}
	d.spans(e)
	if e == d.tenant {
		e.heads = append(e.heads, fmt.Sprintf("@tenant(by: %s, when: \"%s\")", pick(d, "PATH", "HEADER"), pick(d, d.rule(e, false), "viewer != null")))
	}
	if d.chance(20) {
		x := d.condition(scope{of: e, depth: 1, old: d.chance(30)})
		e.heads = append(e.heads, fmt.Sprintf("@check(that: \"%s\", code: BROKEN)", x))
	}
	if d.chance(40) {
		var keys []string
		for _, t := range e.fields {
			if _, written := literalsOf[t.kind]; written && d.chance(30) {
				keys = append(keys, t.name+pick(d, "", "_DESC"))
			}
		}
		if keys != nil {
			e.heads = append(e.heads, "@page(order: ["+strings.Join(keys, ", ")+"], scan: true)")
		}
	}
	for i, line := range e.lines {
		if strings.Contains(line, "@allow") || strings.Contains(line, "@computed") {
			continue
		}
		if d.chance(12) || strings.Contains(line, "@search") && d.chance(35) {
			e.lines[i] += fmt.Sprintf(" @allow(do: READ, when: \"%s\")", d.rule(e, false))
		}
		if d.chance(10) && !strings.Contains(line, "@readOnly") {
			e.lines[i] += fmt.Sprintf(" @allow(do: UPDATE, when: \"%s\")", d.rule(e, true))
		}
		if d.chance(5) && !strings.Contains(line, "@readOnly") {
			e.lines[i] += fmt.Sprintf(" @allow(do: CREATE, when: \"%s\")", d.rule(e, false))
		}
	}
}

func (d *designer) entity(e *sketch) {
	account := ""
	if e.name == "User" {
		account = " @account(login: email, verify: NEVER)"
	}
	d.f("type %s%s @entity%s", e.name, d.shape(e), account)
	for _, h := range e.heads {
		d.f("  %s", h)
	}
	d.f("{")
	if account != "" {
		d.f("  email: Email! @unique")
	}
	for _, l := range e.lines {
		d.f("  %s", l)
	}
	d.f("}")
}

func (d *designer) queries() {
	d.f("extend type Query {")
	for range d.IntN(4) {
		e := d.entities[d.IntN(len(d.entities))]
		sc := scope{of: e, viewer: true, depth: 2}
		var args []string
		if d.chance(40) {
			to := d.entities[d.IntN(len(d.entities))]
			name := d.name("of")
			sc.args = append(sc.args, binding{name, to})
			args = append(args, fmt.Sprintf("%s: ID! @ref(entity: %s)", name, to.name))
		}
		condition := d.condition(sc)
		if d.chance(50) {
			var argument string
			argument, condition = d.scalarArgument(sc, condition)
			args = append(args, argument)
		}
		given := ""
		if len(args) > 0 {
			given = "(" + strings.Join(args, ", ") + ")"
		}
		line := fmt.Sprintf("%s%s: [%s!]! @where(that: \"%s\", scan: true)", d.name("query"), given, e.name, condition)
		if d.chance(50) {
			line += fmt.Sprintf(" @allow(when: \"%s\")", pick(d, "true", "viewer != null"))
		}
		d.f("  %s", line)
	}
	d.f("  unused: [User!]! @where(that: \"true\")")
	d.f("}")
}

// scalarArgument is an argument of a query, which may be absent, and a condition that asks for it too.
func (d *designer) scalarArgument(sc scope, condition string) (argument, with string) {
	kind, name := pick(d, "int", "text", "at", "color"), d.name("given")
	scalar := map[string]string{"int": "Int", "text": "String", "at": "DateTime", "color": "Color"}[kind]
	operator := pick(d, operatorsOf...)
	if kind == "text" || kind == "color" {
		operator = pick(d, "==", "!=")
	}
	compares := fmt.Sprintf("%s %s %s", orElse(d.value(sc, kind), pick(d, literalsOf[kind]...)), operator, name)
	asks := pick(d,
		"("+compares+")", "!("+compares+")", "("+name+" == null || "+compares+")", "("+name+" == null ? "+condition+" : "+compares+")",
		"("+name+" != null && "+compares+")", "("+condition+" ? "+compares+" : false)",
	)
	return name + ": " + scalar + pick(d, "", "", "!"), asks + pick(d, " && ", " || ") + "(" + condition + ")"
}
