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
	out      strings.Builder
	names    int
}

// sketch is an entity on its way.
type sketch struct {
	name   string
	fields []*trait
	lines  []string // of its fields
	heads  []string // of its directives
}

// trait is a field as expressions know it.
type trait struct {
	name     string
	kind     string // text, int, real, exact, flag, at, day, clock, span, color, money, labels, link, list
	to       *sketch
	null     bool
	computed bool
}

// scope is what an expression may name.
type scope struct {
	of     *sketch
	vars   []binding
	args   []binding
	viewer bool
	old    bool
	depth  int
}

type binding struct {
	name string
	of   *sketch
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
	for i, e := range d.entities {
		d.scalars(e)
		d.references(e, i)
	}
	for _, e := range d.entities {
		d.lists(e)
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
	d.queries()
	return d.out.String()
}

func (d *designer) f(format string, args ...any) { fmt.Fprintf(&d.out, format+"\n", args...) }

func (d *designer) name(kind string) string {
	d.names++
	return fmt.Sprint(kind, d.names)
}

// sdl is the type of a kind in SDL.
var sdl = map[string]string{
	"text": "String", "int": "Int", "big": "Int64", "real": "Float", "exact": "Decimal", "flag": "Boolean", "at": "DateTime", "day": "Date",
	"clock": "Time", "span": "Duration", "color": "Color", "mood": "Mood", "money": "Money", "labels": "[String!]", "marks": "[Int!]",
	"hues": "[Color!]", "days": "[Date!]", "sums": "[Decimal!]", "reals": "[Float!]", "spans": "[Duration!]", "yeses": "[Boolean!]",
	"instants": "[DateTime!]", "bigs": "[Int64!]",
}

var scalarKinds = []string{"text", "text", "int", "int", "real", "exact", "flag", "flag", "at", "day", "clock", "span", "color", "mood", "money", "labels", "marks", "big", "lists"}

func (d *designer) scalars(e *sketch) {
	for range 2 + d.IntN(5) {
		t := &trait{kind: pick(d, scalarKinds...), null: d.chance(50)}
		if t.kind == "lists" {
			t.kind = pick(d, "hues", "days", "sums", "reals", "spans", "yeses", "instants", "bigs")
		}
		t.name = d.name(t.kind)
		line := t.name + ": " + sdl[t.kind]
		if !t.null {
			line += "!"
		}
		line += d.manner(e, t)
		e.fields = append(e.fields, t)
		e.lines = append(e.lines, line)
	}
}

// manner is directives of a scalar field.
func (d *designer) manner(e *sketch, t *trait) string {
	text := ""
	if d.chance(25) || e.name == "User" && d.chance(50) {
		text += " @readOnly"
	} else if d.chance(10) {
		text += " @immutable"
	}
	if d.chance(20) {
		switch t.kind {
		case "int":
			text += " @default(value: 2)"
		case "flag":
			text += " @default(value: false)"
		case "color":
			text += " @default(value: GREEN)"
		case "text":
			text += ` @default(value: "a")`
		case "at":
			text += ` @default(from: "now")`
		case "labels":
			text += ` @default(value: ["a"])`
		}
	}
	switch {
	case t.kind == "int" && d.chance(20):
		text += " @range(min: -2, max: 4)"
	case t.kind == "text" && d.chance(20):
		text += " @length(min: 1, max: 3)"
	case t.kind == "text" && d.chance(20):
		text += pick(d, " @unique", " @unique(ignoreCase: true)")
	case t.kind == "labels" && d.chance(20):
		text += " @length(max: 2)"
	case t.kind == "color" && d.chance(30):
		text += " @flow(from: RED, to: [GREEN, BLUE]) @flow(from: GREEN, to: BLUE)"
	case d.chance(5):
		text += " @internal"
	}
	return text
}

// references to entities above are required now and then, so that rows can be made in order.
func (d *designer) references(e *sketch, at int) {
	if e.name == "User" && d.chance(50) {
		return
	}
	for range 1 + d.IntN(2) {
		to := d.IntN(len(d.entities))
		t := &trait{kind: "link", name: d.name("link"), to: d.entities[to], null: to >= at || d.chance(40)}
		line := t.name + ": " + t.to.name
		if !t.null {
			line += "!"
		}
		switch {
		case t.to.name == "User" && d.chance(40):
			line += ` @default(from: "viewer") @readOnly`
		case d.chance(20):
			line += " @readOnly"
		}
		switch d.IntN(4) {
		case 0:
			line += " @onDelete(do: CASCADE)"
		case 1:
			if t.null {
				line += " @onDelete(do: SET_NULL)"
			} else {
				line += " @onDelete(do: RESTRICT)"
			}
		}
		e.fields = append(e.fields, t)
		e.lines = append(e.lines, line)
	}
}

// lists are the other sides of references, many-to-many relations, and links by way of an entity.
func (d *designer) lists(e *sketch) {
	for _, other := range d.entities {
		for _, t := range other.fields {
			if t.kind == "link" && t.to == e && d.chance(60) {
				l := &trait{kind: "list", name: d.name("list"), to: other}
				line := fmt.Sprintf("%s: [%s!]! @inverse(field: %s)", l.name, other.name, t.name)
				if d.chance(15) {
					line += " @length(max: 3)"
				}
				e.fields, e.lines = append(e.fields, l), append(e.lines, line)
			}
		}
	}
	if d.chance(50) { // many-to-many
		to := d.entities[d.IntN(len(d.entities))]
		if !refers(to, e) && to != e {
			l := &trait{kind: "list", name: d.name("tags"), to: to}
			e.fields, e.lines = append(e.fields, l), append(e.lines, fmt.Sprintf("%s: [%s!]! @length(max: 4)", l.name, to.name))
		}
	}
	for _, link := range d.entities {
		if link == e || !d.chance(40) {
			continue
		}
		var from, to *trait
		for _, t := range link.fields {
			switch {
			case t.kind != "link":
			case t.to == e && from == nil:
				from = t
			default:
				to = t
			}
		}
		if from != nil && to != nil && from != to {
			l := &trait{kind: "list", name: d.name("through"), to: to.to}
			line := fmt.Sprintf("%s: [%s!]! @through(entity: %s, from: %s, to: %s)", l.name, l.to.name, link.name, from.name, to.name)
			e.fields, e.lines = append(e.fields, l), append(e.lines, line)
			link.heads = append(link.heads, fmt.Sprintf("@unique(fields: [%s, %s])", from.name, to.name))
		}
	}
}

func refers(from, to *sketch) bool {
	return slices.ContainsFunc(from.fields, func(t *trait) bool { return t.kind == "link" && t.to == to })
}

func (d *designer) computed(e *sketch) {
	for range d.IntN(4) {
		sc := scope{of: e, viewer: true, depth: 2}
		kind := pick(d, "flag", "flag", "int", "text", "real", "exact", "at", "link", "color", "span")
		t := &trait{kind: kind, null: true, computed: true, name: d.name(kind)}
		x, line := "", ""
		switch kind {
		case "flag":
			x, line = d.condition(sc), "Boolean!"
			t.null = false
		case "link":
			list, to := d.list(sc)
			if list == "" {
				continue
			}
			t.to = to
			v := d.name("x")
			x = fmt.Sprintf("%s.find(%s, %s)", list, v, d.condition(sc.with(v, to)))
			line = to.name
		default:
			x, line = d.value(sc, kind), sdl[kind]
		}
		if x == "" {
			continue
		}
		text := fmt.Sprintf("%s: %s @computed(from: \"%s\")", t.name, line, x)
		if d.chance(10) {
			text += fmt.Sprintf(" @allow(do: READ, when: \"%s\")", d.rule(e, false))
		}
		e.lines = append(e.lines, text)
		defer func() { e.fields = append(e.fields, t) }() // not named by the others of its entity: no cycles
	}
}

func (d *designer) directives(e *sketch) {
	for range 1 + d.IntN(2) {
		e.heads = append(e.heads, fmt.Sprintf("@allow(do: READ, when: \"%s\")", d.rule(e, false)))
	}
	for _, verb := range []string{"CREATE", "UPDATE", "UPDATE", "DELETE"} {
		if d.chance(60) {
			e.heads = append(e.heads, fmt.Sprintf("@allow(do: %s, when: \"%s\")", verb, d.rule(e, verb == "UPDATE")))
		}
	}
	if d.chance(20) {
		e.heads = append(e.heads, "@softDelete")
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
			e.heads = append(e.heads, "@page(order: ["+strings.Join(keys, ", ")+"])")
		}
	}
	for i, line := range e.lines {
		if strings.Contains(line, "@allow") || strings.Contains(line, "@computed") {
			continue
		}
		if d.chance(12) {
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
	d.f("type %s @entity%s", e.name, account)
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
		args := ""
		if d.chance(40) {
			to := d.entities[d.IntN(len(d.entities))]
			name := d.name("of")
			sc.args = append(sc.args, binding{name, to})
			args = fmt.Sprintf("(%s: ID! @ref(entity: %s))", name, to.name)
		}
		line := fmt.Sprintf("%s%s: [%s!]! @where(that: \"%s\")", d.name("query"), args, e.name, d.condition(sc))
		if d.chance(50) {
			line += fmt.Sprintf(" @allow(when: \"%s\")", pick(d, "true", "viewer != null"))
		}
		d.f("  %s", line)
	}
	d.f("  unused: [User!]! @where(that: \"true\")")
	d.f("}")
}

// rule is a condition for an @allow: often of the forms that people write.
func (d *designer) rule(e *sketch, old bool) string {
	sc := scope{of: e, viewer: true, old: old && d.chance(30), depth: 2}
	link, user := d.path(sc, "link"), d.path(sc, "link:User")
	switch d.IntN(8) {
	case 0:
		return "true"
	case 1:
		return "viewer != null"
	case 2:
		if user != "" {
			return "viewer != null && " + user + " == viewer"
		}
	case 3:
		if user != "" {
			return user + " == viewer"
		}
	case 4:
		return "viewer != null && (" + d.condition(sc) + ")"
	case 5:
		if link != "" {
			return "can(" + pick(d, "READ", "READ", "DELETE", "CREATE") + ", " + link + ")"
		}
	case 6:
		if flag := d.path(sc, "flag"); flag != "" {
			return flag
		}
	}
	return d.condition(sc)
}

func (sc scope) with(name string, of *sketch) scope {
	sc.vars = append(slices.Clip(sc.vars), binding{name, of})
	sc.depth--
	return sc
}

// path is a random path to a field of that kind, empty where there is none.
func (d *designer) path(sc scope, kind string) string {
	var found []string
	var walk func(prefix string, of *sketch, hops int)
	walk = func(prefix string, of *sketch, hops int) {
		for _, t := range of.fields {
			switch {
			case t.kind == kind, t.kind == "link" && kind == "link:"+t.to.name:
				found = append(found, prefix+t.name)
			case t.kind == "money" && kind == "exact":
				found = append(found, prefix+t.name+".amount")
			case t.kind == "money" && kind == "text":
				found = append(found, prefix+t.name+pick(d, ".unit", ".note"))
			}
			if t.kind == "link" && t.to != nil && hops > 0 {
				walk(prefix+t.name+".", t.to, hops-1)
			}
		}
		switch kind {
		case "at":
			found = append(found, prefix+pick(d, "createdAt", "updatedAt"))
		case "int":
			if d.chance(20) {
				found = append(found, prefix+"version")
			}
		}
	}
	hops := d.IntN(3)
	for _, root := range sc.roots(d) {
		walk(root.name, root.of, hops)
	}
	if found == nil {
		return ""
	}
	return pick(d, found...)
}

// roots are the beginnings of paths, the nearest ones most often.
func (sc scope) roots(d *designer) (roots []binding) {
	for _, v := range sc.vars {
		roots = append(roots, binding{v.name + ".", v.of})
	}
	if sc.of != nil && (len(sc.vars) == 0 || d.chance(40)) {
		roots = append(roots, binding{pick(d, "", "", "this."), sc.of})
	}
	for _, a := range sc.args {
		roots = append(roots, binding{a.name + ".", a.of})
	}
	if sc.old && d.chance(60) {
		roots = append(roots, binding{"old.", sc.of})
	}
	if sc.viewer && d.chance(20) {
		roots = append(roots, binding{"viewer.", d.entities[0]})
	}
	return roots
}

// list is a random list, and what it is of.
func (d *designer) list(sc scope) (string, *sketch) {
	type found struct {
		path string
		to   *sketch
	}
	var all []found
	var walk func(prefix string, of *sketch, hops int)
	walk = func(prefix string, of *sketch, hops int) {
		for _, t := range of.fields {
			if t.kind == "list" {
				all = append(all, found{prefix + t.name, t.to})
			}
			if t.kind == "link" && t.to != nil && !t.computed && hops > 0 {
				walk(prefix+t.name+".", t.to, hops-1)
			}
		}
	}
	sc.old = false
	for _, root := range sc.roots(d) {
		walk(root.name, root.of, d.IntN(2))
	}
	if all == nil {
		return "", nil
	}
	one := pick(d, all...)
	return one.path, one.to
}

var operatorsOf = []string{"==", "!=", "<", "<=", ">", ">="}

// literals of each kind, few so that they meet.
var literalsOf = map[string][]string{
	"text":  {"'a'", "'b'", "'A'", "'ab'", "''", "'é'", "'%'"},
	"int":   {"0", "1", "2", "-1", "3"},
	"big":   {"0", "1", "2", "9007199254740993"},
	"real":  {"0.5", "1.0", "-1.5", "2.0"},
	"exact": {"1.5", "2", "0", "decimal('1.50')", "decimal('0.0001')"},
	"at":    {"now", "timestamp('2026-03-28T22:00:00Z')", "now - duration('1h')"},
	"day":   {"date('2026-03-29')", "date('2024-02-29')"},
	"clock": {"time('09:00')", "time('23:59:59')"},
	"span":  {"duration('1h')", "duration('90s')", "duration('2d')"},
	"color": {"RED", "GREEN", "BLUE", "Color.RED"},
	"mood":  {"GOOD", "BAD", "Mood.RED"},
	"flag":  {"true", "false"},
}

var compared = []string{"text", "int", "real", "exact", "at", "day", "clock", "span", "color", "mood", "big", "flag"}

// value is a random expression of a kind, empty where nothing fits.
func (d *designer) value(sc scope, kind string) string {
	path := d.path(sc, kind)
	if sc.depth <= 0 || d.chance(40) {
		return path
	}
	deeper := sc
	deeper.depth--
	if d.chance(20) {
		a, b := d.value(deeper, kind), d.value(deeper, kind)
		if a == "" {
			return ""
		}
		return fmt.Sprintf("(%s ? %s : %s)", d.condition(deeper), a, orElse(b, pick(d, literalsOf[kind]...)))
	}
	if list, to := d.list(sc); list != "" && d.chance(50) {
		v := d.name("x")
		inner := sc.with(v, to)
		filtered := list
		if d.chance(50) {
			filtered = fmt.Sprintf("%s.filter(%s, %s)", list, v, d.condition(inner))
		}
		if of := d.path(scope{of: nil, vars: []binding{{v, to}}}, kind); of != "" {
			switch kind {
			case "int", "exact", "big", "span":
				return fmt.Sprintf("%s.map(%s, %s).%s()", filtered, v, of, pick(d, "sum", "min", "max"))
			case "real":
				return fmt.Sprintf("%s.map(%s, %s).%s()", filtered, v, of, pick(d, "min", "max", "avg"))
			case "at", "day", "clock":
				return fmt.Sprintf("%s.map(%s, %s).%s()", filtered, v, of, pick(d, "min", "max"))
			}
			if dot := strings.IndexByte(of, '.'); dot >= 0 {
				return fmt.Sprintf("%s.find(%s, %s)%s", list, v, d.condition(inner), of[dot:])
			}
		}
		if kind == "int" {
			return filtered + ".size()"
		}
	}
	if path == "" {
		return ""
	}
	other := orElse(d.value(deeper, kind), pick(d, literalsOf[kind]...))
	switch kind {
	case "int":
		return fmt.Sprintf("(%s %s %s)", path, pick(d, "+", "-", "*", "/", "%"), other)
	case "real":
		return fmt.Sprintf("(%s %s %s)", path, pick(d, "+", "-", "*"), other)
	case "exact":
		return fmt.Sprintf("(%s %s %s)", path, pick(d, "+", "-"), other)
	case "text":
		return pick(d, fmt.Sprintf("(%s + %s)", path, other), path+"."+pick(d, "lower", "upper", "trim")+"()")
	case "span":
		return fmt.Sprintf("(%s %s %s)", path, pick(d, "+", "-"), other)
	case "at":
		return fmt.Sprintf("(%s %s %s)", path, pick(d, "+", "-"), orElse(d.path(sc, "span"), "duration('1h')"))
	}
	return path
}

func orElse(text, other string) string {
	if text == "" {
		return other
	}
	return text
}

// condition is a random condition.
func (d *designer) condition(sc scope) string {
	deeper := sc
	deeper.depth--
	if sc.depth > 0 && d.chance(45) {
		switch d.IntN(7) {
		case 0, 1:
			return fmt.Sprintf("%s && %s", d.bracketed(deeper), d.bracketed(deeper))
		case 2, 3:
			return fmt.Sprintf("%s || %s", d.bracketed(deeper), d.bracketed(deeper))
		case 4, 5:
			return "!(" + d.condition(deeper) + ")"
		case 6:
			return fmt.Sprintf("(%s ? %s : %s)", d.condition(deeper), d.condition(deeper), d.condition(deeper))
		}
	}
	for range 8 {
		if x := d.atom(sc); x != "" {
			return x
		}
	}
	return pick(d, "true", "viewer != null")
}

func (d *designer) bracketed(sc scope) string { return "(" + d.condition(sc) + ")" }

func (d *designer) atom(sc scope) string {
	switch d.IntN(11) {
	case 0:
		return d.path(sc, "flag")
	case 1, 2, 3:
		kind := pick(d, compared...)
		a := d.value(sc, kind)
		if a == "" {
			return ""
		}
		b := pick(d, literalsOf[kind]...)
		if d.chance(30) {
			b = orElse(d.value(sc, kind), b)
		}
		op := pick(d, operatorsOf...)
		if kind == "color" || kind == "mood" || kind == "flag" {
			op = pick(d, "==", "!=")
		}
		if d.chance(10) && op == "==" {
			return fmt.Sprintf("%s in [%s, %s]", a, b, pick(d, literalsOf[kind]...))
		}
		return fmt.Sprintf("%s %s %s", a, op, b)
	case 4:
		kind := pick(d, "link", "link", "text", "int", "at", "money", "exact", "color")
		if path := d.path(sc, kind); path != "" {
			return path + pick(d, " == null", " != null")
		}
	case 5, 6:
		return d.identity(sc)
	case 7, 8:
		return d.aboutList(sc)
	case 9:
		return d.aboutText(sc)
	case 10:
		if link := d.path(sc, "link"); link != "" {
			return "can(" + pick(d, "READ", "UPDATE", "DELETE") + ", " + link + ")"
		}
	}
	return ""
}

// identity compares rows of one entity.
func (d *designer) identity(sc scope) string {
	to := d.entities[0]
	if d.chance(30) {
		to = pick(d, d.entities...)
	}
	var rows []string
	if sc.of == to {
		rows = append(rows, "this")
	}
	for _, v := range append(slices.Clone(sc.vars), sc.args...) {
		if v.of == to {
			rows = append(rows, v.name)
		}
	}
	row := func() string {
		path := d.path(sc, "link:"+to.name)
		if len(rows) > 0 && (path == "" || d.chance(40)) {
			return pick(d, rows...)
		}
		return path
	}
	a, b := row(), row()
	if sc.viewer && to.name == "User" && d.chance(60) {
		b = "viewer"
	}
	if a == "" || b == "" || a == b {
		return ""
	}
	return a + pick(d, " == ", " == ", " != ") + b
}

func (d *designer) aboutList(sc scope) string {
	if d.chance(20) {
		if labels := d.path(sc, "labels"); labels != "" {
			return pick(d, "'a' in "+labels, labels+".exists(l, l.startsWith('a'))", labels+".size() > 1", labels+".all(l, l != 'b')", labels+".exists(l, l == 'é')")
		}
		if marks := d.path(sc, "marks"); marks != "" {
			return pick(d, "1 in "+marks, marks+".exists(m, m > 1)", marks+".size() == 0", marks+".filter(m, m > 0).size() > 1", marks+".sum() > 2", marks+".max() == 2")
		}
	}
	list, to := d.list(sc)
	if list == "" {
		return ""
	}
	v := d.name("x")
	inner := sc.with(v, to)
	switch d.IntN(7) {
	case 0, 1, 2:
		return fmt.Sprintf("%s.%s(%s, %s)", list, pick(d, "exists", "exists", "all", "exists_one"), v, d.condition(inner))
	case 3:
		return fmt.Sprintf("%s.size() %s %d", list, pick(d, operatorsOf...), d.IntN(3))
	case 4:
		return fmt.Sprintf("%s.filter(%s, %s).size() %s %d", list, v, d.condition(inner), pick(d, operatorsOf...), d.IntN(3))
	case 5:
		if sc.viewer && to.name == "User" {
			return "viewer in " + list
		}
		return fmt.Sprintf("%s.exists(%s, true)", list, v)
	}
	flag := d.path(scope{vars: []binding{{v, to}}}, "flag")
	if dot := strings.IndexByte(flag, '.'); dot >= 0 {
		return fmt.Sprintf("%s.find(%s, %s)%s", list, v, d.condition(inner), flag[dot:])
	}
	return ""
}

func (d *designer) aboutText(sc scope) string {
	text := d.path(sc, "text")
	if text == "" {
		return ""
	}
	part := pick(d, literalsOf["text"]...)
	if d.chance(20) {
		part = orElse(d.path(sc, "text"), part)
	}
	switch d.IntN(4) {
	case 0:
		return fmt.Sprintf("%s.%s(%s)", text, pick(d, "startsWith", "endsWith", "contains"), part)
	case 1:
		return fmt.Sprintf("%s.%s() == %s", text, pick(d, "lower", "upper", "trim"), part)
	case 2:
		return fmt.Sprintf("size(%s) %s %d", text, pick(d, operatorsOf...), d.IntN(3))
	}
	return fmt.Sprintf("%s.matches('%s')", text, pick(d, "^a", "b$", "^[a-z]+$", "a|b"))
}
