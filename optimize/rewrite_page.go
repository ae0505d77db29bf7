package optimize

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/pgsql"
)

// farOffset is from where on an OFFSET is worth a word.
const farOffset = 1000

// offsetToKeyset turns a far OFFSET, which reads all that it leaves out, into "after the last row of the page before".
func offsetToKeyset(s *selected) (rewrite, bool) {
	tree := s.parsed.Tree
	if s.clauses.Offset == "" || s.clauses.Limit == "" || s.clauses.Group+s.clauses.Having != "" || tree.Has("distinctClause") {
		return rewrite{}, false
	}
	offset := tree.Node("limitOffset")
	far := offset.As("ival", "Integer").Int("ival")
	if offset.Is("A_Const") && far < farOffset {
		return rewrite{}, false
	}
	var scan *pgsql.Scan
	for _, candidate := range s.roles.Scans {
		if len(candidate.Order) > 0 && candidate.Whole && !candidate.Inner {
			scan = candidate
		}
	}
	if scan == nil {
		return rewrite{}, false
	}
	t := s.run.catalog.table(scan.Table)
	if t == nil {
		return rewrite{}, false
	}
	w := rewrite{
		rule: "keyset", why: "OFFSET reads and throws away all rows before the page",
		notes: []string{"the next page begins after the last row of this one; jumping to a page by its number is lost"},
	}
	var keys []pageKey
	for _, key := range scan.Order {
		c := t.column(key.Column)
		if key.Column == "" || key.Nulls != "" && c != nil && !c.NotNull {
			return rewrite{}, false
		}
		if c == nil || !c.NotNull {
			w.differs = fmt.Sprintf("%s may be null: rows without it need a page of their own", key.Column)
		}
		keys = append(keys, pageKey{column: key.Column, desc: key.Desc})
	}
	order := s.clauses.Order
	if !t.unique(columnsOf(keys)) {
		last := keys[len(keys)-1].desc
		for _, column := range t.primary() {
			if !slices.Contains(columnsOf(keys), column) {
				keys = append(keys, pageKey{column: column, desc: last})
				order += ", " + pgsql.Ident(scan.Alias) + "." + pgsql.Ident(column) + map[bool]string{true: " DESC", false: ""}[last]
			}
		}
		if !t.unique(columnsOf(keys)) {
			return rewrite{}, false
		}
		w.notes = append(w.notes, "the order got the primary key as its last part: without one, rows that tie come twice or never")
	}
	var names, shownValues []string
	next := len(pgsql.Params(s.parsed))
	for i := range keys {
		next++
		keys[i].name = pgsql.Ident(scan.Alias) + "." + pgsql.Ident(keys[i].column)
		names = append(names, keys[i].name)
		shownValues = append(shownValues, fmt.Sprintf("$%d", next))
	}
	page := s.clauses
	page.Offset, page.Order = "", order
	after := func(values []string) string {
		c := page
		if c.Where = behind(keys, values); s.clauses.Where != "" {
			c.Where = s.clauses.Where + " AND " + c.Where
		}
		return c.String()
	}
	if len(pgsql.Params(s.parsed)) > 0 {
		w.text = after(shownValues)
		return w, true
	}
	if s.run.clone == nil && s.run.lite == nil || far == 0 {
		far = max(far, farOffset)
	}
	last, err := s.lastRow(page, names, far)
	if err != nil {
		return rewrite{}, false
	}
	w.text = after(last)
	original := page
	original.Offset = fmt.Sprint(far)
	w.compare = [2]string{original.String(), w.text}
	w.notes = append(w.notes, "the values stand for the last row of the page before")
	return w, true
}

// pageKey is one part of the order of pages.
type pageKey struct {
	column, name string
	desc         bool
}

func columnsOf(keys []pageKey) []string {
	columns := make([]string, len(keys))
	for i, key := range keys {
		columns[i] = key.column
	}
	return columns
}

// behind is the condition that a row comes after one with these values. Parts that go the same way are compared as a row,
// which an index serves; where they differ, the first is bounded, so that it serves at least for that:
//
//	(at, id) < ($1, $2)                        of at DESC, id DESC
//	at <= $1 AND (at < $1 OR id > $2)          of at DESC, id
func behind(keys []pageKey, values []string) string {
	sign := map[bool]string{true: "<", false: ">"}
	names := make([]string, len(keys))
	same := true
	for i, key := range keys {
		names[i] = key.name
		same = same && key.desc == keys[0].desc
	}
	switch {
	case len(keys) == 1:
		return fmt.Sprintf("%s %s %s", names[0], sign[keys[0].desc], values[0])
	case same:
		return fmt.Sprintf("(%s) %s (%s)", strings.Join(names, ", "), sign[keys[0].desc], strings.Join(values, ", "))
	}
	rest := behind(keys[1:], values[1:])
	if len(keys) > 2 {
		rest = "(" + rest + ")"
	}
	return fmt.Sprintf("%[1]s %[2]s= %[3]s AND (%[1]s %[2]s %[3]s OR %[4]s)", names[0], sign[keys[0].desc], values[0], rest)
}

