// Package redundantindex finds indexes that another one makes needless.
package redundantindex

import (
	_ "embed"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/review/rule"
	"github.com/fettlehq/fettle/schema"
)

//go:embed redundant-index.md
var document string

// Rule is the rule.
var Rule = rule.Rule{Name: "redundant-index", Severity: rule.Low, CWE: "CWE-1072", Document: document, Find: find}

func find(f *facts.Facts) []rule.Finding {
	if f.Database == nil {
		return nil
	}
	var out []rule.Finding
	others := foreign(f)
	for _, t := range f.Database.Schema.Tables {
		if others[path.Dir(f.Database.At[t.Name].File)] {
			continue
		}
		for _, i := range t.Indexes {
			by, name := covered(t, i)
			at := f.Database.At["index:"+i.Name]
			if by == "" || at.Line == 0 {
				continue
			}
			finding := rule.Finding{
				Pos: at, Confidence: rule.Certain,
				Message:  fmt.Sprintf("index %s of %s serves nothing that %s does not", i.Name, t.Name, by),
				Evidence: []rule.Evidence{{Pos: at, What: "index " + i.Name}},
				Fix:      "DROP INDEX " + i.Name + ";",
			}
			if other := f.Database.At["index:"+name]; other.Line > 0 {
				finding.Evidence = append(finding.Evidence, rule.Evidence{Pos: other, What: "index " + name})
			}
			if twoDialects(at, f.Database.At["index:"+name]) && slices.ContainsFunc(t.Indexes, func(o *schema.Index) bool { return o.Name == name && slices.Equal(o.Parts, i.Parts) }) {
				finding.Confidence = rule.Uncertain
			}
			if f.Database.Dialect == "postgres" {
				finding.Fix = "DROP INDEX CONCURRENTLY " + i.Name + ";"
			}
			out = append(out, finding)
		}
	}
	return out
}

// foreign are the folders of whose tables the code asks for none, where it asks for tables of another folder: what another program keeps in
// the same database, or beside it.
func foreign(f *facts.Facts) map[string]bool {
	asked := map[string]bool{}
	for _, function := range f.Functions {
		for _, q := range function.Queries {
			if q.Statement == nil {
				continue
			}
			for _, st := range append([]*facts.Statement{q.Statement}, q.Statement.Inner...) {
				for _, t := range st.Tables {
					asked[strings.ToLower(t.Table)] = true
				}
			}
		}
	}
	own, out := map[string]bool{}, map[string]bool{}
	for _, t := range f.Database.Schema.Tables {
		folder := path.Dir(f.Database.At[t.Name].File)
		own[folder] = own[folder] || asked[strings.ToLower(t.Name)]
		out[folder] = true
	}
	for folder := range out {
		out[folder] = !own[folder] && slices.Contains(slices.Collect(maps.Values(own)), true)
	}
	return out
}

// twoDialects reports whether two indexes stand in one file of code: nobody makes the same index twice there, but for two kinds of databases.
func twoDialects(a, b facts.Pos) bool { return a.File == b.File && path.Ext(a.File) != ".sql" }

// covered says what serves all that an index serves, and that index's name: the primary key, or an index that begins with
// the same parts.
func covered(t *schema.Table, i *schema.Index) (by, name string) {
	if i.Unique || i.Lists || i.Where != nil || len(i.Parts) == 0 || strings.Contains(i.Name, "%") {
		return "", "" // one whose name is put together may be the other
	}
	for _, p := range i.Parts {
		if p.Column == "" {
			return "", ""
		}
	}
	key := true
	for n, p := range i.Parts {
		key = key && n < len(t.PrimaryKey) && t.PrimaryKey[n] == p.Column && !p.IgnoreCase && !p.Descending
	}
	if key && len(i.Include) == 0 {
		return "the primary key", ""
	}
	for _, other := range t.Indexes {
		if other == i || other.Name == i.Name && i.Name != "" || other.Lists || other.Where != nil || len(other.Parts) < len(i.Parts) || len(other.Parts) == len(i.Parts) && !other.Unique && !before(t, i, other) {
			continue
		}
		if strings.Contains(other.Name, "%") && len(other.Parts) == len(i.Parts) {
			continue
		}
		same := true
		for n, p := range i.Parts {
			same = same && other.Parts[n] == p
		}
		same = same && holds(other, i.Include)
		if same && other.Name == "" {
			columns := make([]string, 0, len(other.Parts))
			for _, p := range other.Parts {
				columns = append(columns, p.Column)
			}
			return "the index on (" + strings.Join(columns, ", ") + ")", ""
		}
		if same {
			return "index " + other.Name, other.Name
		}
	}
	return "", ""
}

// holds reports whether an index holds all of these columns, so that what asks for them alone is answered out of it.
func holds(i *schema.Index, columns []string) bool {
	return !slices.ContainsFunc(columns, func(c string) bool {
		return !slices.Contains(i.Include, c) && !slices.ContainsFunc(i.Parts, func(p schema.IndexPart) bool { return p.Column == c })
	})
}

// before reports whether, of two equal indexes, the other is the older.
func before(t *schema.Table, i, other *schema.Index) bool {
	for _, x := range t.Indexes {
		switch x {
		case other:
			return true
		case i:
			return false
		}
	}
	return false
}
