package missingowner

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/review/rule"
	"github.com/fettlehq/fettle/review/trace"
	"github.com/fettlehq/fettle/schema"
)

// A unique key that begins with the tenant says that the rest of it is unique within a tenant alone: who finds a row by the rest finds
// that of any tenant.

// ofTenant are columns that name the one of several customers of a service whom a row belongs to.
var ofTenant = regexp.MustCompile(`(?i)^(tenant|org|organi[sz]ation|workspace|company|realm)_?(id|uid|uuid)$`)

// byTenant looks at statements of one row that compare all of a unique key but the tenant.
func (s *search) byTenant(q *facts.Query) {
	st := q.Statement
	if st == nil || len(st.Tables) != 1 || st.Nested || st.Aggregate || len(q.Dynamic) > 0 || st.Verb != facts.Select && st.Verb != facts.Update && st.Verb != facts.Delete {
		return
	}
	t := s.table(st.Tables[0].Table)
	if t == nil || slices.ContainsFunc(st.Predicates, func(p facts.Predicate) bool {
		return p.Disjoint || ofTenant.MatchString(p.Column) || slices.Contains(t.PrimaryKey, p.Column)
	}) {
		return
	}
	key, column := tenantKey(t, st)
	if key == nil {
		return
	}
	var sibling *facts.Query
	for _, other := range s.ofTable[strings.ToLower(t.Name)] {
		if other.Statement.Verb != facts.Insert && compares(other.Statement, column) && compares(other.Statement, key[0]) {
			sibling = other
			break
		}
	}
	path := s.tracer.To(q.From)
	if sibling == nil || path == nil || s.tracer.ForOperators(path.Route) {
		return
	}
	for _, p := range st.Predicates {
		if !slices.Contains(key, p.Column) || p.Arg.Has(facts.FromQuery) || p.Arg.Has(facts.FromContext) || !p.Arg.Has(facts.FromParam) && !p.Arg.Has(facts.FromRequest) && !p.Arg.Has(facts.FromChecked) {
			continue // what a row of this tenant holds
		}
		s.found = append(s.found, rule.Finding{
			Pos: q.Pos, Confidence: rule.Likely,
			Message: fmt.Sprintf("a row of %s is found by its %s, which is unique within its %s alone, and that is not asked for, as %s does", t.Name, strings.Join(key, ", "), column, sibling.From.Name),
			Evidence: append(path.Evidence(), rule.Evidence{Pos: q.Pos, What: trace.Query(q)},
				rule.Evidence{Pos: sibling.Pos, What: "what compares it: " + trace.Query(sibling)}),
			Fix: fmt.Sprintf("AND %s = …, the caller's", column),
		})
		return
	}
}

// tenantKey is a unique key of a table of which a statement compares all but the tenant, without the tenant, and the tenant's column; nil where
// there is none, or where the statement finds a row by a key of another kind.
func tenantKey(t *schema.Table, st *facts.Statement) (key []string, column string) {
	for _, index := range t.Indexes {
		if !index.Unique {
			continue
		}
		var rest []string
		tenant := ""
		for _, part := range index.Parts {
			if ofTenant.MatchString(part.Column) {
				tenant = part.Column
			} else {
				rest = append(rest, part.Column)
			}
		}
		if slices.ContainsFunc(rest, func(c string) bool { return refers(t, c) }) {
			continue // whoever names another row by its own key says whose it is
		}
		if len(rest) == 0 || slices.ContainsFunc(rest, func(c string) bool { return !compares(st, c) }) {
			continue
		}
		if tenant == "" {
			return nil, ""
		}
		key, column = rest, tenant
	}
	return key, column
}

// refers reports whether a column names a row of another table.
func refers(t *schema.Table, column string) bool {
	return strings.HasSuffix(facts.Snake(column), "_id") || slices.ContainsFunc(t.ForeignKeys, func(k *schema.ForeignKey) bool {
		return slices.ContainsFunc(k.Columns, func(c string) bool { return strings.EqualFold(c, column) })
	})
}

// compares reports whether a statement asks for one value of a column.
func compares(st *facts.Statement, column string) bool {
	return slices.ContainsFunc(st.Predicates, func(p facts.Predicate) bool {
		return p.Operator == "=" && p.Arg != nil && strings.EqualFold(p.Column, column)
	})
}
