package sql

import (
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/schema"
)

func (r *replay) alterTable(list []token) []*facts.MigrationStatement {
	rest := ifExists(list[2:])
	name, at := qualified(rest, 0)
	if name == "" || at >= len(rest) {
		return nil
	}
	t := r.table(name)
	if t == nil {
		t = &schema.Table{Name: name} // made by something that was not read
	}
	var out []*facts.MigrationStatement
	for _, action := range split(rest[at:], ",") {
		if len(action) < 2 {
			continue
		}
		s := &facts.MigrationStatement{Table: name, Schema: schemaOf(rest[:at]), Pos: r.at(action[0]), Text: r.written(list), NewTable: r.made[name]}
		if len(out) == 0 {
			s.Pos = r.at(list[0])
		}
		r.alter(t, action, s)
		r.proves(action, s)
		if s.Kind != "" {
			out = append(out, s)
		}
	}
	return out
}

// alter applies one action of ALTER TABLE.
func (r *replay) alter(t *schema.Table, action []token, s *facts.MigrationStatement) {
	body := action[1:]
	switch {
	case action[0].is("add") && body[0].is("constraint", "primary", "unique", "foreign", "check", "exclude", "index", "key", "fulltext"):
		r.addConstraint(t, body, s)
	case action[0].is("add"):
		body = ifExists(trimWord(body, "column"))
		if len(body) == 0 {
			return
		}
		s.Kind, s.Column = "add column", body[0].text
		r.column(t, body)
		for i := range body {
			switch {
			case body[i].is("not") && i+1 < len(body) && body[i+1].is("null"):
				s.NotNull = true
			case body[i].is("default") && i+1 < len(body):
				s.Default = r.up[body[i+1].at:body[len(body)-1].end]
			case body[i].is("serial", "bigserial"), body[i].is("generated") && until(body, i, "stored") < len(body):
				s.Default = "stored()"
			case body[i].is("unique"):
				s.Unique = true
			}
		}
	case action[0].is("drop") && body[0].is("constraint"):
		body = ifExists(body[1:])
		if len(body) > 0 {
			s.Kind, s.Name = "drop constraint", body[0].text
			t.Indexes = slices.DeleteFunc(t.Indexes, func(i *schema.Index) bool { return i.Name == s.Name })
			t.ForeignKeys = slices.DeleteFunc(t.ForeignKeys, func(k *schema.ForeignKey) bool { return k.Name != "" && k.Name == s.Name })
			if strings.HasSuffix(s.Name, "_pkey") {
				t.PrimaryKey = nil
			}
		}
	case action[0].is("drop") && body[0].is("index", "key") && len(body) > 1:
		r.dropIndex(body[1:])
		s.Kind, s.Name = "drop index", body[1].text
	case action[0].is("drop") && !body[0].is("primary", "foreign", "check"):
		body = ifExists(trimWord(body, "column"))
		if len(body) > 0 {
			s.Kind, s.Column = "drop column", body[0].text
			dropColumn(t, s.Column)
		}
	case action[0].is("rename"):
		r.rename(t, body, s)
	case action[0].is("alter", "modify", "change"):
		r.alterColumn(t, action, body, s)
	case action[0].is("validate"):
		s.Kind = "validate constraint"
	case action[0].is("set") && body[0].is("logged", "unlogged"):
		s.Kind = "set " + strings.ToLower(body[0].text)
	}
}

// proves notes what a checked constraint says of a column: CHECK (column IS NOT NULL), which SET NOT NULL relies on.
func (r *replay) proves(action []token, s *facts.MigrationStatement) {
	lower := strings.ToLower
	switch s.Kind {
	case "add check":
		check := until(action, 0, "check")
		body := action[min(check+1, len(action)):]
		for len(body) > 0 && body[0].is("(") {
			body = body[1:]
		}
		if len(body) < 5 || !body[1].is("is") || !body[2].is("not") || !body[3].is("null") || !body[4].is(")") || !action[0].is("add") || !action[1].is("constraint") {
			return
		}
		r.checks[lower(s.Table+"."+action[2].text)] = body[0].text
		if !s.NotValid {
			r.proven[lower(s.Table+"."+body[0].text)] = true
		}
	case "validate constraint":
		if column := r.checks[lower(s.Table+"."+action[len(action)-1].text)]; column != "" {
			r.proven[lower(s.Table+"."+column)] = true
		}
	case "set not null":
		s.Proven = r.proven[lower(s.Table+"."+s.Column)]
	}
}

