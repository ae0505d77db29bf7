package oracle

import (
	"fmt"
	"slices"
	"strings"
)

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

// isArgument tells whether path begins with an argument.
func (sc scope) isArgument(path string) bool {
	name, _, _ := strings.Cut(path, ".")
	return slices.ContainsFunc(sc.args, func(a binding) bool { return a.name == name })
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
			for _, arm := range t.arms {
				to := prefix + t.name + "." + strings.ToLower(arm.name[:1]) + arm.name[1:]
				if kind == "link" || kind == "link:"+arm.name {
					found = append(found, to)
				}
				if hops > 0 {
					walk(to+".", arm, hops-1)
				}
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
			case "exact":
				if by := d.path(scope{vars: []binding{{v, to}}}, kind); d.chance(30) {
					of = fmt.Sprintf("%s / %s", of, orElse(by, "3"))
				}
				return fmt.Sprintf("%s.map(%s, %s).%s()", filtered, v, of, pick(d, "sum", "min", "max", "avg"))
			case "int", "big", "span":
				if by := d.path(scope{vars: []binding{{v, to}}}, pick(d, "int", "big")); by != "" && d.chance(40) {
					of = fmt.Sprintf("%s %s %s", of, pick(d, "*", "*", "/"), by)
				}
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
		return fmt.Sprintf("(%s %s %s)", path, pick(d, "+", "-", "/"), other)
	case "text":
		return pick(d, fmt.Sprintf("(%s + %s)", path, other), path+"."+pick(d, "lower", "upper", "trim")+"()")
	case "span":
		return fmt.Sprintf("(%s %s %s)", path, pick(d, "+", "-"), other)
	case "at":
		if zone := orElse(d.path(sc, "zone"), pick(d, "'Europe/Rome'", "'America/New_York'", "'Asia/Kolkata'")); d.chance(40) {
			return fmt.Sprintf("%s.at(%s, %s)", orElse(d.path(sc, "day"), path), orElse(d.path(sc, "clock"), pick(d, "'02:30'", "'09:00'", "'00:00'")), zone)
		}
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
	switch d.IntN(13) {
	case 11:
		union := d.path(sc, "union")
		if union == "" {
			return ""
		}
		if sc.viewer && d.chance(40) {
			return union + pick(d, " == viewer", " != viewer")
		}
		return pick(d, union+" == null", union+" != null", "can(READ, "+union+")", "can(UPDATE, "+union+")")
	case 12:
		row := d.path(sc, "link")
		if sc.of != nil && len(sc.vars) == 0 && d.chance(60) {
			row = "this"
		}
		if row != "" {
			return row + ".matches('" + pick(d, "a", "b", "ab", "a*", "É") + "')"
		}
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
			if other := d.value(sc, kind); other != a || !sc.isArgument(a) { // check refuses an argument beside itself
				b = orElse(other, b)
			}
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
