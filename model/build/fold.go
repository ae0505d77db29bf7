package build

import (
	"math/big"
	"strconv"
	"strings"

	"cel.dev/cel-go/common/ast"

	"github.com/fettlehq/fettle/model"
)

// Decimals that stand in a design are reckoned with when it is read: a statement has no type to give them where no field stands beside them.

// quotientDigits is how many digits a quotient of Decimals has behind the point.
const quotientDigits = 40

// mostOfConstant is how long the text of a Decimal in a design may be.
const mostOfConstant = 60

// literals is the number that x comes to where it is made of literals alone; ok is false of anything else, and of a division by zero.
func literals(x *model.Expr) (n *big.Rat, ok bool) {
	switch x.Op {
	case model.Const:
		switch v := x.Value.(type) {
		case int64:
			return new(big.Rat).SetInt64(v), x.Kind != model.Duration
		case float64:
			return new(big.Rat).SetString(strconv.FormatFloat(v, 'f', -1, 64))
		case string:
			if x.Kind == model.Decimal {
				return new(big.Rat).SetString(v)
			}
		}
		return nil, false
	case model.Neg:
		if n, ok = literals(x.Args[0]); ok {
			n.Neg(n)
		}
		return n, ok
	case model.Add, model.Sub, model.Mul, model.Div:
	default:
		return nil, false
	}
	a, first := literals(x.Args[0])
	b, second := literals(x.Args[1])
	if !first || !second {
		return nil, false
	}
	switch x.Op {
	case model.Add:
		return a.Add(a, b), true
	case model.Sub:
		return a.Sub(a, b), true
	case model.Mul:
		return a.Mul(a, b), true
	}
	if b.Sign() == 0 {
		return nil, false
	}
	if a.Quo(a, b); isWholeNumber(x.Args[0]) && isWholeNumber(x.Args[1]) {
		return a.SetInt(new(big.Int).Quo(a.Num(), a.Denom())), true
	}
	return new(big.Rat).SetString(a.FloatString(quotientDigits))
}

func isWholeNumber(x *model.Expr) bool { return x.Kind == model.Int || x.Kind == model.Int64 }

// fold makes one literal of a Decimal that is made of literals alone.
func (l *lowerer) fold(v *value, e ast.Expr) {
	if v.x.Args[0] == nil {
		return
	}
	n, ok := literals(v.x)
	if !ok {
		if _, ok = literals(v.x.Args[0]); ok && v.x.Op == model.Div {
			if by, ok := literals(v.x.Args[1]); ok && by.Sign() == 0 {
				l.fail(e, WrongType, "", "this is divided by zero")
			}
		}
		return
	}
	text := n.FloatString(2 * quotientDigits)
	if strings.Contains(text, ".") {
		text = strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
	}
	if len(text) > mostOfConstant {
		l.fail(e, WrongType, "write the number itself, with fewer digits", "this number has more than %d digits", mostOfConstant)
	}
	v.x, v.t = &model.Expr{Op: model.Const, Kind: model.Decimal, Value: text}, typ{kind: model.Decimal}
}
