package optimize

import (
	"context"
	"regexp"
	"strings"

	"github.com/fettlehq/fettle/pgsql"
)

// operatorClass is what makes an index that is not of order serve operators of a type: of lists, ranges, networks, points, and of
// whatever extensions bring.
type operatorClass struct {
	method, name string
	usual        bool // of its method, for its type
}

// served are an operator and the type on its left.
type served struct{ operator, of string }

// readClasses asks which classes there are, the likeliest first: those that need not be named, and what is quicker to search.
func (c *Catalog) readClasses(ctx context.Context, s *session) error {
	rows, err := s.Query(ctx, `SELECT o.oprname::text, k.opcintype::regtype::text, m.amname::text,
			CASE WHEN pg_opclass_is_visible(k.oid) THEN '' ELSE quote_ident(n.nspname) || '.' END || quote_ident(k.opcname), k.opcdefault
		FROM pg_opclass k JOIN pg_am m ON m.oid = k.opcmethod JOIN pg_namespace n ON n.oid = k.opcnamespace
			JOIN pg_amop a ON a.amopfamily = k.opcfamily AND a.amoplefttype = k.opcintype AND a.amoppurpose = 's' JOIN pg_operator o ON o.oid = a.amopopr
		WHERE m.amname IN ('gin', 'gist', 'spgist')
		ORDER BY k.opcdefault DESC, array_position(ARRAY['gin', 'gist', 'spgist']::name[], m.amname), k.opcname`)
	if err != nil {
		return err
	}
	defer rows.Close()
	c.classes = map[served][]operatorClass{}
	for rows.Next() {
		var by served
		var class operatorClass
		if err := rows.Scan(&by.operator, &by.of, &class.method, &class.name, &class.usual); err != nil {
			return err
		}
		c.classes[by] = append(c.classes[by], class)
	}
	return rows.Err()
}

// class finds what serves a comparison of a column with something that is no column of its table.
func (c *Catalog) class(t *Table, p pgsql.Predicate) (class operatorClass, found bool) {
	column := t.column(p.Column)
	if column == nil || p.Join.Scan != nil || p.Node.Text("kind") != "AEXPR_OP" {
		return class, false
	}
	for _, of := range column.kinds {
		if classes := c.classes[served{p.Op, of}]; len(classes) > 0 {
			return classes[0], true
		}
	}
	return class, false
}

// unlabelled are the types that stand for all lists, all ranges and all of several ranges.
var unlabelled = []struct{ kind, any string }{{"A", "anyarray"}, {"R", "anyrange"}, {"M", "anymultirange"}}

// kindsOf are a type, what it is taken for without a conversion, and what stands for all of its sort.
func kindsOf(base string, alike []string, sort string) []string {
	kinds := append([]string{base}, alike...)
	for _, u := range unlabelled {
		if u.kind == sort {
			kinds = append(kinds, u.any)
		}
	}
	return kinds
}

var networks = regexp.MustCompile(`^(inet|cidr)$`)

// network reports whether a condition says which network an address lies in. PostgreSQL makes a range of it, which a B-tree serves.
func (t *Table) network(p pgsql.Predicate) bool {
	c := t.column(p.Column)
	return c != nil && p.Join.Scan == nil && networks.MatchString(c.Type) && strings.HasPrefix(p.Op, "<<")
}