// lastRow reads the keys of the row before a page, as constants; from the clone, or, without one, what a column has.
func (s *selected) lastRow(page pgsql.Clauses, names []string, offset int) ([]string, error) {
	if s.run.lite != nil {
		return s.run.lite.lastRow(s.ctx, page, names, offset)
	}
	values := make([]string, len(names))
	if s.run.clone == nil {
		for i := range values {
			values[i] = "NULL"
		}
		return values, nil
	}
	page.Select, page.Limit, page.Offset = "", "1", fmt.Sprint(offset-1)
	var parts []string
	for _, name := range names {
		parts = append(parts, fmt.Sprintf("quote_literal(%s) || '::' || pg_typeof(%s)", name, name))
	}
	page.Select = "ARRAY[" + strings.Join(parts, ", ") + "]::text[]"
	return values, s.run.clone.QueryRow(s.ctx, page.String()).Scan(&values)
}

// countOfJoin counts without the tables that are joined for nothing.
func countOfJoin(s *selected) (rewrite, bool) {
	tree := s.parsed.Tree
	targets, froms := tree.Nodes("targetList"), tree.Nodes("fromClause")
	if len(targets) != 1 || len(froms) != 1 || !froms[0].Is("JoinExpr") || s.clauses.Group+s.clauses.Having+s.clauses.Limit != "" {
		return rewrite{}, false
	}
	call := targets[0].Node("val")
	if !call.Is("FuncCall") || !slices.Equal(call.Names("funcname"), []string{"count"}) {
		return rewrite{}, false
	}
	joins, base, ok := leftJoins(froms[0])
	if !ok {
		return rewrite{}, false
	}
	baseAlias := base.As("alias", "Alias").Text("aliasname")
	if baseAlias == "" {
		baseAlias = base.Text("relname")
	}
	used := false // of the tables that are joined
	for _, n := range append(slices.Clone(s.nodes), call) {
		n.Walk(func(inner pgsql.Node) bool {
			if column, found := s.roles.Find(inner); found && column.Scan.Alias != baseAlias {
				used = true
			}
			return true
		})
	}
	t := s.run.catalog.find(base.Text("schemaname"), base.Text("relname"))
	if used || t == nil {
		return rewrite{}, false
	}
	c := s.clauses
	c.From = baseText(base)
	w := rewrite{rule: "count", why: "the count joins tables that it does not ask anything of"}
	if call.Bool("agg_distinct") {
		column, found := s.roles.Find(call.Nodes("args")[0])
		if !found || column.Scan.Alias != baseAlias || !t.unique([]string{column.Name}) {
			return rewrite{}, false
		}
		c.Select = "count(*)"
	} else if !slices.ContainsFunc(joins, func(j pgsql.Node) bool { return !s.joinsOne(j) }) {
		c.Select = s.clauses.Select
	} else {
		c.Select = s.clauses.Select
		w.differs = fmt.Sprintf("the joins repeat rows of %s, and each repetition is counted; if its rows are meant to be counted, this is the count", t.ID)
	}
	w.text = c.String()
	return w, true
}

// leftJoins are the joins of a FROM when all are LEFT JOINs of plain tables.
func leftJoins(n pgsql.Node) (joins []pgsql.Node, base pgsql.Node, ok bool) {
	for n.Is("JoinExpr") {
		if n.Text("jointype") != "JOIN_LEFT" || !n.Node("rarg").Is("RangeVar") {
			return nil, base, false
		}
		joins = append(joins, n)
		n = n.Node("larg")
	}
	return joins, n, n.Is("RangeVar")
}

func baseText(base pgsql.Node) string {
	text := pgsql.Ident(base.Text("relname"))
	if schema := base.Text("schemaname"); schema != "" {
		text = pgsql.Ident(schema) + "." + text
	}
	if alias := base.As("alias", "Alias").Text("aliasname"); alias != "" {
		text += " " + pgsql.Ident(alias)
	}
	return text
}

// joinsOne reports whether a join finds at most one row for each.
func (s *selected) joinsOne(join pgsql.Node) bool {
	right := join.Node("rarg")
	t := s.run.catalog.find(right.Text("schemaname"), right.Text("relname"))
	if t == nil {
		return false
	}
	alias := right.As("alias", "Alias").Text("aliasname")
	if alias == "" {
		alias = right.Text("relname")
	}
	var columns []string
	for _, scan := range s.roles.Scans {
		for _, p := range scan.Where {
			if scan.Alias == alias && p.Class == pgsql.Equal && p.Join.Scan != nil {
				columns = append(columns, p.Column)
			}
		}
	}
	return t.unique(columns)
}

