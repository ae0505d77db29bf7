package build

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/fettlehq/fettle/model"
	"github.com/fettlehq/fettle/schema"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// Each testdata/*.txtar holds a design (*.graphql) and what is made of it: model, schema, unbuilt. Its title is the rule.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no golden files", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			checkGolden(t, file, archive)
		})
	}
}

func checkGolden(t *testing.T, file string, archive *txtar.Archive) {
	sources := map[string]string{"design/zz.graphql": backend}
	for _, f := range archive.Files {
		if strings.HasSuffix(f.Name, ".graphql") {
			sources[f.Name] = string(f.Data)
		}
	}
	d, m, problems := parse(sources)
	for _, p := range problems {
		t.Errorf("%s:%d:%d: %s [%s]", p.Pos.File, p.Pos.Line, p.Pos.Column, p.Message, p.Code)
	}
	problems = nil
	Unbuilt(d, m, &problems)
	problems.Sort()
	var notes strings.Builder
	for _, p := range problems {
		fmt.Fprintf(&notes, "%s:%d:%d: %s\n", p.Pos.File, p.Pos.Line, p.Pos.Column, p.Message)
	}
	got := map[string]string{"model": printModel(m), "schema": printSchema(Schema(m)), "unbuilt": notes.String()}
	changed := false
	for i, f := range archive.Files {
		text, ok := got[f.Name]
		if !ok || text == string(f.Data) {
			continue
		}
		if *update {
			archive.Files[i].Data = []byte(text)
			changed = true
			continue
		}
		t.Errorf("%s differs:\n%s", f.Name, text)
	}
	if changed {
		if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func printModel(m *model.Model) string {
	var b strings.Builder
	for _, e := range m.Entities {
		fmt.Fprintf(&b, "%s: %s, /%s, by %s, %s\n", e.Name, e.Table, e.Path, e.Key.Name, printPage(e.Page))
		for _, f := range e.Fields {
			if !f.Auto {
				fmt.Fprintf(&b, "  %s\n", printField(f))
				printAllow(&b, "    ", f.Allow)
				printChecks(&b, "    ", f.Checks)
				for _, part := range f.Fields {
					fmt.Fprintf(&b, "    %s\n", printField(part))
					printChecks(&b, "      ", part.Checks)
				}
			}
		}
		printAllow(&b, "  ", e.Allow)
		printChecks(&b, "  ", e.Checks)
		for _, u := range e.Uniques {
			fmt.Fprintf(&b, "  unique %s %s\n", strings.Join(fieldNames(u.Fields), " "), printWhen(u.When))
		}
		if h := e.History; h != nil {
			fmt.Fprintf(&b, "  history %s: %s, %s\n", h.Name, h.Table, printPage(h.Page))
			for _, f := range h.Fields {
				fmt.Fprintf(&b, "    %s\n", printField(f))
			}
		}
		if e.TenantColumn != "" {
			fmt.Fprintf(&b, "  of the tenant in %s by %s\n", e.TenantColumn, fieldName(e.TenantBy))
		}
		if e.SoftDelete {
			fmt.Fprintf(&b, "  keeps deleted rows %s\n", e.Keep)
		}
		for _, x := range e.Excludes {
			fmt.Fprintf(&b, "  no overlap of %s to %s per %s: %s %s\n", x.From.Name, x.Until.Name, strings.Join(fieldNames(x.Per), " "), x.Code, printWhen(x.When))
		}
		if len(e.Replaced) > 0 {
			fmt.Fprintf(&b, "  replaced %s\n", strings.Join(e.Replaced, " "))
		}
	}
	for _, module := range m.Modules {
		for _, e := range module.Events {
			fmt.Fprintf(&b, "event %s by %s %s\n", e.Name, fieldName(e.Key), e.From)
			for _, f := range e.Fields {
				fmt.Fprintf(&b, "  %s\n", printField(f))
			}
		}
		for _, o := range module.Operations {
			for _, e := range o.Emits {
				fmt.Fprintf(&b, "%s emits %s\n", o.Name, e.Name)
			}
		}
	}
	for _, module := range m.Modules {
		var uses []string
		for _, u := range module.Uses {
			uses = append(uses, u.Name)
		}
		if len(uses) > 0 {
			fmt.Fprintf(&b, "module %s uses %s\n", module.Name, strings.Join(uses, " "))
		}
		for _, o := range module.Operations {
			fmt.Fprintf(&b, "%s: %s %s\n", o.Name, o.Method, o.Path)
			for _, a := range append(append([]*model.Field{}, o.Args...), o.Result) {
				fmt.Fprintf(&b, "  %s\n", printField(a))
			}
			for _, r := range o.Allow {
				fmt.Fprintf(&b, "  allow %s\n", printRule(r))
			}
			for _, f := range o.Fails {
				fmt.Fprintf(&b, "  fails %s %d\n", f.Code, f.Status)
			}
			if o.Where != nil {
				fmt.Fprintf(&b, "  where %s, %s\n", o.Where, printPage(o.Result.Page))
			}
		}
		for _, o := range module.Subscriptions {
			fmt.Fprintf(&b, "%s: on %v of %s\n", o.Name, o.On, o.Result.Target.Name)
			for _, a := range o.Args {
				fmt.Fprintf(&b, "  %s\n", printField(a))
			}
			for _, r := range o.Allow {
				fmt.Fprintf(&b, "  allow %s\n", printRule(r))
			}
			fmt.Fprintf(&b, "  where %s\n", o.Where)
		}
	}
	if t := m.Tenant; t != nil {
		fmt.Fprintf(&b, "tenant %s by %s when %s\n", t.Entity.Name, t.By, t.When)
	}
	if a := m.Account; a != nil {
		fmt.Fprintf(&b, "account %s by %s, %s, registers with %s\n", a.Entity.Name, a.Login.Name, a.Verify, strings.Join(fieldNames(a.Fields), " "))
	}
	return b.String()
}

func printField(f *model.Field) string {
	parts := []string{f.Name, string(f.Kind)}
	add := func(ok bool, text string) {
		if ok {
			parts = append(parts, text)
		}
	}
	add(f.Target != nil, "of "+nameOf(f))
	add(f.Column != "", "in "+f.Column)
	add(f.Repeated, "repeated")
	add(f.Null, "null")
	add(f.Inverse != nil, "inverse "+fieldName(f.Inverse))
	if j := f.Join; j != nil {
		parts = append(parts, fmt.Sprintf("join %s(%s, %s)", j.Table, j.From, j.To))
		add(j.Tenant != "", "of the tenant in "+j.Tenant)
		add(j.Owner, "owner")
	}
	if th := f.Through; th != nil {
		parts = append(parts, fmt.Sprintf("through %s(%s, %s)", th.Entity.Name, th.From.Name, th.To.Name))
	}
	if p := f.Parts; p != nil {
		parts = append(parts, "parts")
		add(p.Create, "create")
		add(p.Update, "update")
		add(p.Delete, "delete")
	}
	add(f.Bound > 0, fmt.Sprintf("at most %d", f.Bound))
	add(f.OnDelete != "" && (f.OnDelete != model.Restrict || f.Said), string(f.OnDelete))
	add(f.ReadOnly, "readOnly")
	add(f.Immutable, "immutable")
	add(f.Search, "searched")
	add(f.Default != nil, "= "+f.Default.String())
	if f.Flow != nil {
		parts = append(parts, fmt.Sprintf("begins %v", f.Flow.Begins))
		for _, s := range f.Flow.Steps {
			parts = append(parts, fmt.Sprintf("%s to %v", s.From, s.To))
		}
	}
	add(f.Computed != nil, "computed "+f.Computed.String())
	return strings.Join(parts, " ")
}

func nameOf(f *model.Field) string {
	if f.Target == nil {
		return ""
	}
	return f.Target.Name
}

func fieldName(f *model.Field) string {
	if f == nil {
		return ""
	}
	return f.Name
}

func printPage(p model.Page) string {
	var order []string
	for _, o := range p.Order {
		name := o.Field.Name
		if o.Descending {
			name += " down"
		}
		order = append(order, name)
	}
	return fmt.Sprintf("%d to %d by %s", p.Size, p.Max, strings.Join(order, ", "))
}

func printRule(r *model.Rule) string {
	if r.SignedOut {
		return r.When.String() + " signed out too"
	}
	return r.When.String()
}

func printAllow(b *strings.Builder, indent string, a model.Allow) {
	for _, verb := range []model.Verb{model.Read, model.Create, model.Update, model.Delete} {
		for _, r := range *a.Of(verb) {
			fmt.Fprintf(b, "%s%s %s\n", indent, verb, printRule(r))
		}
	}
}

func printChecks(b *strings.Builder, indent string, checks []*model.Check) {
	for _, c := range checks {
		kind := ""
		if c.Local {
			kind += " local"
		}
		fmt.Fprintf(b, "%scheck %s %s%s %s\n", indent, c.Name, c.Code, kind, c.That)
	}
}

func printWhen(x *model.Expr) string {
	if x == nil {
		return ""
	}
	return "when " + x.String()
}

func printSchema(s *schema.Schema) string {
	var b strings.Builder
	for _, t := range s.Tables {
		if strings.HasPrefix(t.Name, "account_") || t.Name == "idempotency_keys" {
			fmt.Fprintf(&b, "table %s …\n", t.Name)
			continue
		}
		fmt.Fprintf(&b, "table %s (%s)\n", t.Name, strings.Join(t.PrimaryKey, ", "))
		for _, c := range t.Columns {
			line := fmt.Sprintf("  %s %s", c.Name, c.Type)
			if c.Digits > 0 {
				line += fmt.Sprintf("(%d, %d)", c.Digits, c.Scale)
			}
			if c.List {
				line += "[]"
			}
			if c.Null {
				line += " null"
			}
			if c.Numbered {
				line += " numbered"
			}
			if c.Copied != nil {
				line += fmt.Sprintf(" copied by %s from %s.%s", c.Copied.By, c.Copied.Table, c.Copied.Column)
			}
			for _, r := range c.Renamed {
				line += " renamed " + r.Was + " to " + r.Name
			}
			if c.Default != nil {
				line += " default " + c.Default.Text
			}
			b.WriteString(line + "\n")
		}
		for _, i := range t.Indexes {
			printIndex(&b, i)
		}
		for _, k := range t.ForeignKeys {
			fmt.Fprintf(&b, "  foreign key %s (%s) %s %s\n", k.Name, strings.Join(k.Columns, ", "), k.Table, k.OnDelete)
		}
		for _, x := range t.Exclusions {
			head := fmt.Sprintf("  exclusion %s (%s to %s) per (%s)", x.Name, x.From, x.Until, strings.Join(x.Per, ", "))
			if x.Where == nil {
				b.WriteString(head + "\n")
			} else {
				printPredicate(&b, head, *x.Where)
			}
		}
		for _, c := range t.Checks {
			printPredicate(&b, "  check "+c.Name, c.That)
		}
		if len(t.Search) > 0 {
			fmt.Fprintf(&b, "  search (%s)\n", strings.Join(t.Search, ", "))
		}
	}
	return b.String()
}

func printIndex(b *strings.Builder, i *schema.Index) {
	var parts []string
	for _, p := range i.Parts {
		part := p.Column
		if p.IgnoreCase {
			part = "lower(" + part + ")"
		}
		if p.Descending {
			part += " desc"
		}
		parts = append(parts, part)
	}
	kind := "index"
	switch {
	case i.Unique:
		kind = "unique"
	case i.Lists:
		kind = "index of elements"
	}
	line := fmt.Sprintf("  %s %s (%s)", kind, i.Name, strings.Join(parts, ", "))
	if i.Where == nil {
		b.WriteString(line + "\n")
		return
	}
	printPredicate(b, line, *i.Where)
}

func printPredicate(b *strings.Builder, head string, p schema.Predicate) {
	if p.SQLite == p.Postgres {
		fmt.Fprintf(b, "%s %s\n", head, p.SQLite)
		return
	}
	fmt.Fprintf(b, "%s\n    postgres %s\n    sqlite   %s\n", head, p.Postgres, p.SQLite)
}
