package pgsql

import (
	"slices"
)

// source is something that a FROM names.
type source struct {
	alias   string
	scan    *Scan             // of a table
	columns []string          // that it has
	derived map[string]Column // of a subquery: what its columns are, where they are columns
	merged  []*Scan           // of a subquery that is planned as if its tables stood around it
}

func (s *source) column(name string) (Column, bool) {
	if !slices.Contains(s.columns, name) {
		return Column{}, false
	}
	if s.scan != nil {
		return Column{s.scan, name}, true
	}
	return s.derived[name], true
}

type scope struct {
	sources []*source
	ctes    map[string]*source
	outer   *scope
	level   int
}

func (s *scope) cte(name string) *source {
	for ; s != nil; s = s.outer {
		if found := s.ctes[name]; found != nil {
			return found
		}
	}
	return nil
}

// column finds what a reference means. The zero Column with true is a column that is no table's.
func (s *scope) column(names []string) (Column, bool) {
	name := names[len(names)-1]
	for ; s != nil; s = s.outer {
		for _, source := range s.sources {
			if len(names) > 1 && source.alias != names[len(names)-2] {
				continue
			}
			if column, has := source.column(name); has {
				return column, true
			}
		}
	}
	return Column{}, false
}

func (w *walker) newScope(n Node, outer *scope) *scope {
	w.levels++
	s := &scope{ctes: map[string]*source{}, outer: outer, level: w.levels}
	for _, cte := range n.As("withClause", "WithClause").Nodes("ctes") {
		name := cte.Text("ctename")
		if n.As("withClause", "WithClause").Bool("recursive") {
			s.ctes[name] = &source{alias: name}
		}
		made := w.statement(cte.Node("ctequery"), s)
		renamed := renamed(made, cte.Names("aliascolnames"))
		if cte.Text("ctematerialized") == "CTEMaterializeAlways" {
			renamed.derived, renamed.merged = nil, nil // conditions do not reach into it
		}
		s.ctes[name] = renamed
	}
	return s
}

func renamed(s *source, names []string) *source {
	if len(names) == 0 {
		return s
	}
	out := &source{alias: s.alias, derived: map[string]Column{}, columns: slices.Clone(s.columns), merged: s.merged}
	for i, name := range names {
		if i < len(s.columns) {
			out.derived[name], _ = s.column(s.columns[i])
			out.columns[i] = name
		}
	}
	return out
}
