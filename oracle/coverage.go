package oracle

import (
	"slices"
	"strings"
)

// features are the parts of the language and of the doors that answers were compared of. One that none was compared of is a
// hole in the generator: TestEveryPath fails by it.
var features = []string{
	"a create", "an update", "a delete", "a restore", "a batch", "a read",
	"a create refused", "an update refused", "a delete refused", "a restore refused", "a batch refused", "a read refused",
	"a create without rules", "an update without rules", "a delete without rules", "a restore without rules",
	"GraphQL", "REST", "nobody",
	"a filter", "some", "every", "none", "an order", "first", "last", "all pages", "all pages backwards", "a count", "a row", "a row by its key", "a query",
	"an aggregation", "groups", "sum", "avg", "min", "max", "a period", "a group of what a rule may hide", "a figure of what a rule may hide",
	"a tenant", "a tenant by its key", "a tenant that is hidden", "no tenant where there are some",
	"parts created", "parts updated", "parts deleted", "a link", "an unlink",
	"a repetition", "a version that must be met", "a stale version",
	"next()", "slug()", "some parts of a value object", "JSON merged", "no overlap", "a span that is taken or ends before it starts",
	"a union", "a union in a filter", "a union written", "a search", "a search of what a rule may hide", "matches()", "at()", "a quotient of Decimals",
	"a history", "a history by REST", "a history of a deleted row", "what Go works out", "a field by an interface",
}

// coverage counts the answers compared of each feature.
type coverage map[string]int

// missing is the features of which nothing was compared.
func (c coverage) missing() []string {
	return slices.DeleteFunc(slices.Clone(features), func(feature string) bool { return c[feature] > 0 })
}

// step counts a step that was compared. Refused tells how it ended.
func (c coverage) step(w *World, s *Step, problems []string) {
	what := "a " + s.Do
	if s.Do == "update" {
		what = "an update"
	}
	switch {
	case len(problems) > 0:
		c[what+" refused"]++
		if t := w.Schema.Types[s.Entity]; t != nil && len(t.Spans) > 0 {
			c.count(slices.Contains(problems, "CONFLICT") || slices.Contains(problems, "INVALID"), "a span that is taken or ends before it starts")
		}
		if slices.Contains(problems, "STALE") {
			c["a stale version"]++
		}
		if s.Tenant != "" && slices.Contains(problems, "NOT_FOUND") {
			c["a tenant that is hidden"]++
		}
		return
	case s.As == "system":
		c[what+" without rules"]++
	default:
		c[what]++
	}
	c.count(s.As == "", "nobody")
	c.count(s.Twice, "a repetition")
	c.count(s.Met != 0, "a version that must be met")
	c.count(s.Tenant != "", "a tenant")
	c.count(s.ByKey, "a tenant by its key")
	c.count(w.Schema.Tenant != nil && s.Tenant == "", "no tenant where there are some")
	rest := s.Door == "rest" || s.Do == "batch" || s.Read != nil && s.Read.Rest
	c.count(rest && s.As != "system", "REST")
	c.count(!rest && s.As != "system", "GraphQL")
	if s.Read != nil {
		c.read(w, s.Read)
	}
	if t := w.Schema.Types[s.Entity]; t != nil {
		c.values(t, s.Values, s.Patch && s.As != "system")
		c.count(s.Do == "create" && slices.ContainsFunc(t.Fields, func(f *Field) bool { _, given := s.Values[f.Name]; return f.slugs() != "" && !given }), "slug()")
		c.count(len(t.Spans) > 0 && (s.Do == "create" || s.Do == "update"), "no overlap")
		c.count(s.Do == "create" && slices.ContainsFunc(t.Fields, (*Field).counts), "next()")
	}
}

func (c coverage) count(happened bool, feature string) {
	if happened {
		c[feature]++
	}
}

