package recipe

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/design"
	"github.com/fettlehq/fettle/diag"
)

var bounds = &Recipe{
	Name:    "bounds",
	Title:   "a text has so many characters, a list so many elements, a number lies between two: at every door and in the database",
	Takes:   "TYPE.FIELD MIN..MAX, of which one may be left out",
	Example: "fettle add bounds Note.title 1..120",
	phrases: []string{"field validation", "max length", "maximum length", "min length", "minimum length", "bounds", "limit the length"},
	apply:   bound,
}

var spanSpec = regexp.MustCompile(`^(-?[0-9]+(?:\.[0-9]+)?)?\.\.(-?[0-9]+(?:\.[0-9]+)?)?$`)

func bound(e *editor, args []string) error {
	if len(args) != 2 {
		return e.usage()
	}
	t, f, err := e.fieldAt(args[0])
	if err != nil {
		return err
	}
	m := spanSpec.FindStringSubmatch(args[1])
	if m == nil || m[1] == "" && m[2] == "" {
		return fmt.Errorf("%s: bounds are written 1..120, 0.. or ..120", args[1])
	}
	directive := ""
	switch {
	case f.Type.List, f.Type.Name == "String", f.Type.Name == "URL", f.Type.Name == "Bytes":
		directive = "length"
		if strings.ContainsAny(args[1], "-") || strings.Count(args[1], ".") > 2 {
			return fmt.Errorf("%s: a length is a whole number", args[1])
		}
	case f.Type.Name == "Int", f.Type.Name == "Int64", f.Type.Name == "Float", f.Type.Name == "Decimal":
		directive = "range"
	default:
		return fmt.Errorf("%s:%d: %s is a %s: texts, lists and numbers have bounds", f.Pos.File, f.Pos.Line, f.Name, f.Type.Name)
	}
	var wanted []string
	for i, name := range []string{"min", "max"} {
		if m[i+1] != "" {
			wanted = append(wanted, name+": "+m[i+1])
		}
	}
	text := fmt.Sprintf("(%s)", strings.Join(wanted, ", "))
	have := design.Find(f.Directives, directive)
	if have == nil {
		e.addToField(t.Name, f.Name, directive, text)
		return nil
	}
	if textOf(have.Arg("min")) == m[1] && textOf(have.Arg("max")) == m[2] {
		return nil
	}
	change := diag.Between(have.Pos, have.End, "@"+directive+text)
	if change.Pos.Line == 0 {
		return fmt.Errorf("%s:%d: the bounds of %s stand on several lines: change them there by hand", have.Pos.File, have.Pos.Line, f.Name)
	}
	e.edit(change)
	return nil
}

var upsert = &Recipe{
	Name:    "upsert",
	Title:   "what a write names by an unknown key is made, by the rules for creating it",
	Takes:   "TYPE.FIELD, the text by which rows are named",
	Example: "fettle add upsert Label.name",
	phrases: []string{"upsert", "create if missing", "create or update", "get or create", "find or create"},
	apply: func(e *editor, args []string) error {
		if len(args) != 1 {
			return e.usage()
		}
		t, f, err := e.fieldAt(args[0])
		if err != nil {
			return err
		}
		if err := stored(f); err != nil {
			return err
		}
		if !slices.Contains([]string{"String", "Int", "Int64", "UUID"}, f.Type.Name) || f.Type.List || !f.Type.Required {
			return fmt.Errorf("%s:%d: rows are named by a text, a whole number or a UUID that all of them have: %s is none", f.Pos.File, f.Pos.Line, f.Name)
		}
		for _, other := range t.Fields {
			if other != f && design.Find(other.Directives, "key") != nil {
				return fmt.Errorf("%s:%d: %s is addressed by %s already", other.Pos.File, other.Pos.Line, t.Name, other.Name)
			}
		}
		key := design.Find(f.Directives, "key")
		switch {
		case key == nil:
			e.addToField(t.Name, f.Name, "key", "(upsert: true)")
		case key.Arg("upsert") == nil:
			e.insert(key.End, "(upsert: true)")
		case key.Arg("upsert").Text != "true":
			e.edit(diag.Between(key.Arg("upsert").Pos, key.Arg("upsert").End, "true"))
		}
		return nil
	},
}
