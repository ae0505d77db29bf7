package optimize

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/pgsql"
)

// Row-level security: what a statement is asked for as a role that is under policies has their conditions, too, though it does not say them.
// They hang on who asks and on settings, such as current_setting('app.tenant'), which the service makes for each of its transactions.

// policy is one of row-level security.
type policy struct {
	name       string
	permissive bool   // one of these has to let a row through; each of the others has to
	command    string // r SELECT, w UPDATE, d DELETE, * all
	using      string
}

// readPolicies reads the policies of the session's role, and which tables have some that do not bind it.
func (c *Catalog) readPolicies(ctx context.Context, s *session) error {
	rows, err := s.Query(ctx, `SELECT k.oid, p.polname, p.polpermissive, p.polcmd::text, pg_get_expr(p.polqual, p.polrelid), row_security_active(k.oid)
		FROM pg_policy p JOIN pg_class k ON k.oid = p.polrelid JOIN pg_namespace n ON n.oid = k.relnamespace
		WHERE k.relrowsecurity AND p.polqual IS NOT NULL AND `+ours+` AND (NOT row_security_active(k.oid)
			OR EXISTS (SELECT FROM unnest(p.polroles) role WHERE role = 0 OR pg_has_role(role, 'USAGE'))) ORDER BY 1, 2`)
	if err != nil {
		return err
	}
	defer rows.Close()
	tables := c.byOID()
	for rows.Next() {
		var oid uint32
		var p policy
		var active bool
		if err := rows.Scan(&oid, &p.name, &p.permissive, &p.command, &p.using, &active); err != nil {
			return err
		}
		switch t := tables[oid]; {
		case t == nil:
		case active:
			t.policies = append(t.policies, p)
		default:
			t.passed = append(t.passed, p)
		}
	}
	return rows.Err()
}

// rolesOf are the roles of a statement, with what the policies of its tables ask.
func (c *Catalog) rolesOf(s *pgsql.Statement) *pgsql.Roles {
	roles := pgsql.RolesOf(s, c)
	for _, scan := range slices.Clone(roles.Scans) {
		if t := c.table(scan.Table); t != nil {
			for _, condition := range t.policed(scan.Write) {
				c.police(roles, scan, t, condition)
			}
		}
	}
	return roles
}

// policed are the conditions of a table's policies that all hold of the rows that a command sees, each once.
func (t *Table) policed(write string) (conditions []string) {
	commands := []string{"r"} // an UPDATE or DELETE also reads
	if command := map[string]string{"update": "w", "delete": "d"}[write]; command != "" {
		commands = append(commands, command)
	}
	add := func(condition string) {
		if condition != "" && !slices.Contains(conditions, condition) {
			conditions = append(conditions, condition)
		}
	}
	for _, command := range commands {
		var let []string
		for _, p := range t.policies {
			switch {
			case p.command != "*" && p.command != command:
			case p.permissive:
				let = append(let, "("+p.using+")")
			default:
				add(p.using)
			}
		}
		add(strings.Join(let, " OR "))
	}
	return conditions
}

// police adds to the roles of a scan what a condition of its table asks, and the scans of what it looks for in other tables.
func (c *Catalog) police(roles *pgsql.Roles, scan *pgsql.Scan, t *Table, condition string) {
	parsed, err := pgsql.Parse("SELECT 1 FROM " + t.ID + " WHERE " + condition)
	if err != nil {
		return // the planner knows it all the same
	}
	asked := pgsql.RolesOf(parsed, c).Scans
	if len(asked) == 0 || asked[0].Table != scan.Table {
		return
	}
	own := asked[0]
	for i := range own.Where { // a join is with the statement's own scan
		if own.Where[i].Join.Scan != nil {
			own.Where[i].Text = ""
		}
	}
	scan.Where, scan.Or = append(scan.Where, own.Where...), append(scan.Or, own.Or...)
	for column, times := range own.Times {
		if !slices.Contains(scan.Used, column) {
			scan.Used = append(scan.Used, column)
		}
		scan.Times[column] += times
	}
	slices.Sort(scan.Used)
	for _, other := range asked[1:] {
		other.Inner, other.First = true, false
		roles.Scans = append(roles.Scans, other)
	}
}

