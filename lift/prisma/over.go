package prisma

import (
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/schema"
)

// Over is a database that migrations make with what the schemas say of it. Of a table that both know the schema is right, but that migrations may
// hold indexes which it cannot say: those of expressions, and partial ones. Where there are several schemas, those for other databases
// than the first stand beside it.
func (l Lifted) Over(made *facts.Database) *facts.Database {
	out := made
	for _, s := range l.Schemas {
		switch {
		case s.Database == nil || len(s.Database.Schema.Tables) == 0:
		case out == made && (made == nil || len(made.Schema.Tables) == 0):
			out = s.Database
			if made != nil {
				out.Others = made.Others
			}
		case out == made && (made.Dialect == "" || s.made(made) || s.Database.Dialect == made.Dialect || s.Database.Dialect == ""):
			over(made, s.Database)
		case s.Database.Dialect == out.Dialect:
			over(out, s.Database)
		default:
			out.Others = append(out.Others, s.Database)
		}
	}
	return out
}

// made reports whether migrations that stand beside a schema make a database: they are for the same kind of database then, whatever they look like.
func (s *Schema) made(database *facts.Database) bool {
	return slices.ContainsFunc(database.Schema.Tables, func(t *schema.Table) bool {
		return strings.HasPrefix(database.At[t.Name].File, path.Join(s.Dir, "migrations")+"/")
	})
}

// over puts the tables of a schema in the place of those that migrations make.
func over(made, said *facts.Database) {
	if said.Dialect != "" {
		made.Dialect = said.Dialect
	}
	for _, t := range said.Schema.Tables {
		at := slices.IndexFunc(made.Schema.Tables, func(old *schema.Table) bool { return strings.EqualFold(old.Name, t.Name) })
		if at < 0 {
			made.Schema.Tables = append(made.Schema.Tables, t)
			continue
		}
		for _, i := range made.Schema.Tables[at].Indexes {
			if unsayable(i) && !slices.ContainsFunc(t.Indexes, func(own *schema.Index) bool { return own.Name == i.Name }) {
				t.Indexes = append(t.Indexes, i)
			}
		}
		made.Schema.Tables[at] = t
	}
	maps.Copy(made.At, said.At)
	if made.Declared == nil {
		made.Declared = map[string]*facts.Declared{}
	}
	maps.Copy(made.Declared, said.Declared)
	slices.SortStableFunc(made.Schema.Tables, func(a, b *schema.Table) int { return strings.Compare(a.Name, b.Name) })
}

// unsayable reports whether Prisma's language cannot say an index.
func unsayable(i *schema.Index) bool {
	return i.Where != nil || i.Lists || slices.ContainsFunc(i.Parts, func(p schema.IndexPart) bool { return p.Column == "" || p.IgnoreCase })
}
