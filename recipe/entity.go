package recipe

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/fettlehq/fettle/design"
)

var entity = &Recipe{
	Name:    "entity",
	Title:   "a type more, with table, store and both APIs, whose rows are their owner's",
	Takes:   "[MODULE/]TYPE NAME:TYPE...",
	Example: "fettle add entity shelves/Book title:String! pages:Int",
	phrases: []string{"entity", "resource", "crud", "new type", "new table", "model for"},
	apply:   addEntity,
}

var fieldSpec = regexp.MustCompile(`^([a-z][A-Za-z0-9]*):(\[[A-Z][A-Za-z0-9]*!\]!|[A-Z][A-Za-z0-9]*!?)$`)

func addEntity(e *editor, args []string) error {
	if len(args) < 2 {
		return e.usage()
	}
	module, name, found := strings.Cut(args[0], "/")
	if !found {
		module, name = "", args[0]
	}
	if !typeName.MatchString(name) {
		return fmt.Errorf("%s: a type is written like OrderLine", name)
	}
	if module == "" {
		module = strings.ToLower(many(name))
	}
	if !regexp.MustCompile(`^[a-z][a-z0-9]*$`).MatchString(module) || module == "prelude" {
		return fmt.Errorf("%s: a module is written in lower case letters and digits", module)
	}
	specs := make([][2]string, 0, len(args))
	for _, arg := range args[1:] {
		m := fieldSpec.FindStringSubmatch(arg)
		if m == nil {
			return fmt.Errorf("%s: a field is written NAME:TYPE, such as title:String!, or tags:[Tag!]! for a list", arg)
		}
		of := strings.Trim(m[2], "[]!")
		if t := e.design.ByName[of]; t == nil && of != name {
			return fmt.Errorf("%s: no type %s in the design", arg, of)
		}
		specs = append(specs, [2]string{m[1], m[2]})
	}
	if have := e.typ(name); have != nil {
		if design.Find(have.Directives, "entity") == nil {
			return fmt.Errorf("%s:%d: %s is there already, and no entity", have.Pos.File, have.Pos.Line, name)
		}
		for _, s := range specs {
			if f := field(have, s[0]); f != nil && spelled(f.Type) != s[1] {
				return fmt.Errorf("%s:%d: %s has %s: %s already, not %s", f.Pos.File, f.Pos.Line, name, f.Name, spelled(f.Type), s[1])
			}
		}
		for _, s := range specs {
			if e.addField(name, s[0], s[1]+limits(s[1]), "") {
				e.note("%s:%d: %s is there already, and gets what it lacks", have.Pos.File, have.Pos.Line, name)
			}
		}
		return nil
	}
	if e.account() == nil {
		if err := e.newAccount(); err != nil {
			return err
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "type %s @entity @page(order: [createdAt_DESC])\n  @allow(do: [READ, CREATE, UPDATE, DELETE], when: \"owner == viewer\") {\n", name)
	fmt.Fprintf(&b, "  owner: %s! @readOnly @default(from: \"viewer\") @onDelete(do: CASCADE)\n", e.account().Name)
	for _, s := range specs {
		if s[0] != "owner" {
			fmt.Fprintf(&b, "  %s: %s%s\n", s[0], s[1], limits(s[1]))
		}
	}
	b.WriteString("}\n")
	e.define(moduleFile(module), "", b.String())
	e.note("only its owner sees a %s: say in @allow who else does", lower(name))
	return nil
}

// spelled is a type as a design spells it.
func spelled(t design.TypeRef) string {
	text := t.Name
	if t.List {
		if t.Elements {
			text += "!"
		}
		text = "[" + text + "]"
	}
	if t.Required {
		text += "!"
	}
	return text
}

// limits are those without which no text should be taken from a client.
func limits(typ string) string {
	switch typ {
	case "String!":
		return " @length(min: 1, max: 200)"
	case "String":
		return " @length(max: 2000)"
	case "[String!]!":
		return " @length(max: 20)"
	}
	return ""
}

var comments = &Recipe{
	Name:    "comments",
	Title:   "whoever may read a row may comment on it",
	Takes:   "TYPE",
	Example: "fettle add comments Note",
	phrases: []string{"comment", "comments", "discussion", "replies"},
	apply: func(e *editor, args []string) error {
		return e.each(args, func(t *design.Type) error { return e.comments(t.Name) })
	},
}

func (e *editor) comments(of string) error {
	name, there, err := e.beside(of, "Comment")
	if err != nil || there {
		return err
	}
	t := e.typ(of)
	e.addField(of, many(name), e.listOf(name, of), "")
	e.define(fileOf(t), "", fmt.Sprintf(`"What somebody says about a %[5]s."
type %[1]s @entity @page(order: [createdAt])
  @allow(do: READ, when: "can(READ, %[2]s)")
  @allow(do: CREATE, when: "author == viewer && can(READ, %[2]s)")
  @allow(do: [UPDATE, DELETE], when: "author == viewer") {
  %[2]s: %[3]s! @immutable @onDelete(do: CASCADE)
  author: %[4]s! @readOnly @default(from: "viewer") @onDelete(do: CASCADE)
  body: String! @length(min: 1, max: 20000)
}
`, name, lower(of), of, e.account().Name, Spoken(of)))
	return nil
}

var tags = &Recipe{
	Name:    "tags",
	Title:   "rows carry tags, which are made by naming them",
	Takes:   "TYPE...",
	Example: "fettle add tags Note",
	phrases: []string{"tag", "tags", "tagging", "label with"},
	apply: func(e *editor, args []string) error {
		return e.each(args, func(t *design.Type) error {
			of, file := t.Name, fileOf(t)
			if have := e.typ("Tag"); have != nil && design.Find(have.Directives, "entity") == nil {
				return fmt.Errorf("%s:%d: Tag is there already, and no entity", have.Pos.File, have.Pos.Line)
			} else if have == nil {
				if e.account() == nil {
					if err := e.newAccount(); err != nil {
						return err
					}
				}
				e.define(file, "", `"Made by naming it: what is given an unknown tag creates it."
type Tag @entity @page(order: [name])
  @allow(do: READ, when: "true")
  @allow(do: CREATE, when: "viewer != null") {
  name: String! @key(upsert: true) @length(min: 1, max: 40)
}
`)
			}
			if of == "Tag" {
				return fmt.Errorf("a tag carries no tags")
			}
			e.addField(of, "tags", "[Tag!]! @length(max: 20)", "")
			return nil
		})
	},
}
