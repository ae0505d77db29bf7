package typescript_test

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/lift/prisma"
	"github.com/fettlehq/fettle/lift/typescript"
)

var update = flag.Bool("update", false, "rewrite what the cases want")

// Each case is a backend, and "want": its facts as told below.
func TestFacts(t *testing.T) {
	cases, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(cases) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, name := range cases {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			dir, at := t.TempDir(), -1
			for i, f := range archive.Files {
				if f.Name == "want" {
					at = i
					continue
				}
				to := filepath.Join(dir, filepath.FromSlash(f.Name))
				if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(to, f.Data, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			lifted, err := typescript.Lift(dir, prisma.Lift(dir).Schemas)
			if err != nil {
				t.Fatal(err)
			}
			got := []byte(tell(lifted))
			if at < 0 {
				archive.Files = append(archive.Files, txtar.File{Name: "want"})
				at = len(archive.Files) - 1
			}
			if *update {
				archive.Files[at].Data = got
				if err := os.WriteFile(name, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if !bytes.Equal(got, archive.Files[at].Data) {
				t.Errorf("got\n%s\nwant\n%s", got, archive.Files[at].Data)
			}
		})
	}
}

// tell tells facts, each in a line: routes with their guards, the tables of models, and of each function what it does.
func tell(lifted *typescript.Lifted) string {
	var out strings.Builder
	f := lifted.Facts
	for _, r := range f.Routes {
		fmt.Fprintf(&out, "route %s %s %s", r.Kind, r, r.Handler.Name)
		for _, g := range r.Guards {
			fmt.Fprintf(&out, " guard %s", g.Name)
			if g.Auth {
				out.WriteString("!")
			}
		}
		out.WriteString("\n")
	}
	if f.Models != nil {
		for _, table := range f.Models.Schema.Tables {
			fmt.Fprintf(&out, "table %s key %v", table.Name, table.PrimaryKey)
			for _, c := range table.Columns {
				fmt.Fprintf(&out, " %s:%s", c.Name, c.Type)
			}
			for _, i := range table.Indexes {
				unique := ""
				if i.Unique {
					unique = "unique "
				}
				fmt.Fprintf(&out, " %sindex", unique)
				for _, p := range i.Parts {
					fmt.Fprintf(&out, " %s", p.Column)
				}
			}
			for _, k := range table.ForeignKeys {
				fmt.Fprintf(&out, " %v to %s", k.Columns, k.Table)
			}
			out.WriteString("\n")
		}
	}
	for _, function := range f.Functions {
		lines := doing(function)
		if len(lines) == 0 {
			continue
		}
		fmt.Fprintf(&out, "%s(%s)\n", function.Name, strings.Join(function.Params, ", "))
		for _, line := range lines {
			out.WriteString("\t" + line + "\n")
		}
	}
	for _, text := range lifted.Embedded {
		fmt.Fprintf(&out, "sql %s: %s\n", text.Name, text.SQL)
	}
	return out.String()
}

// doing are the queries, calls and effects of a function, by their places.
func doing(f *facts.Function) []string {
	type line struct {
		at   facts.Pos
		text string
	}
	var all []line
	add := func(at facts.Pos, loop *facts.Loop, place facts.Place, text string) {
		if loop != nil {
			text += fmt.Sprintf(" for each of %s (%s)", loop.Over, loop.Kind)
		}
		if place.ErrorPath {
			text += " on failure"
		}
		if place.Branch {
			text += " sometimes"
		}
		all = append(all, line{at, fmt.Sprintf("%d: %s", at.Line, text)})
	}
	for _, q := range f.Queries {
		text := q.Library + " " + asks(q.Statement)
		if q.Statement == nil {
			text = q.Library + " " + cmp.Or(q.Text, "nothing known")
		} else {
			for _, inner := range q.Statement.Inner {
				text += "; " + asks(inner)
			}
		}
		if q.One {
			text += " one"
		}
		if q.Handle.Kind != "" {
			text += " through " + q.Handle.Kind
		}
		if len(q.Dynamic) > 0 {
			text += fmt.Sprintf(" put together with %s", values(q.Dynamic))
		}
		add(q.Pos, q.Loop, q.Place, text)
	}
	for _, c := range f.Calls {
		names := make([]string, 0, len(c.Callees))
		for _, callee := range c.Callees {
			names = append(names, callee.Name)
		}
		verb := "calls"
		if c.Handed {
			verb = "hands over"
		}
		add(c.Pos, c.Loop, c.Place, fmt.Sprintf("%s %s %s", verb, strings.Join(names, ", "), values(c.Args)))
	}
	for _, e := range f.Effects {
		add(e.Pos, e.Loop, e.Place, e.Kind+" "+e.Name)
	}
	slices.SortStableFunc(all, func(a, b line) int {
		return cmp.Or(cmp.Compare(a.at.Line, b.at.Line), cmp.Compare(a.at.Column, b.at.Column))
	})
	out := make([]string, 0, len(all))
	for _, l := range all {
		out = append(out, l.text)
	}
	return out
}

// asks tells a statement.
func asks(s *facts.Statement) string {
	var out strings.Builder
	out.WriteString(string(s.Verb))
	for _, t := range s.Tables {
		out.WriteString(" " + t.Table)
	}
	for _, set := range s.Sets {
		out.WriteString(" set " + set)
	}
	for i, p := range s.Predicates {
		word := "where"
		if i > 0 {
			word = "and"
		}
		if p.Disjoint {
			word = "or"
		}
		fmt.Fprintf(&out, " %s %s %s", word, p.Column, p.Operator)
		switch {
		case p.Arg != nil:
			out.WriteString(" " + origins(p.Arg.Origins))
		case p.Literal != "":
			out.WriteString(" " + p.Literal)
		}
		if p.Optional {
			out.WriteString("?")
		}
	}
	for _, o := range s.Order {
		out.WriteString(" by " + o.Column)
		if o.Descending {
			out.WriteString(" desc")
		}
	}
	if s.Limit != "" {
		out.WriteString(" limit " + s.Limit)
	}
	if s.Offset {
		out.WriteString(" offset")
	}
	switch {
	case s.Unread:
		out.WriteString(" unread")
	case s.Nested:
		out.WriteString(" nested")
	}
	return out.String()
}

func values(all []facts.Value) string {
	out := make([]string, 0, len(all))
	for _, v := range all {
		out = append(out, origins(v.Origins))
	}
	return "(" + strings.Join(out, ", ") + ")"
}

// origins tells where a value comes from.
func origins(all []facts.Origin) string {
	out := make([]string, 0, len(all))
	for _, o := range all {
		text := string(o.Kind)
		switch o.Kind {
		case facts.FromParam:
			text = fmt.Sprintf("param %d", o.Index)
			if o.Index >= 0 && o.Index < len(o.Function.Params) {
				text = o.Function.Params[o.Index]
			} else if o.Index < 0 {
				text = "this"
			}
			if o.Field != "" {
				text += "." + o.Field
			}
		case facts.FromLoop:
			text = "item of " + o.Loop.Over
		case facts.FromRequest, facts.FromContext:
			text += " " + o.Name
		case facts.FromQuery:
			text = fmt.Sprintf("query %d", o.Pos.Line)
		}
		if o.Number {
			text += "#"
		}
		if o.Bounded {
			text += "<"
		}
		out = append(out, text)
	}
	return strings.Join(out, "|")
}
