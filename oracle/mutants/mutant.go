package main

// mutant is one way to break the product: in a file, a text that stands there once becomes another.
type mutant struct {
	name, file, old, becomes string
}

var mutants = []mutant{
	// Rules of rows.
	{
		"no policy of nested lists", "kit/query/plan.go",
		"	policy := p.policy(p.sel.Entity, meta.Read, row)\n	filter := sqlTrue\n",
		"	policy := p.policy(p.sel.Entity, meta.Read, row)\n	if p.list != nil {\n		policy = sqlTrue\n	}\n	filter := sqlTrue\n",
	},
	{
		"no policy of aggregations", "kit/query/plan.go",
		"	policy := p.policy(p.sel.Entity, meta.Read, row)\n	filter := sqlTrue\n",
		"	policy := p.policy(p.sel.Entity, meta.Read, row)\n	if p.variant == countVariant {\n		policy = sqlTrue\n	}\n	filter := sqlTrue\n",
	},
	{
		"no policy of selected references", "kit/query/plan.go",
		"policy := p.policy(target.entity, meta.Read, target)", "policy := sqlTrue",
	},
	{
		"no policy of references in filters", "kit/query/compare.go",
		"policy = r.policy(reference.Target(), meta.Read, target)", "policy = sqlTrue",
	},
	{
		"no policy of lists in filters", "kit/query/rows.go",
		"found.where = conjunction(found.where, r.policy(found.row.entity, meta.Read, found.row))", "_ = 0",
	},
	{
		"no policy of paths in orders", "kit/query/path.go",
		"policy = r.policy(target, meta.Read, row)", "policy = sqlTrue",
	},
	{
		"no policy of what a write refers to", "kit/query/references.go",
		"policy := r.policy(e, meta.Read, row)", "policy := sqlTrue",
	},
	{
		"no policy of links by way of an entity", "kit/query/rows.go",
		"	if link == nil {\n		return sqlTrue\n	}\n	return r.policy(link,", "	if link == nil || true {\n		return sqlTrue\n	}\n	return r.policy(link,",
	},
	{
		"no policy of a chosen tenant", "kit/query/tenancy.go",
		"where := conjunction(named, r.policy(e, meta.Read, row))", "where := named",
	},
	{
		"no policy in histories", "kit/query/history.go",
		"policy := r.policy(target, meta.Read, row)", "policy := sqlTrue",
	},
	{
		"can() holds", "kit/query/rows.go",
		"policy := r.policy(row.entity, x.Verb, row)", "policy := sqlTrue",
	},
	{"an update rule need not hold before", "kit/query/verdict.go", "holds && before[i]", "holds"},

	// Rules of fields.
	{"no rule of selected fields", "kit/query/plan.go", "visible := p.fieldRule(f, meta.Read, s)", "visible := sqlTrue"},
	{
		"no rule of fields in filters and orders", "kit/query/path.go",
		"if rule := r.fieldRule(f, meta.Read, s); rule != sqlTrue {", "if rule := sqlTrue; rule != sqlTrue {",
	},
	{
		"no rule of references in filters", "kit/query/compare.go",
		"guard = r.fieldRule(reference, meta.Read, outer)", "guard = sqlTrue",
	},
	{"no rule of searched fields", "kit/query/search.go", "rule = r.fieldRule(f, meta.Read, s)", "rule = sqlTrue"},
	{
		"no rule of fields in histories", "kit/query/history.go",
		"if len(g.Allow.Read) > 0 && !r.system {", "if len(g.Allow.Read) > 99 && !r.system {",
	},

	// What is there.
	{"deleted rows are there", "kit/query/living.go", "	case e.SoftDelete:\n", "	case false:\n"},
	{"parts outlive what they are part of", "kit/query/living.go", "	if fate == living {\n", "	if false {\n"},
	{"other tenants' rows are there", "kit/query/living.go", "	if tenant != \"\" {\n", "	if false {\n"},
	{
		"no condition of @tenant(when:)", "kit/query/tenancy.go",
		"r.cond(t.When, inside(row), false)", "sqlTrue",
	},
	{
		"a key of several tenants finds a row", "kit/query/tenancy.go",
		"if r.tenant || s.entity.TenantColumn == \"\" || s.entity.Name == r.backend.Tenant.Entity {", "if s != nil {",
	},
	{"a write is not in the tenant of its row", "kit/query/write.go", "if row.tenant != \"\" {", "if false {"},

	// Orders and pages.
	{"a page begins with the cursor's row", "kit/query/order.go", "	operator := \" > \"\n", "	operator := \" >= \"\n"},
	{
		"a key is behind itself", "kit/query/order.go",
		"	case k.descending:\n		return sql + \" < \" + param\n", "	case k.descending:\n		return sql + \" <= \" + param\n",
	},
	{
		"nulls are behind no value", "kit/query/order.go",
		"return sql + \" > \" + param + \" OR \" + sql + \" IS NULL\"", "return sql + \" > \" + param",
	},
	{"nulls first on SQLite", "kit/query/order.go", "part += \" NULLS LAST\"", "part += \" NULLS FIRST\""},
	{
		"ids in the wrong direction", "kit/query/order.go",
		"last := len(keys) > 0 && keys[len(keys)-1].Descending", "last := false",
	},
	{
		"a row that is made, read and committed at once is not guarded", "kit/query/verdict.go",
		"if condition == sqlTrue {\n\t\treturn \"1\", true", "if condition != sqlFalse {\n\t\treturn \"1\", true",
	},
	{
		"no row more than the page", "kit/query/plan.go",
		"tail += \" LIMIT \" + strconv.Itoa(p.page.limit+1)", "tail += \" LIMIT \" + strconv.Itoa(p.page.limit)",
	},
	{
		"one row too few of nested pages", "kit/query/plan.go",
		"\" WHERE p.place <= \" + strconv.Itoa(p.page.limit+1)", "\" WHERE p.place <= \" + strconv.Itoa(p.page.limit)",
	},

	// Comparisons.
	{"< is <=", "kit/query/compare.go", "meta.OpLt: \"<\"", "meta.OpLt: \"<=\""},
	{">= is >", "kit/query/compare.go", "meta.OpGe: \">=\"", "meta.OpGe: \">\""},

	// Writes.
	{"any version will do", "kit/query/verdict.go", "if version != 0 && cells", "if false && cells"},
	{"the version stays", "kit/query/write.go", "	sets = append(sets, nextVersion(w.entity)...)\n", ""},
	{"no step of a flow is asked", "kit/query/write.go", "	if err := w.follow(row); err != nil {\n", "	if err := w.follow(row); err != nil && false {\n"},
	{"unlinked rows stay", "kit/query/link.go", "	if len(unlinked) > 0 {\n", "	if len(unlinked) > 99 {\n"},
	{"no history of restores", "kit/query/history.go", "	if h == nil || len(ids) == 0 {\n", "	if h == nil || len(ids) == 0 || verb == restored {\n"},
	{"a slug is never taken", "kit/query/defaults.go", "	if taken > 0 {\n", "	if taken > 99 {\n"},
	{
		"ends that meet overlap", "migrate/exclusion.go",
		"%s(\"%s\", \"%s\") WITH &&", "%s(\"%s\", \"%s\", '[]') WITH &&",
	},
}
