package optimize

import (
	"fmt"
	"strings"

	"github.com/fettlehq/fettle/pgsql"
)

// defaulted compares the column itself where it is compared with what stands for its nulls, so that an index on it serves:
//
//	coalesce(paid_at, '1970-01-01Z') < '2000-01-01Z'        ─▶   (paid_at IS NULL OR paid_at < '2000-01-01Z')
//	coalesce(score, 0) > 90                                 ─▶   score > 90
//
// Which of the two it is the server says, of constants alone.
func defaulted(s *selected) (rewrite, bool) {
	own, ok := takeApart(s.ctx, s.run, s.query, s.query.parsed.Text)
	if !ok || len(own.nodes) != len(s.nodes) {
		return rewrite{}, false
	}
	for i := range s.nodes {
		if _, _, _, given := own.compared(own.nodes[i]); !given { // what stands for a parameter may be any value
			continue
		}
		column, nulls, rest, ok := s.compared(s.nodes[i])
		if !ok {
			continue
		}
		var held *bool
		if err := s.run.s.QueryRow(s.ctx, "SELECT "+nulls+rest).Scan(&held); err != nil || held == nil {
			continue
		}
		condition := column + rest
		if *held {
			condition = fmt.Sprintf("(%s IS NULL OR %s%s)", column, column, rest)
		}
		return rewrite{rule: "default", why: "what stands for nulls is compared, so no index on the column can be used", text: s.with(i, condition)}, true
	}
	return rewrite{}, false
}

// compared reads coalesce(column, constant) op constant: the column, what stands for its nulls, and the comparison.
func (s *selected) compared(n pgsql.Node) (column, nulls, rest string, ok bool) {
	if !n.Is("A_Expr") || n.Text("kind") != "AEXPR_OP" || len(n.Names("name")) != 1 {
		return "", "", "", false
	}
	op, left, right := n.Names("name")[0], n.Node("lexpr"), n.Node("rexpr")
	if right.Is("CoalesceExpr") {
		op, left, right = pgsql.Mirrored(op), right, left
	}
	args := left.Nodes("args")
	if !left.Is("CoalesceExpr") || len(args) != 2 || !args[0].Is("ColumnRef") || !strings.Contains(" = < <= > >= ", " "+op+" ") {
		return "", "", "", false
	}
	column, c, found := s.name(args[0])
	if !found || c.NotNull {
		return "", "", "", false
	}
	nulls, first := constantText(args[1])
	value, second := constantText(right)
	return column, "coalesce(NULL::" + c.Type + ", " + nulls + ")", " " + op + " " + value, first && second
}

func constantText(n pgsql.Node) (text string, is bool) {
	inner := n
	if n.Is("TypeCast") {
		inner = n.Node("arg")
	}
	text, is = pgsql.SQL(n, false)
	return text, is && inner.Is("A_Const") && !inner.Bool("isnull")
}
