// Package lockscope finds locks on other rows than those that are about to be changed.
package lockscope

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/review/rule"
	"github.com/fettlehq/fettle/review/trace"
	"github.com/fettlehq/fettle/schema"
)

//go:embed lock-scope.md
var document string

// Rule is the rule.
var Rule = rule.Rule{Name: "lock-scope", Severity: rule.Medium, CWE: "CWE-667", Document: document, Find: find}

func find(f *facts.Facts) []rule.Finding {
	if f.Database == nil || f.Database.Schema == nil || f.Database.Dialect != "postgres" {
		return nil
	}
	tracer := trace.New(f)
	var out []rule.Finding
	for _, function := range f.Functions {
		if function.Aside == "test" || function.Aside == "migration" {
			continue
		}
		for _, q := range function.Queries {
			if q.Statement == nil {
				continue
			}
			finding := wide(f.Database, q)
			if finding == nil {
				finding = empty(q)
			}
			if finding != nil {
				finding.Evidence = append(tracer.To(function).Evidence(), finding.Evidence...)
				out = append(out, *finding)
			}
		}
	}
	return out
}

// wide tells of a lock that takes the rows of a table that is only joined.
func wide(database *facts.Database, q *facts.Query) *rule.Finding {
	for _, s := range parts(q.Statement) {
		locked, shared := join(database.Schema, s)
		if shared == nil {
			continue
		}
		changed, by := changes(q)
		if !changed[strings.ToLower(locked.Table)] || changed[strings.ToLower(shared.Table)] {
			continue
		}
		finding := &rule.Finding{
			Pos: q.Pos, Confidence: rule.Likely,
			Message: fmt.Sprintf("FOR UPDATE locks the rows of %s as well, which are only joined: whoever locks rows of %s with the same %s waits, or skips them, and so does whoever inserts what refers to it",
				shared.Table, locked.Table, shared.Table),
			Evidence: []rule.Evidence{{Pos: q.Pos, What: trace.Query(q)}},
			Fix:      "FOR UPDATE OF " + locked.Alias,
		}
		if by != nil {
			finding.Evidence = append(finding.Evidence, rule.Evidence{Pos: by.Pos, What: "changes " + locked.Table + " alone: " + trace.Query(by)})
		}
		if at, is := database.At[shared.Table]; is {
			finding.Evidence = append(finding.Evidence, rule.Evidence{Pos: at, What: "the table " + shared.Table})
		}
		return finding
	}
	return nil
}

// empty tells of a lock on what a query of WITH answers, which locks nothing.
func empty(q *facts.Query) *rule.Finding {
	all := parts(q.Statement)
	named := func(name string) *facts.Statement {
		i := slices.IndexFunc(all, func(s *facts.Statement) bool { return s.Name != "" && strings.EqualFold(s.Name, name) })
		if i < 0 {
			return nil
		}
		return all[i]
	}
	for _, s := range all {
		tables := s.Tables[s.Within:]
		if !s.Locks || len(tables) == 0 || slices.ContainsFunc(tables, func(t facts.TableUse) bool {
			of := named(t.Table)
			return t.Schema != "" || of == nil || of == s || of.Verb != facts.Select || locks(of, named, 0)
		}) {
			continue
		}
		name := tables[0].Table
		return &rule.Finding{
			Pos: q.Pos, Severity: rule.High, Confidence: rule.Certain,
			Message:  fmt.Sprintf("FOR UPDATE locks nothing here: it does not reach into %s, which is a query of WITH, so that two who ask at once take the same rows", name),
			Evidence: []rule.Evidence{{Pos: q.Pos, What: trace.Query(q)}},
			Fix:      "put FOR UPDATE, with its SKIP LOCKED, into " + name,
		}
	}
	return nil
}

// locks reports whether a query of WITH, or one that it reads, locks rows itself.
func locks(s *facts.Statement, named func(string) *facts.Statement, depth int) bool {
	return s.Locks || depth > 8 || slices.ContainsFunc(s.Tables, func(t facts.TableUse) bool {
		of := named(t.Table)
		return of != nil && of != s && locks(of, named, depth+1)
	})
}

