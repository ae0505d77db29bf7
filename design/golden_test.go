package design_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/fettlehq/fettle/design"
	"github.com/fettlehq/fettle/diag"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// A design in testdata/*.txtar gives the tree, or the problems, of its last section.
func TestGolden(t *testing.T) {
	for _, file := range glob(t, "testdata/*.txtar") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			golden, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var files []design.Source
			for _, f := range golden.Files {
				if strings.HasSuffix(f.Name, ".graphql") {
					files = append(files, design.Source{Name: f.Name, Text: string(f.Data)})
				}
			}
			want := &golden.Files[len(golden.Files)-1]
			var problems diag.List
			d := design.Parse(files, &problems)
			got := printed(problems, files)
			if want.Name == "tree" {
				got += tree(d)
			}
			if *update {
				want.Data = []byte(got)
				if err := os.WriteFile(file, txtar.Format(golden), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if got != string(want.Data) {
				t.Errorf("got\n%s", got)
			}
		})
	}
}

// tree prints all that a Design holds, a line each, with its place.
func tree(d *design.Design) string {
	var b strings.Builder
	fmt.Fprintf(&b, "backend %s %q %q\n", at(d.Backend.Pos), d.Backend.Name, d.Backend.Module)
	for _, s := range d.Services {
		fmt.Fprintf(&b, "service %s %q %s\n", at(s.Pos), s.Name, names(s.Modules))
	}
	for _, m := range d.Modules {
		fmt.Fprintf(&b, "module %s %s %q\n", m.Name, m.File, m.Doc)
	}
	for _, t := range d.Types {
		fmt.Fprintf(&b, "%s %s %s %q in %s%s%s\n", t.Kind, at(t.Pos), t.Name, t.Doc, t.Module.Name, names(t.Implements), names(t.Members))
		directives(&b, t.Directives)
		for _, f := range t.Fields {
			field(&b, "field", f)
		}
		for _, v := range t.Values {
			fmt.Fprintf(&b, "  value %s %s %q\n", at(v.Pos), v.Name, v.Doc)
			directives(&b, v.Directives)
		}
	}
	for _, op := range d.Operations {
		fmt.Fprintf(&b, "%s in %s\n", op.Kind, op.Module.Name)
		field(&b, "operation", &op.Field)
		for _, a := range op.Args {
			field(&b, "argument", a)
		}
	}
	return b.String()
}

func field(b *strings.Builder, what string, f *design.Field) {
	fmt.Fprintf(b, "  %s %s %s %q: %s %s required=%t list=%t elements=%t\n", what, at(f.Pos), f.Name, f.Doc,
		at(f.Type.Pos), f.Type.Name, f.Type.Required, f.Type.List, f.Type.Elements)
	directives(b, f.Directives)
}

func directives(b *strings.Builder, ds []*design.Directive) {
	for _, d := range ds {
		fmt.Fprintf(b, "    @%s %s", d.Name, at(d.Pos))
		for _, a := range d.Args {
			fmt.Fprintf(b, " %s %s=%s", at(a.Pos), a.Name, value(a.Value))
		}
		b.WriteString("\n")
	}
}

func value(v design.Value) string {
	var parts []string
	for _, item := range v.List {
		parts = append(parts, value(item))
	}
	for _, a := range v.Args {
		parts = append(parts, a.Name+"="+value(a.Value))
	}
	return fmt.Sprintf("%s(%s %q%s)", v.Kind, at(v.Pos), v.Text, strings.Join(parts, ", "))
}

func names(list []design.Name) string {
	var b strings.Builder
	for _, n := range list {
		fmt.Fprintf(&b, " %s@%s", n.Text, at(n.Pos))
	}
	return b.String()
}

func at(pos diag.Pos) string { return fmt.Sprintf("%d:%d", pos.Line, pos.Column) }