func trimWord(list []token, w string) []token {
	if len(list) > 0 && list[0].is(w) {
		return list[1:]
	}
	return list
}

func dropColumn(t *schema.Table, name string) {
	t.Columns = slices.DeleteFunc(t.Columns, func(c *schema.Column) bool { return strings.EqualFold(c.Name, name) })
	t.Indexes = slices.DeleteFunc(t.Indexes, func(i *schema.Index) bool {
		return slices.ContainsFunc(i.Parts, func(p schema.IndexPart) bool { return strings.EqualFold(p.Column, name) })
	})
}

func (r *replay) addConstraint(t *schema.Table, body []token, s *facts.MigrationStatement) {
	s.Kind = "add constraint"
	s.NotValid = until(body, 0, "valid") < len(body)
	kind := body
	if body[0].is("constraint") && len(body) > 2 {
		s.Name = body[1].text
		kind = body[2:]
	}
	if len(kind) == 0 {
		return
	}
	switch {
	case kind[0].is("foreign"):
		s.Kind = "add foreign key"
	case kind[0].is("unique"):
		s.Kind, s.Unique = "add unique", true
	case kind[0].is("primary"):
		s.Kind = "add primary key"
	case kind[0].is("check"):
		s.Kind = "add check"
	case kind[0].is("exclude"):
		s.Kind = "add exclusion"
	case kind[0].is("index", "key"):
		s.Kind = "create index"
	}
	s.Columns = r.columnsIn(kind)
	if i := until(kind, 0, "using"); i+2 < len(kind) && kind[i+1].is("index") { // of an index that exists
		s.Kind, s.NotValid = "constraint using index", true
		return
	}
	if kind[0].is("index", "key") && len(kind) > 1 && kind[1].name() {
		r.index(t, &schema.Index{Name: kind[1].text, Parts: parts(s.Columns)}, kind[0])
		return
	}
	r.define(t, body)
}

// renameIndex replays ALTER INDEX a RENAME TO b, and takes no note of what else can be altered of an index.
func (r *replay) renameIndex(list []token) {
	name, at := qualified(list, 0)
	if name == "" || at+2 >= len(list) || !list[at].is("rename") || !list[at+1].is("to") {
		return
	}
	for _, t := range r.tables {
		for _, i := range t.Indexes {
			if strings.EqualFold(i.Name, name) {
				i.Name = list[at+2].text
			}
		}
	}
}

func (r *replay) rename(t *schema.Table, body []token, s *facts.MigrationStatement) {
	body = trimWord(body, "column")
	switch {
	case body[0].is("to") && len(body) > 1:
		s.Kind, s.To = "rename table", body[1].text
		delete(r.tables, strings.ToLower(t.Name))
		t.Name = s.To
		r.tables[strings.ToLower(s.To)] = t
	case len(body) >= 3 && body[1].is("to"):
		s.Kind, s.Column, s.To = "rename column", body[0].text, body[2].text
		for _, c := range t.Columns {
			if strings.EqualFold(c.Name, s.Column) {
				c.Name = s.To
			}
		}
		for _, i := range t.Indexes {
			for n := range i.Parts {
				if strings.EqualFold(i.Parts[n].Column, s.Column) {
					i.Parts[n].Column = s.To
				}
			}
		}
		for n, c := range t.PrimaryKey {
			if strings.EqualFold(c, s.Column) {
				t.PrimaryKey[n] = s.To
			}
		}
	}
}

func (r *replay) alterColumn(t *schema.Table, action, body []token, s *facts.MigrationStatement) {
	body = trimWord(body, "column")
	if len(body) == 0 {
		return
	}
	s.Column = body[0].text
	has := func(words ...string) bool {
		at := 0
		for _, w := range words {
			at = until(body, at, w)
			if at == len(body) {
				return false
			}
			at++
		}
		return true
	}
	set := func(null bool) {
		for _, c := range t.Columns {
			if strings.EqualFold(c.Name, s.Column) {
				c.Null = null
			}
		}
	}
	switch {
	case has("set", "not", "null"):
		s.Kind, s.NotNull = "set not null", true
		set(false)
	case has("drop", "not", "null"):
		s.Kind = "drop not null"
		set(true)
	case has("type"):
		s.Kind = "change type"
		if i := until(body, 0, "type"); i+1 < len(body) {
			s.To = r.up[body[i+1].at:body[len(body)-1].end]
		}
	case action[0].is("modify", "change"):
		s.Kind = "modify column"
	default:
		s.Kind = "alter column"
	}
}