// parts are a statement and those of its WITH.
func parts(s *facts.Statement) []*facts.Statement {
	out := []*facts.Statement{s}
	for _, inner := range s.Inner {
		out = append(out, parts(inner)...)
	}
	return out
}

// join finds two tables of a statement that locks the rows of all that it reads: many rows of the first refer to one of the second, by a unique key of that.
func join(s *schema.Schema, st *facts.Statement) (locked, shared *facts.TableUse) {
	if !st.Locks || st.LocksShare || len(st.LocksOf) > 0 {
		return nil, nil
	}
	tables := st.Tables[st.Within:]
	for i := range tables {
		for j := 1; j < len(tables); j++ { // what it begins with is what it is about, and locked on purpose
			one, other := &tables[i], &tables[j]
			if strings.EqualFold(one.Table, other.Table) {
				continue
			}
			of, to := s.Table(one.Table), s.Table(other.Table)
			mine, theirs := joined(st, one.Table, other.Table)
			if of == nil || to == nil || len(mine) == 0 || !asked(st, other.Table) {
				continue
			}
			if to.Unique(append(theirs, given(st, other.Table)...)) && !alone(of, mine, given(st, one.Table)) {
				return one, other
			}
		}
	}
	return nil, nil
}

// alone reports whether one row at most refers to the same row of another table by some columns, of those that have the same value in others.
func alone(t *schema.Table, columns, given []string) bool {
	return slices.ContainsFunc(t.Keys(), func(key []string) bool {
		by := func(c string) bool {
			return slices.ContainsFunc(key, func(k string) bool { return strings.EqualFold(c, k) })
		}
		return schema.Covers(append(columns, given...), key) && slices.ContainsFunc(columns, by)
	})
}

// joined are the columns of two tables that a statement compares with one another.
func joined(st *facts.Statement, one, other string) (mine, theirs []string) {
	for _, p := range st.Predicates {
		switch {
		case p.Operator != "JOIN" || p.Disjoint || p.Function != "":
		case p.Table == one && p.JoinTable == other:
			mine, theirs = append(mine, p.Column), append(theirs, p.JoinColumn)
		case p.Table == other && p.JoinTable == one:
			mine, theirs = append(mine, p.JoinColumn), append(theirs, p.Column)
		}
	}
	return mine, theirs
}

// asked reports whether a statement asks for more of a table than that it has the row: else the lock may be what it is joined for.
func asked(st *facts.Statement, table string) bool {
	return slices.ContainsFunc(st.Predicates, func(p facts.Predicate) bool { return p.Table == table && p.Operator != "JOIN" })
}

// given are the columns of a table that a statement compares with one value each.
func given(st *facts.Statement, table string) []string {
	var out []string
	for _, p := range st.Predicates {
		if p.Table == table && p.Operator == "=" && !p.Disjoint && p.Function == "" {
			out = append(out, p.Column)
		}
	}
	return out
}

// changes are the tables that are written by the statement of a query, or by whatever those who send it send as well, of which one query is answered.
func changes(q *facts.Query) (tables map[string]bool, by *facts.Query) {
	tables = map[string]bool{}
	for _, s := range parts(q.Statement) {
		if s.Write() && len(s.Tables) > 0 {
			tables[strings.ToLower(s.Tables[0].Table)] = true
		}
	}
	if len(tables) > 0 {
		return tables, nil
	}
	for _, sender := range senders(q.From) {
		for _, f := range trace.Below(sender) {
			for _, other := range f.Queries {
				if other.Statement == nil || !other.Statement.Write() || len(other.Statement.Tables) == 0 {
					continue
				}
				tables[strings.ToLower(other.Statement.Tables[0].Table)] = true
				if by == nil && q.Statement.Uses(other.Statement.Tables[0].Table) {
					by = other
				}
			}
		}
	}
	return tables, by
}

// senders are a function and those that call it, where it stands in a transaction that was begun by one of them.
func senders(f *facts.Function) []*facts.Function {
	out := []*facts.Function{f}
	for from, depth := 0, 0; depth < 3 && from < len(out); depth++ {
		end := len(out)
		for _, at := range out[from:end] {
			for _, call := range at.Callers {
				if !slices.Contains(out, call.From) {
					out = append(out, call.From)
				}
			}
		}
		from = end
	}
	return out
}
