// Package growth tells which tables grow with use, as far as the code says so.
//
//	rows are made by clients or by themselves, and the code reckons with many ─▶ grows
//
// How many rows a table will have stands nowhere. What stands in the code is who makes them, and whether whoever wrote it thought of many:
// reads them by the page, makes many at once, makes them as things happen, or clears away old ones.
package growth

import (
	"regexp"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/review/trace"
	"github.com/fettlehq/fettle/schema"
)

// Tables knows which tables grow.
type Tables struct {
	tracer *trace.Tracer
	made   map[string]bool    // rows are seen to be made
	used   map[string]bool    // and by others than who runs the service
	many   map[string]bool    // the code reckons with many rows
	sought map[string]bool    // an index was made to find some among them
	timed  map[string]bool    // one of them is by when they were made or end
	aging  map[string]bool    // rows end by themselves: they are cleared away when they are old, or have a column that says until when
	piled  map[string]bool    // rows are made as things happen or many at once, or are cleared away when they are old
	paged  map[[2]string]bool // rows with one value of a column are read by the page
	marked map[string]bool    // rows are marked as gone
	gone   map[string]bool    // rows are deleted
	newest map[string]bool    // the newest of several is looked for
	within map[*facts.Function]bool
}

// Of reads what the code says of its tables.
func Of(f *facts.Facts, tracer *trace.Tracer) *Tables {
	g := &Tables{tracer: tracer, made: map[string]bool{}, used: map[string]bool{}, many: map[string]bool{}, sought: map[string]bool{}, timed: map[string]bool{}, piled: map[string]bool{}, aging: map[string]bool{}, paged: map[[2]string]bool{}, marked: map[string]bool{}, gone: map[string]bool{}, newest: map[string]bool{}, within: map[*facts.Function]bool{}}
	for _, function := range f.Functions {
		if function.Aside == "test" || function.Aside == "migration" || function.Aside == "command" {
			continue
		}
		for _, q := range function.Queries {
			if q.Statement == nil {
				continue
			}
			g.statement(q, q.Statement)
			for _, inner := range q.Statement.Inner {
				g.statement(q, inner)
			}
		}
	}
	if f.Database != nil {
		for _, table := range f.Database.Schema.Tables {
			if slices.ContainsFunc(table.Columns, func(c *schema.Column) bool { return expiry.MatchString(c.Name) }) {
				g.aging[strings.ToLower(table.Name)] = true
			}
			g.sought[strings.ToLower(table.Name)] = slices.ContainsFunc(table.Indexes, func(i *schema.Index) bool { return sought(table, i) })
			g.timed[strings.ToLower(table.Name)] = slices.ContainsFunc(table.Indexes, func(i *schema.Index) bool {
				return sought(table, i) && len(i.Parts) > 1 && times.MatchString(i.Parts[len(i.Parts)-1].Column)
			})
		}
	}
	return g
}

// sought reports whether an index was made to find rows among many: it is no rule that values differ, and not only on what names other
// rows or says that a row is gone, which libraries make indexes of without a thought.
func sought(t *schema.Table, i *schema.Index) bool {
	return !i.Unique && slices.ContainsFunc(i.Parts, func(p schema.IndexPart) bool {
		column := strings.ToLower(p.Column)
		return column != "" && column != "deleted_at" && !strings.HasSuffix(column, "id") &&
			!slices.ContainsFunc(t.ForeignKeys, func(k *schema.ForeignKey) bool { return len(k.Columns) == 1 && strings.EqualFold(k.Columns[0], column) })
	})
}

// small are names of tables that hold what a service is set up with, and not what it is used for.
var small = regexp.MustCompile(`(^|_)(roles?|permissions?|settings?|configs?|configurations?|parameters?|options?|providers?|currenc(y|ies)|countr(y|ies)|languages?|locales?|regions?|plans?|tiers?|templates?|flags?|rules?|workflows?|environments?|rates?)$`)

// ofUsers are names of tables that hold what each user has.
var ofUsers = regexp.MustCompile(`^(users?|accounts?|members?|customers?|clients?)_`)

// ofSetUp reports whether a table holds by its name what a service is set up with.
func ofSetUp(table string) bool { return small.MatchString(table) && !ofUsers.MatchString(table) }

// Small reports whether a table holds by its name what a service is set up with, and nothing shows that it has many rows all the same: a page of
// them is a habit of writing lists.
func (g *Tables) Small(table string) bool {
	table = strings.ToLower(table)
	return ofSetUp(table) && !g.piled[table] && !g.sought[table]
}

// Grows reports whether a table grows with use. Of one whose rows are made in a way that is not read, its indexes speak; of any other, one of several
// columns that ends with when.
func (g *Tables) Grows(table string) bool {
	table = strings.ToLower(table)
	if g.Small(table) {
		return false
	}
	if !g.made[table] {
		return g.many[table] || g.sought[table]
	}
	return g.used[table] && (g.many[table] || g.timed[table])
}

