package sql

import (
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/schema"
)

// WithModels adds to a database the tables that structs of the code describe: whole where no migration makes them, and
// their columns and indexes where one does. Several structs of one table are one table. Of several databases of the code one may lack a table
// that migrations of another make: the code does not ask it for that.
func WithModels(database, models *facts.Database) {
	if models == nil {
		return
	}
	made := map[string]bool{}
	for _, d := range append(slices.Clone(database.Others), database) {
		for _, t := range d.Schema.Tables {
			made[strings.ToLower(t.Name)] = true
		}
	}
	for _, d := range append(slices.Clone(database.Others), database) {
		withModels(d, models, made)
	}
}

func withModels(database, models *facts.Database, made map[string]bool) {
	for _, m := range models.Schema.Tables {
		if said := models.Declared[m.Name]; said != nil {
			if database.Declared == nil {
				database.Declared = map[string]*facts.Declared{}
			}
			database.Declared[m.Name] = said
		}
		t := tableNamed(database.Schema, m.Name)
		if t == nil && made[strings.ToLower(m.Name)] {
			continue
		}
		if t == nil {
			database.Schema.Tables = append(database.Schema.Tables, m)
			database.At[m.Name] = models.At[m.Name]
			for _, i := range m.Indexes {
				if at, is := models.At["index:"+i.Name]; is {
					database.At["index:"+i.Name] = at
				}
			}
			placeLoose(database, m)
			continue
		}
		for _, c := range m.Columns {
			if !slices.ContainsFunc(t.Columns, func(old *schema.Column) bool { return strings.EqualFold(old.Name, c.Name) }) && database.At[t.Name] == models.At[m.Name] {
				t.Columns = append(t.Columns, c)
			}
		}
		for _, i := range m.Indexes {
			if !slices.ContainsFunc(t.Indexes, func(old *schema.Index) bool { return slices.Equal(old.Parts, i.Parts) && old.Unique == i.Unique }) {
				t.Indexes = append(t.Indexes, i)
			}
		}
	}
	slices.SortStableFunc(database.Schema.Tables, func(a, b *schema.Table) int { return strings.Compare(a.Name, b.Name) })
}

// placeLoose gives a table the indexes that were made of it before it was known.
func placeLoose(database *facts.Database, t *schema.Table) {
	for _, loose := range database.Loose {
		if !strings.EqualFold(loose.Table, t.Name) || slices.ContainsFunc(t.Indexes, func(old *schema.Index) bool {
			return old.Name == loose.Index.Name || slices.Equal(old.Parts, loose.Index.Parts) && old.Unique == loose.Index.Unique
		}) {
			continue
		}
		t.Indexes = append(t.Indexes, loose.Index)
		database.At["index:"+loose.Index.Name] = loose.Pos
	}
}

func tableNamed(s *schema.Schema, name string) *schema.Table {
	for _, t := range s.Tables {
		if strings.EqualFold(t.Name, name) {
			return t
		}
	}
	return nil
}
