package query

import (
	"strconv"
	"strings"

	"github.com/fettlehq/fettle/kit/meta"
)

// Ascending, null comes last; descending, first: one is the other read backwards.

// orderKey is one key of an order, as SQL.
type orderKey struct {
	sql        string
	typ        typ
	column     int // where it is selected
	descending bool
	null       bool
	searched   bool // in other rows, so that it is worth the trouble to do it once
}

// orderOf is the order in which a Select reads: its own, or that of its paging; id is last, in the direction of
// the key before it, so that one comparison of a whole key finds the next page.
func orderOf(sel *Select, list *meta.Field) []Order {
	keys := sel.Order
	if len(keys) == 0 {
		keys = orders(sel.Paging(list).Order)
	}
	for i, k := range keys {
		if len(k.Path) == 1 && k.Path[0] == "id" {
			return keys[:i+1]
		}
	}
	last := len(keys) > 0 && keys[len(keys)-1].Descending
	return append(keys[:len(keys):len(keys)], Order{Path: []string{"id"}, Descending: last})
}

func orders(from []meta.Order) []Order {
	keys := make([]Order, len(from))
	for i, o := range from {
		keys[i] = Order{Path: strings.Split(o.Field, "."), Descending: o.Descending}
	}
	return keys
}

// orderKeys are the keys of rows, and what PostgreSQL reads beside each row: the keys that it has to search for, once, however often
// they are named, as an order, as a place behind a cursor and as fields that are selected. On SQLite, which joins no row with what is
// worked out of it, only the last two of these are one.
func (p *planner) orderKeys(row *scope) (keys []orderKey, beside string) {
	order := orderOf(p.sel, p.list)
	keys = make([]orderKey, len(order))
	p.ordered, p.searched = row, map[string]string{}
	for i, o := range order {
		value := p.follow(row, o.Path, env{this: row, guarded: !p.system})
		keys[i] = orderKey{
			sql: value.shown(), typ: value.typ, descending: o.Descending != p.page.backward,
			null: value.nullable() || value.sql == sqlNull,
		}
		if !searches(keys[i].sql) {
			continue
		}
		keys[i].searched = true
		if p.postgres {
			alias := p.alias("k")
			beside += " CROSS JOIN LATERAL (SELECT " + keys[i].sql + " AS v" + p.fence() + ") " + alias
			keys[i].sql = alias + ".v"
		}
		if len(o.Path) == 1 {
			p.searched[o.Path[0]] = keys[i].sql
		}
	}
	return keys, beside
}

// selectKeys selects the keys of each row, for its cursor.
func (p *planner) selectKeys(keys []orderKey) {
	if p.sel.Unplaced {
		return
	}
	for i := range keys {
		keys[i].column = p.column(bracketCase(keys[i].sql), keys[i].typ)
	}
	p.plan.keys = keys
}

func (p *planner) orderBy(keys []orderKey) string {
	var parts []string
	for _, k := range keys {
		if isConstant(k.sql) { // which would be the number of a column, or an error
			continue
		}
		part := k.sql
		if k.searched && !p.postgres && k.column > 0 { // SQLite takes two equal searches for two
			part = strconv.Itoa(k.column + 1)
		}
		if k.descending {
			part += " DESC"
		}
		if k.null && !p.postgres {
			if k.descending {
				part += " NULLS FIRST"
			} else {
				part += " NULLS LAST"
			}
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, ", ")
}

// isConstant tells whether SQL is one literal, by which all rows are equal.
func isConstant(sql string) bool {
	switch sql {
	case sqlNull, sqlTrue, sqlFalse:
		return true
	}
	if strings.HasPrefix(sql, "'") {
		return !strings.Contains(strings.ReplaceAll(sql[1:], "''", ""), "' ")
	}
	_, err := strconv.ParseFloat(strings.Trim(sql, "()"), 64)
	return err == nil
}

// after is the condition to stand behind the cursor of the page. Which of the cursor's values are null is part of the
// plan's shape.
func (p *planner) after(keys []orderKey) string {
	if p.page.cursor == nil {
		return sqlTrue
	}
	params := make([]string, len(keys))
	for i, k := range keys {
		switch {
		case p.page.cursor[i] != nil:
			params[i] = p.typedParam(param{source: slotSource, slot: p.page.firstSlot + i, typ: k.typ})
		case !k.null: // no row has given it
			p.fail("%w", malformed("The cursor does not belong to this list and order."))
			return sqlFalse
		}
	}
	if uniform(keys) {
		return rowAfter(keys, params)
	}
	condition := sqlFalse
	for i := len(keys) - 1; i >= 0; i-- {
		condition = disjunction(beyond(keys[i], params[i]), bracketed(conjunction(same(keys[i], params[i]), condition)))
	}
	return condition
}

func uniform(keys []orderKey) bool {
	for _, k := range keys {
		if k.null || k.descending != keys[0].descending {
			return false
		}
	}
	return true
}

// rowAfter compares the whole key at once, which an index on it serves.
func rowAfter(keys []orderKey, params []string) string {
	columns := make([]string, len(keys))
	for i, k := range keys {
		columns[i] = k.sql
	}
	operator := " > "
	if keys[0].descending {
		operator = " < "
	}
	if len(keys) == 1 {
		return columns[0] + operator + params[0]
	}
	return "(" + strings.Join(columns, ", ") + ")" + operator + "(" + strings.Join(params, ", ") + ")"
}

// beyond is the condition that a key alone stands behind the cursor's, param being empty where that is null.
func beyond(k orderKey, param string) string {
	sql := bracket(k.sql)
	switch {
	case k.sql == sqlNull && param == "", !k.descending && param == "":
		return sqlFalse
	case param == "":
		return sql + " IS NOT NULL"
	case k.descending:
		return sql + " < " + param
	case k.null:
		return sql + " > " + param + " OR " + sql + " IS NULL"
	}
	return sql + " > " + param
}

func same(k orderKey, param string) string {
	switch {
	case k.sql == sqlNull && param == "":
		return sqlTrue
	case param == "":
		return bracket(k.sql) + " IS NULL"
	}
	return bracket(k.sql) + " = " + param
}

func bracketed(condition string) string {
	if condition == sqlTrue || condition == sqlFalse {
		return condition
	}
	return "(" + condition + ")"
}
