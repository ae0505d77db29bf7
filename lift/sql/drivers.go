package sql

import (
	"github.com/fettlehq/fettle/facts"
)

// products are the databases that drivers lead to, as dialects of SQL.
var products = map[string]string{"PostgreSQL": "postgres", "MySQL": "mysql", "SQLite": "sqlite"}

// WithDrivers corrects the dialect that the words of migrations suggest by the drivers that the code imports: where none of them
// leads to that database and one leads to another, it is that one's.
func WithDrivers(database *facts.Database, libraries []*facts.Library) {
	if len(database.Others) > 0 {
		return // each schema says for which it is
	}
	other := ""
	for _, library := range libraries {
		dialect := products[library.Product]
		if library.Role != "driver" || dialect == "" {
			continue
		}
		if dialect == database.Dialect {
			return
		}
		if other != "" && other != dialect {
			other = "several"
			continue
		}
		other = dialect
	}
	if other != "" && other != "several" {
		database.Dialect = other
	}
}
