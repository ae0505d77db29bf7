package recipe

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/fettlehq/fettle/design"
)

var query = &Recipe{
	Name:    "query",
	Title:   "a list of its own of the rows for which a condition holds, without Go",
	Takes:   "NAME TYPE CONDITION",
	Example: `fettle add query openNotes Note "status == OPEN"`,
	phrases: []string{"named query", "filtered list", "named list"},
	apply: func(e *editor, args []string) error {
		if len(args) != 3 {
			return e.usage()
		}
		t, err := e.entity(args[1])
		if err != nil {
			return err
		}
		if err := e.readable(t.Name); err != nil {
			return err
		}
		for _, listed := range e.entities() {
			if args[0] == many(listed.Name) || args[0] == lower(listed.Name) {
				return fmt.Errorf("%s: is how every door reads %s already: clients of that would lose it", args[0], listed.Name)
			}
		}
		condition, err := quoted(args[2])
		if err != nil {
			return err
		}
		return e.operation(design.Query, args[0], t, fmt.Sprintf("%s: [%s!]! @where(that: %s)", args[0], t.Name, condition), "")
	},
}

var operation = &Recipe{
	Name:    "operation",
	Title:   "something is done to a row by Go of the team, under a rule: the build shows the method to write",
	Takes:   "NAME TYPE RULE [CODE...], the codes being those that it may fail with",
	Example: `fettle add operation archiveNote Note "note.owner == viewer" ALREADY_ARCHIVED`,
	phrases: []string{"business operation", "custom operation", "custom endpoint"},
	apply: func(e *editor, args []string) error {
		if len(args) < 3 {
			return e.usage()
		}
		t, err := e.entity(args[1])
		if err != nil {
			return err
		}
		if err := e.readable(t.Name); err != nil {
			return err
		}
		rule, err := quoted(args[2])
		if err != nil {
			return err
		}
		fails := ""
		for _, code := range args[3:] {
			if !valueName.MatchString(code) {
				return fmt.Errorf("%s: a code is written in capitals, such as ALREADY_ARCHIVED", code)
			}
		}
		if codes := args[3:]; len(codes) > 0 {
			fails = fmt.Sprintf(" @fails(with: [%s])", strings.Join(codes, ", "))
		}
		return e.operation(design.Mutation, args[0], t, fmt.Sprintf("%s(%s: ID!): %s! @allow(when: %s)%s", args[0], lower(t.Name), t.Name, rule, fails),
			"fettle generate writes its interface; the build then shows the method to paste")
	},
}

var subscriptions = &Recipe{
	Name:    "subscriptions",
	Title:   "clients are told of each row that is made or changed, as it happens, if they may read it",
	Takes:   "TYPE...",
	Example: "fettle add subscriptions Note",
	phrases: []string{"subscription", "subscriptions", "subscribe to", "websocket", "websockets", "real time", "realtime", "live updates", "server sent events"},
	apply: func(e *editor, args []string) error {
		return e.each(args, func(t *design.Type) error {
			for _, o := range e.design.Operations {
				if on := design.Find(o.Directives, "on"); o.Kind == design.Subscription && textOf(on.Arg("entity")) == t.Name {
					return nil
				}
			}
			if err := e.readable(t.Name); err != nil {
				return err
			}
			allow := ""
			if e.account() != nil {
				allow = ` @allow(when: "viewer != null")`
			}
			name := many(t.Name)
			return e.operation(design.Subscription, name, t, fmt.Sprintf("%s: %s! @on(entity: %[2]s, do: [CREATE, UPDATE])%s", name, t.Name, allow),
				"GraphQL serves it over WebSockets (graphql-transport-ws) and as server-sent events")
		})
	},
}

// operation writes an operation into the module of a type, behind the last of its kind there.
func (e *editor) operation(kind design.OperationKind, name string, t *design.Type, text, note string) error {
	if !fieldName.MatchString(name) {
		return fmt.Errorf("%s: an operation is written like archiveNote", name)
	}
	var last *design.Operation
	for _, o := range e.design.Operations {
		switch {
		case o.Kind == kind && o.Name == name && o.Type.Name == t.Name && e.says(o, text):
			return nil
		case o.Name == name && (o.Kind == kind || kind != design.Subscription && o.Kind != design.Subscription):
			return fmt.Errorf("%s:%d: there is %s already", o.Pos.File, o.Pos.Line, name)
		case o.Kind == kind && o.Module == t.Module:
			last = o
		}
	}
	if note != "" {
		e.note("%s", note)
	}
	if last != nil && last.End.Line > 0 && e.endsLine(last) {
		e.insert(last.End, "\n  "+text)
		return nil
	}
	e.define(fileOf(t), "", fmt.Sprintf("extend type %s {\n  %s\n}\n", kind, text))
	return nil
}

// endsLine tells whether nothing but white space and a comment follows an operation on its line.
func (e *editor) endsLine(o *design.Operation) bool {
	i := slices.IndexFunc(e.sources, func(s design.Source) bool { return s.Name == o.End.File })
	line := []rune(strings.Split(e.sources[i].Text, "\n")[o.End.Line-1])
	rest := strings.TrimSpace(string(line[o.End.Column-1:]))
	return rest == ""
}

// says tells whether an operation is what a text would write: the same condition, rule and codes.
func (e *editor) says(o *design.Operation, text string) bool {
	alone := open([]design.Source{{Name: "design/alone.graphql", Text: fmt.Sprintf("extend type %s {\n%s\n}\n", o.Kind, text)}}, "")
	if len(alone.design.Operations) != 1 {
		return false
	}
	for _, d := range alone.design.Operations[0].Directives {
		have := design.Find(o.Directives, d.Name)
		for _, arg := range d.Args {
			given := have.Arg(arg.Name)
			if given == nil || given.Text != arg.Value.Text || !slices.Equal(texts(given.Names()), texts(arg.Value.Names())) {
				return false
			}
		}
	}
	return true
}

// quoted is an expression as a string of SDL.
func quoted(expression string) (string, error) {
	if strings.TrimSpace(expression) == "" {
		return "", fmt.Errorf("a condition is needed, such as %q", "status == OPEN")
	}
	if strings.ContainsFunc(expression, unicode.IsControl) {
		return "", fmt.Errorf("%q: a condition stands on one line", expression)
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(expression) + `"`, nil
}