// columnsOfPolicies are the columns of a table that its policies compare, by the names of these.
func (c *Catalog) columnsOfPolicies(t *Table) (names, columns []string) {
	for _, p := range t.policies {
		parsed, err := pgsql.Parse("SELECT 1 FROM " + t.ID + " WHERE " + p.using)
		if err != nil {
			continue
		}
		for _, scan := range pgsql.RolesOf(parsed, c).Scans[:1] {
			names, columns = append(names, p.name), append(columns, strings.Join(scan.Used, ", "))
		}
	}
	return names, columns
}

// settings are what policies ask for by current_setting.
var settings = regexp.MustCompile(`current_setting\('([^']+)'`)

// policies makes the sessions plan and measure as who is under the policies: with the settings that these ask for, and on the clone with the
// role of the database's session, where that can be.
func (r *run) policies(ctx context.Context) error {
	var under []*Table
	for _, t := range r.catalog.Tables {
		if len(t.policies) > 0 {
			under = append(under, t)
		}
	}
	if len(under) == 0 {
		return nil
	}
	var role string
	if err := r.s.QueryRow(ctx, "SELECT current_user").Scan(&role); err != nil {
		return shortened(err)
	}
	if r.clone != nil {
		for _, t := range under { // nobody under a policy sees statistics
			if copied := r.clone.catalog.find(t.Schema, t.Name); copied != nil && !slices.ContainsFunc(t.Columns, func(c *Column) bool { return c.Known }) {
				t.Columns = copied.Columns
			}
		}
	}
	if err := r.supply(ctx, under); err != nil {
		return err
	}
	if r.clone == nil {
		return nil
	}
	return r.actAs(ctx, role, under)
}

// supply gives settings that policies ask for, and that the session does not have, values of the columns that they are compared with.
func (r *run) supply(ctx context.Context, under []*Table) error {
	seen := map[string]bool{}
	for _, t := range under {
		for _, p := range t.policies {
			for _, match := range settings.FindAllStringSubmatch(p.using, -1) {
				name := match[1]
				if seen[name] {
					continue
				}
				seen[name] = true
				var there string
				if err := r.s.QueryRow(ctx, "SELECT coalesce(current_setting($1, true), '')", name).Scan(&there); err != nil {
					return shortened(err)
				}
				value, of := there, ""
				if value == "" {
					if value, of = r.catalog.comparedWith(t, p.using, match[0]); value == "" {
						r.note("row-level security: policy %s of %s asks for the setting %s, which this session does not have: give it with the URL of the database (options=-c %s=…)", p.name, t.ID, name, name)
						continue
					}
					r.note("row-level security: policy %s of %s asks for the setting %s, which this session does not have: statements are planned with a value of %s in its place", p.name, t.ID, name, of)
				}
				set := fmt.Sprintf("SELECT set_config(%s, %s, true)", pgsql.Literal(name), pgsql.Literal(value))
				if there == "" {
					r.s.as = append(r.s.as, set)
				}
				if r.clone != nil {
					r.clone.as = append(r.clone.as, set)
				}
			}
		}
	}
	return nil
}

// comparedWith is a value of the column that a condition compares with a setting, and which column that is.
func (c *Catalog) comparedWith(t *Table, condition, setting string) (value, of string) {
	parsed, err := pgsql.Parse("SELECT 1 FROM " + t.ID + " WHERE " + condition)
	if err != nil {
		return "", ""
	}
	roles := pgsql.RolesOf(parsed, c)
	for _, scan := range roles.Scans {
		for _, p := range slices.Concat(append(scan.Or, scan.Where)...) {
			its := c.table(scan.Table)
			if its == nil || p.Column == "" || p.Class != pgsql.Equal || its.column(p.Column) == nil {
				continue
			}
			if text, ok := pgsql.SQL(p.Node, true); !ok || !strings.Contains(text, setting) {
				continue
			}
			column := its.column(p.Column)
			of = its.ID + "." + pgsql.Ident(p.Column)
			if value, found := sample(column, roles, pgsql.Use{Class: pgsql.Equal}, "typical"); found {
				return value, of
			}
			return plain(column.Type), of + " that is made up"
		}
	}
	return "", ""
}