// cappedCount offers to count no further than a reader cares for.
func cappedCount(s *selected) (rewrite, bool) {
	tree := s.parsed.Tree
	targets := tree.Nodes("targetList")
	if len(targets) != 1 || !countsAll(targets[0].Node("val")) || s.clauses.Group+s.clauses.Having+s.clauses.Limit != "" || s.query.Base.Cost() < 2000 {
		return rewrite{}, false
	}
	c := s.clauses
	c.Select, c.Limit = "1", "10001"
	return rewrite{
		rule: "capped-count", why: "an exact count reads every row that it counts", text: "SELECT count(*) FROM (" + spaced(c.String()) + ") counted",
		differs: "it counts to 10,001 and no further, for a pager that then says “more than 10,000”; without a condition, reltuples of pg_class is an estimate for nothing",
	}, true
}

// spaced is a statement on one line, without comments, with one space where there are any between its tokens; those within a text stay.
func spaced(text string) string {
	var out strings.Builder
	end := 0
	for i, token := range pgsql.Tokens(text) {
		if i > 0 && token.Start > end {
			out.WriteByte(' ')
		}
		out.WriteString(token.Text)
		end = token.End()
	}
	return out.String()
}

// existence asks whether there is a row where all were counted to know it:
//
//	SELECT count(*) > 0 FROM t WHERE …        ─▶   SELECT EXISTS (SELECT 1 FROM t WHERE …)
//	… WHERE (SELECT count(*) FROM t …) = 0    ─▶   … WHERE NOT EXISTS (SELECT 1 FROM t …)
func existence(s *selected) (rewrite, bool) {
	own, ok := takeApart(s.ctx, s.run, s.query, s.query.parsed.Text) // where a place of a constant may be any number
	if !ok || len(own.nodes) != len(s.nodes) {
		return rewrite{}, false
	}
	w := rewrite{rule: "existence", why: "a count reads every row to know whether there is one"}
	tree := s.parsed.Tree
	if targets := tree.Nodes("targetList"); len(targets) == 1 && len(own.parsed.Tree.Nodes("targetList")) == 1 {
		count, exists, ok := comparedWithNone(targets[0].Node("val"))
		_, _, given := comparedWithNone(own.parsed.Tree.Nodes("targetList")[0].Node("val"))
		if c := s.clauses; ok && given && countsAll(count) && !tree.Has("distinctClause") && c.From != "" && c.Group+c.Having+c.Order+c.Limit+c.Offset+c.Rest == "" {
			w.text = "SELECT " + existsIn(c, exists)
			if name := targets[0].Text("name"); name != "" {
				w.text += " AS " + pgsql.Ident(name)
			}
			return w, true
		}
	}
	for i, n := range s.nodes {
		sub, exists, ok := comparedWithNone(n)
		_, _, given := comparedWithNone(own.nodes[i])
		if !ok || !given || !sub.Is("SubLink") || sub.Text("subLinkType") != "EXPR_SUBLINK" {
			continue
		}
		targets, text := sub.Node("subselect").Nodes("targetList"), s.texts[i]
		open, end := strings.IndexByte(text, '('), strings.LastIndexByte(text, ')')
		if len(targets) != 1 || !countsAll(targets[0].Node("val")) || sub.Node("subselect").Has("distinctClause") || open < 0 || end < open {
			continue
		}
		c, plain := pgsql.Cut(strings.TrimSpace(text[open+1 : end]))
		if !plain || c.From == "" || c.Group+c.Having+c.Limit+c.Offset+c.Rest != "" {
			continue
		}
		w.text = s.with(i, existsIn(c, exists))
		return w, true
	}
	return rewrite{}, false
}

func existsIn(c pgsql.Clauses, exists bool) string {
	text := "EXISTS (SELECT 1 FROM " + c.From
	if c.Where != "" {
		text += " WHERE " + c.Where
	}
	text += ")"
	if !exists {
		text = "NOT " + text
	}
	return text
}

// comparedWithNone reads a comparison that only tells whether a count is 0, from either side.
func comparedWithNone(n pgsql.Node) (count pgsql.Node, exists, ok bool) {
	if !n.Is("A_Expr") || n.Text("kind") != "AEXPR_OP" || len(n.Names("name")) != 1 {
		return n, false, false
	}
	op, count, number := n.Names("name")[0], n.Node("lexpr"), n.Node("rexpr")
	if count.Is("A_Const") {
		op, count, number = pgsql.Mirrored(op), number, count
	}
	text, constant := pgsql.SQL(number, false)
	if !constant || !number.Is("A_Const") {
		return n, false, false
	}
	switch op + text {
	case ">0", "<>0", ">=1":
		return count, true, true
	case "=0", "<1", "<=0":
		return count, false, true
	}
	return n, false, false
}

// countsAll reports whether an expression is count(*) of all rows together.
func countsAll(n pgsql.Node) bool {
	return n.Bool("agg_star") && slices.Equal(n.Names("funcname"), []string{"count"}) && !n.Has("over") && !n.Has("agg_filter")
}
