package oracle

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// sdl is the type of a kind in SDL.
var sdl = map[string]string{
	"text": "String", "int": "Int", "big": "Int64", "real": "Float", "exact": "Decimal", "flag": "Boolean", "at": "DateTime", "day": "Date",
	"clock": "Time", "zone": "TimeZone", "span": "Duration", "color": "Color", "mood": "Mood", "money": "Money", "labels": "[String!]", "marks": "[Int!]",
	"hues": "[Color!]", "days": "[Date!]", "sums": "[Decimal!]", "reals": "[Float!]", "spans": "[Duration!]", "yeses": "[Boolean!]",
	"instants": "[DateTime!]", "bigs": "[Int64!]", "data": "JSON",
}

var scalarKinds = []string{"text", "text", "int", "int", "real", "exact", "flag", "flag", "at", "day", "clock", "span", "color", "mood", "money", "labels", "marks", "big", "lists", "zone", "data"}

// belonging is the reference by which most entities belong to a tenant, where there is one.
func (d *designer) belonging(e *sketch, at int) {
	if d.tenant == nil || at < 2 || d.chance(25) {
		return
	}
	to := d.tenant
	if at > 2 && d.chance(30) {
		to = d.entities[2+d.IntN(at-2)]
	}
	t := &trait{kind: "link", name: d.name("home"), to: to}
	e.fields = append(e.fields, t)
	e.lines = append(e.lines, fmt.Sprintf("%s: %s!%s", t.name, to.name, pick(d, "", " @onDelete(do: CASCADE)")))
}

