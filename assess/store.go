package assess

import (
	"cmp"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
)

// Store is where a backend keeps data.
type Store struct {
	Product string   `json:"product"` // such as "PostgreSQL"
	Kind    string   `json:"kind"`    // "database", "cache" or "files"
	Library string   `json:"library"`
	Version string   `json:"version"`
	At      Place    `json:"at"`      // where it is imported first
	Modules []string `json:"modules"` // that import it
}

// Outside is what a backend calls beyond its stores.
type Outside struct {
	What    string   `json:"what"` // "http", "mail", "queue", …
	Name    string   `json:"name"` // of the product or of what is called
	At      Place    `json:"at"`
	Modules []string `json:"modules"`
	Bounded string   `json:"bounded"` // "yes", "no", or "" where it is not known
	InTx    bool     `json:"inTx"`    // while a transaction is open
	Routes  []string `json:"routes"`  // that lead to it
}

var kinds = []string{"database", "cache", "files"} // in the order in which they are told

var storeKinds = map[string]string{"driver": "database", "cache": "cache"}

// stores tells where data is kept, by the libraries that lead there.
func (a *assessor) stores() []Store {
	out := []Store{}
	for _, lib := range a.facts.Libraries {
		kind := storeKinds[lib.Role]
		if holdsFiles(lib) {
			kind = "files"
		}
		if kind == "" || lib.Product == "" || !a.isUsed(lib) {
			continue
		}
		out = append(out, Store{lib.Product, kind, lib.Path, lib.Version, at(lib.Pos), a.modulesOf(lib.Packages)})
	}
	if db := a.facts.Database; db != nil && !slices.ContainsFunc(out, func(s Store) bool { return s.Kind == "database" }) {
		if name := products[db.Dialect]; name != "" {
			out = append(out, Store{Product: name, Kind: "database", Modules: []string{}})
		}
	}
	slices.SortStableFunc(out, func(x, y Store) int {
		return cmp.Or(slices.Index(kinds, x.Kind)-slices.Index(kinds, y.Kind), cmp.Compare(x.Product, y.Product), cmp.Compare(x.Library, y.Library))
	})
	return out
}

var products = map[string]string{"postgres": "PostgreSQL", "mysql": "MySQL", "sqlite": "SQLite"}

// isUsed reports whether code that is no test imports a library.
func (a *assessor) isUsed(lib *facts.Library) bool {
	return slices.ContainsFunc(lib.Packages, func(path string) bool { _, is := a.moduleOf[path]; return is })
}

func (a *assessor) modulesOf(paths []string) []string {
	out := []string{}
	for _, path := range paths {
		out = with(out, a.moduleOf[path])
	}
	return out
}

// outside tells the places that call something beyond the process, and the libraries that do so on their own.
func (a *assessor) outside() []Outside {
	routes := map[*facts.Function][]string{}
	for _, r := range a.facts.Routes {
		for f := range a.reached[r].functions {
			routes[f] = append(routes[f], r.String())
		}
	}
	out := []Outside{}
	for _, f := range a.facts.Functions {
		if f.Aside == "test" {
			continue
		}
		for _, e := range f.Effects {
			if !isCall(e.Kind) {
				continue
			}
			bounded := "no"
			if e.Bounded {
				bounded = "yes"
			}
			through := slices.Sorted(slices.Values(routes[f]))
			out = append(out, Outside{e.Kind, e.Name, at(e.Pos), []string{a.moduleOf[f.Package]}, bounded, e.InTx.Line > 0, append([]string{}, slices.Compact(through)...)})
		}
	}
	for _, lib := range a.facts.Libraries {
		if isOutside(lib) && a.isUsed(lib) {
			out = append(out, Outside{lib.Role, lib.Product + " (" + lib.Path + ")", at(lib.Pos), a.modulesOf(lib.Packages), "", false, []string{}})
		}
	}
	return out
}

// isOutside reports whether a library leads out of the process, to what is no store.
func isOutside(lib *facts.Library) bool {
	return lib.Product != "" && storeKinds[lib.Role] == "" && !holdsFiles(lib)
}

func holdsFiles(lib *facts.Library) bool {
	return lib.Role == "cloud" && (strings.Contains(lib.Product, "S3") || strings.Contains(lib.Product, "Storage"))
}