func (c coverage) read(w *World, ask *Read) {
	c.count(ask.Where != nil, "a filter")
	c.count(len(ask.Order) > 0, "an order")
	c.count(ask.First > 0, "first")
	c.count(ask.Last > 0, "last")
	c.count(ask.Pages > 0, "all pages")
	c.count(ask.Pages < 0, "all pages backwards")
	c.count(ask.Count, "a count")
	c.count(ask.Row != "", "a row")
	c.count(ask.Key, "a row by its key")
	c.count(w.query(ask.Of) != nil, "a query")
	if ask.Aggregate != nil {
		c.aggregate(w.Schema.Types[ask.Of], ask.Aggregate)
	}
	where := text(ask.Where)
	c.count(strings.Contains(where, `"either`), "a union in a filter")
	c.count(ask.Past > 0, "a history by REST")
	if row := w.find(ask.Row); row != nil {
		c.count(ask.Past > 0 && row.Deleted, "a history of a deleted row")
	}
	of := w.Schema.Types[ask.Of]
	if q := w.query(ask.Of); q != nil {
		of = q.Of
	}
	c.sought(of, ask)
	c.selected(of, ask)
	rules := rulesOf(of)
	c.count(strings.Contains(rules, ".matches("), "matches()")
	c.count(strings.Contains(rules, ".at("), "at()")
	for _, quantifier := range []string{"some", "every", "none"} {
		c.count(strings.Contains(where, `"`+quantifier+`":`), quantifier)
	}
}

func (c coverage) sought(t *Type, ask *Read) {
	if ask.Search != "" {
		c["a search"]++
		c.count(slices.ContainsFunc(t.Fields, func(f *Field) bool { return f.Search && len(f.Allow["READ"]) > 0 }), "a search of what a rule may hide")
	}
}

// selected counts what is selected of rows, at any depth.
func (c coverage) selected(t *Type, ask *Read) {
	for _, s := range ask.Select {
		f := t.Field(s.Field)
		switch {
		case f == nil && s.Field == historyField:
			c["a history"]++
		case f == nil:
		case f.Scalar == "union":
			c["a union"]++
		case f.Method:
			c["what Go works out"]++
		case f.Type != nil && f.Type.Entity && s.Of != nil:
			c.sought(f.Type, s.Of)
			c.selected(f.Type, s.Of)
		}
		c.count(f != nil && f.Scalar == "Decimal" && strings.Contains(f.Formula, " / "), "a quotient of Decimals")
		c.count(f != nil && ask.Shape && t.shape(f) != "", "a field by an interface")
	}
}

// rulesOf is what the READ rules and the computed fields of t say, as they are written.
func rulesOf(t *Type) (text string) {
	for _, r := range t.Allow["READ"] {
		text += r.Text + "\n"
	}
	for _, f := range t.Fields {
		for _, r := range f.Allow["READ"] {
			text += r.Text + "\n"
		}
		text += f.Formula + "\n"
	}
	return text
}

func (c coverage) aggregate(t *Type, ask *Aggregate) {
	c["an aggregation"]++
	c.count(len(ask.GroupBy) > 0, "groups")
	for _, name := range ask.GroupBy {
		key := named(groupKeys(t), name)
		c.count(key.period != "", "a period")
		c.count(len(key.top.Allow["READ"]) > 0, "a group of what a rule may hide")
	}
	for of, names := range ask.Of {
		c[of]++
		for _, name := range names {
			c.count(len(named(measures(t, of), name).top.Allow["READ"]) > 0, "a figure of what a rule may hide")
		}
	}
}

func (c coverage) values(t *Type, values map[string]any, patch bool) {
	for name, v := range values {
		f, object := t.Field(name), objectOf(v)
		switch {
		case f == nil || object == nil:
		case f.Scalar == "JSON":
			c.count(patch, "JSON merged")
		case f.Scalar == "union":
			c["a union written"]++
		case f.Scalar == "value":
			c.count(len(object) < len(f.Type.Fields), "some parts of a value object")
		case f.Parts():
			c.count(object["create"] != nil, "parts created")
			c.count(object["update"] != nil, "parts updated")
			c.count(object["delete"] != nil, "parts deleted")
		case f.List():
			c.count(anyOf(map[string]any{"link": object["link"]}), "a link")
			c.count(anyOf(map[string]any{"unlink": object["unlink"]}), "an unlink")
		}
	}
}