// actAs lets the clone plan and measure as the role of the database's session, where its own is not under the policies.
func (r *run) actAs(ctx context.Context, role string, under []*Table) error {
	var free []string
	for _, t := range under {
		if copied := r.clone.catalog.find(t.Schema, t.Name); copied != nil && len(copied.policies) == 0 {
			free = append(free, t.ID)
		}
	}
	if len(free) == 0 {
		return nil
	}
	var missing []string
	err := r.clone.inside(ctx, func() error {
		if _, err := r.clone.Exec(ctx, "SET LOCAL ROLE "+pgsql.Ident(role)); err != nil {
			return err
		}
		for _, t := range r.catalog.Tables {
			var reads, active bool
			err := r.clone.QueryRow(ctx, "SELECT has_table_privilege(k.oid, 'SELECT'), row_security_active(k.oid) FROM pg_class k JOIN pg_namespace n ON n.oid = k.relnamespace WHERE n.nspname = $1 AND k.relname = $2",
				t.Schema, t.Name).Scan(&reads, &active)
			if err != nil || len(t.policies) > 0 && (!reads || !active) {
				missing = append(missing, t.ID)
			}
		}
		return nil
	})
	switch {
	case err != nil && !ofStatement(ctx, err):
		return shortened(err)
	case err != nil:
		r.note("row-level security: on the clone nothing can be done as %s (%v): what is measured there is without the policies of %s", role, shortened(err), strings.Join(free, ", "))
	case len(missing) > 0:
		r.note("row-level security: on the clone %s has no rights on %s, or no policies bind it there: what is measured is without those of %s", role, strings.Join(missing, ", "), strings.Join(free, ", "))
	default:
		r.clone.as = append([]string{"SET LOCAL ROLE " + pgsql.Ident(role)}, r.clone.as...)
	}
	return nil
}

// notUnder tells of policies that do not bind the session's role, on tables that the workload reads.
func (r *run) notUnder(ctx context.Context) error {
	var told []string
	for _, t := range r.catalog.Tables {
		read := func(q *Query) bool {
			return slices.ContainsFunc(q.roles.Scans, func(scan *pgsql.Scan) bool { return t.spans(scan.Table) })
		}
		if len(t.passed) == 0 || !slices.ContainsFunc(r.queries, read) {
			continue
		}
		var names []string
		for _, p := range t.passed {
			names = append(names, p.name)
		}
		told = append(told, fmt.Sprintf("%s (%s)", t.ID, strings.Join(names, ", ")))
	}
	if len(told) == 0 {
		return nil
	}
	var role string
	if err := r.s.QueryRow(ctx, "SELECT current_user").Scan(&role); err != nil {
		return shortened(err)
	}
	r.note("row-level security: %s is not under the policies of %s, so statements are planned without their conditions: connect as the role of the service to have them counted", role, strings.Join(told, "; "))
	return nil
}

// policyNotes name the policies whose columns an index leads with.
func (r *run) policyNotes(index *Index) (notes []string) {
	t := r.catalog.table(index.Table.ID)
	if t == nil {
		return nil
	}
	names, columns := r.catalog.columnsOfPolicies(t)
	for i, name := range names {
		of := strings.Split(columns[i], ", ")
		if slices.ContainsFunc(slices.Concat(index.columns(), index.asked()), func(column string) bool { return column != "" && slices.Contains(of, column) }) {
			notes = append(notes, fmt.Sprintf("policy %s of %s asks for %s in each statement of this role, though no statement says so", name, t.ID, columns[i]))
		}
	}
	return notes
}