// Keeps reports whether clients make rows of a table that stay: they are only marked as gone, or the newest of several is looked for.
func (g *Tables) Keeps(table string) bool {
	table = strings.ToLower(table)
	return g.used[table] && !g.Small(table) && (g.newest[table] || g.marked[table] && !g.gone[table])
}

// Few reports whether the code shows that a table has few rows, whatever indexes it has: by its name it holds what a service is set up with, or nobody
// makes rows of it but who runs the service.
func (g *Tables) Few(table string) bool {
	table = strings.ToLower(table)
	if g.piled[table] {
		return false
	}
	return ofSetUp(table) || g.made[table] && !g.used[table] && !g.many[table]
}

// Piles reports whether a table grows by more than that one row is made for each request that asks for one, and so may have many with one
// value of a column.
func (g *Tables) Piles(table string) bool {
	table = strings.ToLower(table)
	return g.piled[table] || g.sought[table]
}

// MadeMany reports whether a table's rows are made as things happen or many at once, or cleared away when they are old.
func (g *Tables) MadeMany(table string) bool { return g.piled[strings.ToLower(table)] }

// Ages reports whether a table grows whose rows end by themselves: they come with use, and more of them than anybody keeps.
func (g *Tables) Ages(table string) bool { return g.aging[strings.ToLower(table)] && g.Grows(table) }

// Made reports whether the code is seen to make rows of a table; those of others a trigger makes, or a text that is not understood.
func (g *Tables) Made(table string) bool { return g.made[strings.ToLower(table)] }

// Used reports whether others than who runs the service make rows of a table.
func (g *Tables) Used(table string) bool { return g.used[strings.ToLower(table)] }

// Paged reports whether the code reads the rows with one value of a column by the page, and so reckons with many of them.
func (g *Tables) Paged(table, column string) bool {
	return g.paged[[2]string{strings.ToLower(table), strings.ToLower(column)}]
}

func (g *Tables) statement(q *facts.Query, st *facts.Statement) {
	if len(st.Tables) == 0 {
		return
	}
	table := strings.ToLower(st.Tables[0].Table)
	switch st.Verb {
	case facts.Insert:
		g.made[table] = true
		if !g.tracer.Ways(q.From).Operators() {
			g.used[table] = true
		}
		if !g.piled[table] && (g.repeats(q.Loop) || g.withinLoop(q.From, 0)) {
			g.many[table], g.piled[table] = true, true
		}
	case facts.Select:
		if (st.Limit == "1" || q.One) && len(st.Order) > 0 && times.MatchString(st.Order[0].Column) && len(st.Tables) == 1 {
			g.newest[table] = true
		}
		if st.Limit != "" && st.Limit != "1" && !q.One && !st.Aggregate {
			g.many[table] = true
			for _, p := range st.Predicates {
				if p.Operator == "=" && p.Arg != nil {
					g.paged[[2]string{table, strings.ToLower(p.Column)}] = true
				}
			}
		}
	case facts.Update:
		if slices.ContainsFunc(st.Sets, deleted.MatchString) {
			g.marked[table] = true
		}
	case facts.Delete:
		g.gone[table] = true
		if slices.ContainsFunc(st.Predicates, old) {
			g.many[table], g.piled[table], g.aging[table] = true, true, true
		}
	}
}

// repeats reports whether a loop goes over what is not counted in the code: items, rows, or what happens.
func (g *Tables) repeats(loop *facts.Loop) bool {
	return loop != nil && loop.Kind != facts.OverConstant && loop.Kind != facts.OverCondition
}

// withinLoop reports whether a function is called in a loop.
func (g *Tables) withinLoop(f *facts.Function, depth int) bool {
	if known, found := g.within[f]; found || depth == 3 {
		return known
	}
	g.within[f] = false
	g.within[f] = slices.ContainsFunc(f.Callers, func(call *facts.Call) bool {
		from := call.From
		if from.Aside == "test" || from.Aside == "migration" || from.Aside == "command" || call.Place.ErrorPath || call.Place.EndsLoop {
			return false
		}
		each := len(call.Callees) > 1 && call.Receiver.Has(facts.FromLoop) // one of several things to do in each turn, and none of them twice
		return g.repeats(call.Loop) && !each || g.withinLoop(from, depth+1)
	})
	return g.within[f]
}

// deleted are names of columns that say that a row is gone.
var deleted = regexp.MustCompile(`(?i)^(is_?)?(deleted|removed|archived)(_?(at|on|time|ts|date))?$`)

// times are names of columns that say when.
var times = regexp.MustCompile(`(?i)(_at|at|time|date|hour|created|updated|expir\w*|timestamp|_on|until|since)$`)

// expiry are names of columns that say until when a row holds, and not something of it, as `password_expires_at` of a user does.
var expiry = regexp.MustCompile(`(?i)^((idle|absolute)_)?(expir(es|ed|y|ation)\w*|valid_(until|to))$`)

// old reports whether a condition tells old rows from new ones.
func old(p facts.Predicate) bool {
	return (p.Operator == "<" || p.Operator == "<=") && times.MatchString(p.Column)
}
