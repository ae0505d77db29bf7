package facts

import (
	"maps"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/schema"
)

// Add adds what was read of another part of a backend. The part is not used after: its loops have other numbers then. The database, its
// migrations and the libraries that are missing are left to those who read several parts.
func (f *Facts) Add(part *Facts) {
	for _, function := range part.Functions {
		for _, loop := range function.Loops {
			loop.ID += f.Loops
		}
	}
	f.Loops += part.Loops
	f.Packages = append(f.Packages, part.Packages...)
	f.Libraries = append(f.Libraries, part.Libraries...)
	f.Practices = append(f.Practices, part.Practices...)
	f.Functions = append(f.Functions, part.Functions...)
	f.Routes = append(f.Routes, part.Routes...)
	f.Guarded = append(f.Guarded, part.Guarded...)
	f.Secrets = append(f.Secrets, part.Secrets...)
	f.Ignores = append(f.Ignores, part.Ignores...)
	if part.Models != nil {
		if f.Models == nil {
			f.Models = &Database{Schema: &schema.Schema{}, At: map[string]Pos{}, Declared: map[string]*Declared{}}
		}
		f.Models.Schema.Tables = append(f.Models.Schema.Tables, part.Models.Schema.Tables...)
		slices.SortStableFunc(f.Models.Schema.Tables, func(a, b *schema.Table) int { return strings.Compare(a.Name, b.Name) })
		maps.Copy(f.Models.At, part.Models.At)
		if f.Models.Declared == nil {
			f.Models.Declared = map[string]*Declared{}
		}
		maps.Copy(f.Models.Declared, part.Models.Declared)
	}
	if f.Sums == nil {
		f.Sums = map[string]Sum{}
	}
	maps.Copy(f.Sums, part.Sums)
	f.Coverage.Files += part.Coverage.Files
	f.Coverage.Lines += part.Coverage.Lines
	f.Coverage.Packages += part.Coverage.Packages
	f.Coverage.Typed += part.Coverage.Typed
	f.Coverage.Dynamic += part.Coverage.Dynamic
	f.Coverage.Broken = append(f.Coverage.Broken, part.Coverage.Broken...)
	f.Coverage.Unread = append(f.Coverage.Unread, part.Coverage.Unread...)
}
