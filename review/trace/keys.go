package trace

import (
	"fmt"
	"strings"

	"github.com/fettlehq/fettle/schema"
)

// Keys lists the keys and indexes of a table.
func Keys(t *schema.Table) string {
	var out []string
	if len(t.PrimaryKey) > 0 {
		out = append(out, "the key ("+strings.Join(t.PrimaryKey, ", ")+")")
	}
	for n, i := range t.Indexes {
		if n == 6 {
			out = append(out, fmt.Sprintf("%d more", len(t.Indexes)-n))
			break
		}
		var parts []string
		for _, p := range i.Parts {
			if p.Column == "" {
				p.Column = "an expression"
			}
			parts = append(parts, p.Column)
		}
		out = append(out, i.Name+" ("+strings.Join(parts, ", ")+")")
	}
	return strings.Join(out, ", ")
}