func (d *designer) scalars(e *sketch) {
	if d.chance(25) {
		e.fields = append(e.fields, &trait{kind: "text", name: d.name("key")})
		e.lines = append(e.lines, e.fields[len(e.fields)-1].name+": String! @key")
	}
	if d.chance(15) {
		e.fields = append(e.fields, &trait{kind: "int", name: d.name("number")})
		e.lines = append(e.lines, e.fields[len(e.fields)-1].name+": Int! @readOnly @default(from: \"next("+d.parent(e)+")\")")
	}
	if d.chance(30) {
		of := &trait{kind: "text", name: d.name("title")}
		slug := &trait{kind: "text", name: d.name("slug")}
		e.fields = append(e.fields, of, slug)
		e.lines = append(e.lines, of.name+": String!"+pick(d, "", " @search"), slug.name+": String!"+pick(d, "", " @readOnly")+pick(d, "", " @unique")+` @default(from: "slug(`+of.name+`)")`)
	}
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

// whole makes rows of e parts of rows of another entity, and lets people write them.
func (d *designer) whole(e, of *sketch) {
	by := &trait{kind: "link", name: d.name("whole"), to: of, null: d.chance(40)}
	line := by.name + ": " + of.name
	if !by.null {
		line += "!"
	}
	e.fields = append(e.fields, by)
	e.lines = append(e.lines, line+" @onDelete(do: CASCADE)")
	parts := &trait{kind: "list", name: d.name("parts"), to: e}
	of.fields = append(of.fields, parts)
	of.lines = append(of.lines, fmt.Sprintf("%s: [%s!]! @inverse(field: %s)", parts.name, e.name, by.name))
	if d.chance(60) {
		of.heads = append(of.heads, `@allow(do: [READ, UPDATE], when: "true")`)
		e.heads = append(e.heads, `@allow(do: READ, when: "true")`)
	}
	for _, verb := range []string{"CREATE", "UPDATE", "DELETE"} {
		e.heads = append(e.heads, fmt.Sprintf("@allow(do: %s, when: \"%s\")", verb, pick(d, "true", "viewer != null")))
	}
}

// required is the beginning of a field that must have a value.
var required = regexp.MustCompile(`^(\w+: (?:\w+|\[\w+!\]))!`)

// unset lets fields that must have a value, and that clients never give one, be null, or clients make no rows of e: check asks for one of the two.
func (d *designer) unset(e *sketch) {
	made := slices.ContainsFunc(e.heads, func(head string) bool { return strings.Contains(head, "CREATE") })
	for i, line := range e.lines {
		name, _, _ := strings.Cut(line, ":")
		at := slices.IndexFunc(e.fields, func(t *trait) bool { return t.name == name })
		hidden := strings.Contains(line, "@readOnly") || strings.Contains(line, "@internal")
		if !hidden || at < 0 || e.fields[at].kind == "list" || strings.Contains(line, "@default") || !required.MatchString(line) {
			continue
		}
		if e.unmade = e.unmade || !made && d.chance(30); !e.unmade {
			e.lines[i], e.fields[at].null = required.ReplaceAllString(line, "$1"), true
		}
	}
}

// parent is a reference whose rows number those of e, or none.
func (d *designer) parent(e *sketch) string {
	for _, t := range e.fields {
		if t.kind == "link" && d.chance(70) {
			return t.name
		}
	}
	return ""
}

// manner is directives of a scalar field.
func (d *designer) manner(e *sketch, t *trait) string {
	text := ""
	if t.kind == "text" && d.chance(30) {
		text += " @search"
	}
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
	if d.chance(70) { // many-to-many
		others := slices.DeleteFunc(slices.Clone(d.entities), func(to *sketch) bool { return refers(to, e) || to == e })
		if len(others) > 0 {
			to := others[d.IntN(len(others))]
			l := &trait{kind: "list", name: d.name("tags"), to: to}
			e.fields, e.lines = append(e.fields, l), append(e.lines, fmt.Sprintf("%s: [%s!]!%s", l.name, to.name, pick(d, "", "", " @length(max: 4)", " @readOnly")))
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
	return slices.ContainsFunc(from.fields, func(t *trait) bool { return t.kind == "link" && t.to == to || slices.Contains(t.arms, to) })
}

// union is now and then a reference to a row of one of two entities, with the lists that are its other side.
func (d *designer) union(e *sketch) {
	if !d.chance(35) {
		return
	}
	a := d.entities[d.IntN(len(d.entities))]
	b := d.entities[d.IntN(len(d.entities))]
	if a == b {
		return
	}
	name := fmt.Sprint("Either", len(d.unions)+1)
	d.unions = append(d.unions, fmt.Sprintf("union %s = %s | %s", name, a.name, b.name))
	t := &trait{kind: "union", name: d.name("either"), arms: []*sketch{a, b}, null: d.chance(60)}
	line := t.name + ": " + name
	if !t.null {
		line += "!"
	}
	line += pick(d, "", "", " @immutable", " @readOnly")
	if t.null {
		line += pick(d, "", " @onDelete(do: SET_NULL)")
	}
	e.fields, e.lines = append(e.fields, t), append(e.lines, line)
	for _, arm := range t.arms {
		if d.chance(50) {
			l := &trait{kind: "list", name: d.name("about"), to: e}
			arm.fields = append(arm.fields, l)
			arm.lines = append(arm.lines, fmt.Sprintf("%s: [%s!]! @inverse(field: %s)", l.name, e.name, t.name))
		}
	}
}

// spans is now and then a rule that no two rows overlap.
func (d *designer) spans(e *sketch) {
	for _, kind := range []string{"at", "day"} {
		if !d.chance(15) {
			continue
		}
		from, until := &trait{kind: kind, name: d.name(kind), null: d.chance(30)}, &trait{kind: kind, name: d.name(kind), null: d.chance(50)}
		for _, t := range []*trait{from, until} {
			line := t.name + ": " + sdl[kind]
			if !t.null {
				line += "!"
			}
			e.lines = append(e.lines, line)
		}
		head := fmt.Sprintf("@noOverlap(from: %s, until: %s", from.name, until.name)
		if per := d.path(scope{of: e}, pick(d, "int", "color", "text", "big")); per != "" && !strings.Contains(per, ".") && d.chance(80) {
			head += ", per: " + strings.TrimPrefix(per, "this.")
		}
		if flag := d.path(scope{of: e}, "flag"); flag != "" && !strings.Contains(flag, ".") && d.chance(40) {
			head += fmt.Sprintf(", when: \"%s\"", flag)
		}
		e.heads = append(e.heads, head+")")
	}
}

// shape is now and then an interface that an entity has, with one of its fields.
func (d *designer) shape(e *sketch) string {
	if !d.chance(30) || len(e.fields) == 0 {
		return ""
	}
	t := e.fields[d.IntN(len(e.fields))]
	if sdl[t.kind] == "" || t.computed {
		return ""
	}
	name := fmt.Sprint("Shape", len(d.shapes)+1)
	mark := "!"
	if t.null {
		mark = ""
	}
	d.shapes = append(d.shapes, fmt.Sprintf("interface %s {\n  %s: %s%s\n}", name, t.name, sdl[t.kind], mark))
	return " implements " + name
}

func (d *designer) computed(e *sketch) {
	if d.chance(20) {
		e.lines = append(e.lines, d.name("worked")+": String! @computed"+pick(d, "", fmt.Sprintf(" @allow(do: READ, when: \"%s\")", d.rule(e, false))))
	}
	if day := d.path(scope{of: e}, pick(d, "day", "at")); day != "" && d.chance(30) {
		e.lines = append(e.lines, fmt.Sprintf("%s: DateTime @computed(from: \"%s.at(%s, %s)\")", d.name("at"), day,
			pick(d, "'02:30'", "'09:00'"), orElse(d.path(scope{of: e}, "zone"), "'Europe/Rome'")))
	}
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
