package build

import (
	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/parser"
)

// The list operations expand to comprehensions, because only those bind a name. The name of the accumulator says which
// operation it was, and lowering reads the parts back from where these functions put them:
//
//	exists   step: accu || condition
//	all      step: accu && condition
//	one      step: condition ? accu + 1 : accu, result: accu == 1
//	filter   step: condition ? accu + [element] : accu
//	map      step: accu + [value]
//	find     @first(filter)
const (
	accuExists = "@exists"
	accuAll    = "@all"
	accuOne    = "@one"
	accuFilter = "@filter"
	accuMap    = "@map"
)

func macros() []parser.Macro {
	return []parser.Macro{
		parser.NewReceiverMacro("exists", 2, expand(accuExists)),
		parser.NewReceiverMacro("all", 2, expand(accuAll)),
		parser.NewReceiverMacro("exists_one", 2, expand(accuOne)),
		parser.NewReceiverMacro("filter", 2, expand(accuFilter)),
		parser.NewReceiverMacro("map", 2, expand(accuMap)),
		parser.NewReceiverMacro("find", 2, expandFind),
		parser.NewGlobalMacro("can", 2, expandCan),
	}
}

func expand(accu string) parser.MacroExpander {
	return func(eh parser.ExprHelper, target ast.Expr, args []ast.Expr) (ast.Expr, *common.Error) {
		if args[0].Kind() != ast.IdentKind {
			return nil, eh.NewError(args[0].ID(), "the first part is a name for the element, as in members.exists(m, …)")
		}
		get := func() ast.Expr { return eh.NewIdent(accu) }
		var init, step, result ast.Expr
		result = get()
		switch accu {
		case accuExists:
			init = eh.NewLiteral(types.False)
			step = eh.NewCall(operators.LogicalOr, get(), args[1])
		case accuAll:
			init = eh.NewLiteral(types.True)
			step = eh.NewCall(operators.LogicalAnd, get(), args[1])
		case accuOne:
			init = eh.NewLiteral(types.IntZero)
			step = eh.NewCall(operators.Conditional, args[1], eh.NewCall(operators.Add, get(), eh.NewLiteral(types.IntOne)), get())
			result = eh.NewCall(operators.Equals, get(), eh.NewLiteral(types.IntOne))
		case accuFilter:
			init = eh.NewList()
			step = eh.NewCall(operators.Conditional, args[1], eh.NewCall(operators.Add, get(), eh.NewList(args[0])), get())
		default:
			init = eh.NewList()
			step = eh.NewCall(operators.Add, get(), eh.NewList(args[1]))
		}
		return eh.NewComprehension(target, args[0].AsIdent(), accu, init, eh.NewLiteral(types.True), step, result), nil
	}
}

func expandFind(eh parser.ExprHelper, target ast.Expr, args []ast.Expr) (ast.Expr, *common.Error) {
	filter, err := expand(accuFilter)(eh, target, args)
	if err != nil {
		return nil, err
	}
	return eh.NewCall("@first", filter), nil
}

// expandCan makes the verb of can(READ, x) a string, so that it is no name to resolve.
func expandCan(eh parser.ExprHelper, _ ast.Expr, args []ast.Expr) (ast.Expr, *common.Error) {
	if args[0].Kind() == ast.IdentKind {
		switch verb := args[0].AsIdent(); verb {
		case "READ", "CREATE", "UPDATE", "DELETE":
			return eh.NewCall("can", eh.NewLiteral(types.String(verb)), args[1]), nil
		}
	}
	return nil, eh.NewError(args[0].ID(), "can begins with READ, CREATE, UPDATE or DELETE, as in can(READ, issue)")
}

// comprehended is what a macro was written as.
type comprehended struct {
	accu      string
	list      ast.Expr
	element   string
	condition ast.Expr // nil of a map
	value     ast.Expr // of a map
}

// comprehension reads the parts back.
func comprehension(e ast.Expr) comprehended {
	c := e.AsComprehension()
	out := comprehended{accu: c.AccuVar(), list: c.IterRange(), element: c.IterVar()}
	args := c.LoopStep().AsCall().Args()
	switch out.accu {
	case accuExists, accuAll:
		out.condition = args[len(args)-1]
	case accuOne, accuFilter:
		out.condition = args[0]
	default:
		out.value = args[1].AsList().Elements()[0]
	}
	return out
}
