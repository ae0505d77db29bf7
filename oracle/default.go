package oracle

import (
	"slices"
	"strings"
	"time"
	"unicode"

	"cel.dev/cel-go/common/ast"
)

// defaults fills in what the step does not give.
func (w *World) defaults(o *outcome, row *Row, given []*Field, viewer *Row) {
	for _, f := range row.Type.Fields {
		if _, set := row.Values[f.Name]; set || slices.Contains(given, f) {
			continue
		}
		switch {
		case f.Given != nil:
			v, err := fromJSON(f, defaultJSON(f))
			if err != nil {
				panic(err)
			}
			row.Values[f.Name] = v
		case f.counts():
		case f.slugs() != "":
			of, _ := row.Values[f.slugs()].(string)
			slug := slugOf(of)
			row.Values[f.Name] = slug
			// What is taken, or of nothing, gets letters that nobody foresees.
			o.unsure = o.unsure || slug == "" || slices.ContainsFunc(w.Rows[row.Type], func(other *Row) bool { return other.Values[f.Name] == slug })
		case f.Default != nil:
			row.Values[f.Name] = env{world: w, row: row, values: row.Values, viewer: viewer}.eval(f.Default)
			if f.Scalar == "Date" {
				if at, ok := row.Values[f.Name].(time.Time); ok {
					row.Values[f.Name] = Day(at.Format(time.DateOnly))
				}
			}
		case f.Repeated && !f.Null:
			row.Values[f.Name] = []Value{}
		}
	}
}

// slugs is the field of which f is a slug by default, empty without.
func (f *Field) slugs() string {
	if f.Default == nil || f.Default.Kind() != ast.CallKind || f.Default.AsCall().FunctionName() != "slug" {
		return ""
	}
	return f.Default.AsCall().Args()[0].AsIdent()
}

// slugOf is a text as an address: its letters and digits in lower case, hyphens where others were between them.
func slugOf(text string) string {
	words := strings.FieldsFunc(strings.ToLower(text), func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) })
	return strings.Join(words, "-")
}

// number gives a row the numbers of next(): those of its parent, of its tenant, or of all rows, each once.
func (w *World) number(row *Row) {
	for _, f := range row.Type.Fields {
		if _, given := row.Values[f.Name]; !f.counts() || given && row.Values[f.Name] != nil {
			continue
		}
		counter := w.counter(row, f)
		w.counters[counter]++
		row.Values[f.Name] = w.counters[counter]
	}
	w.reach(row, row.Type.Fields)
}

// reach lets counters stand where a row does that was numbered by hand, or moved.
func (w *World) reach(row *Row, given []*Field) {
	for _, f := range row.Type.Fields {
		if n, ok := row.Values[f.Name].(int64); ok && f.counts() && len(given) > 0 {
			w.counters[w.counter(row, f)] = max(n, w.counters[w.counter(row, f)])
		}
	}
}

// counts tells whether rows are numbered by f.
func (f *Field) counts() bool {
	return f.Default != nil && f.Default.Kind() == ast.CallKind && f.Default.AsCall().FunctionName() == "next"
}

// counter is which numbers a row takes.
func (w *World) counter(row *Row, f *Field) string {
	name := row.Type.Name + "." + f.Name
	if args := f.Default.AsCall().Args(); len(args) == 1 {
		if parent, ok := row.Values[args[0].AsIdent()].(*Row); ok {
			return name + " of " + parent.ID
		}
	}
	if tenant := w.TenantOf(row); tenant != nil && tenant != row {
		return name + " in " + tenant.ID
	}
	return name
}

// defaultJSON is a literal of the design as a door would read it.
func defaultJSON(f *Field) any {
	if f.Given.List != nil || f.Repeated {
		list := []any{}
		for _, item := range f.Given.List {
			list = append(list, item.Text)
		}
		return list
	}
	if f.Scalar == "Boolean" {
		return f.Given.Text == "true"
	}
	return f.Given.Text
}
