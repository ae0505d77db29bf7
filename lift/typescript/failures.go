package typescript

import (
	"regexp"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/lift/typescript/syntax"
)

// What a function does with a failure: it answers with it, or nobody hears of it.

var (
	answering = regexp.MustCompile(`^(json|send|end|write|render)$`)
	inside    = regexp.MustCompile(`^5\d\d$|(?i)internal_?server_?error|bad_?gateway|service_?unavailable`)
	thrown    = regexp.MustCompile(`^(InternalServerErrorException|BadGatewayException|ServiceUnavailableException)$`)
)

// failureTold is the text of a failure inside that a call tells the client: res.status(500).json({error: e.message}),
// new InternalServerErrorException(e.message); "" where it tells of none.
func (l *lifter) failureTold(f *function, call *syntax.Call) string {
	args := call.Args
	switch name := calledName(call); {
	case call.New && thrown.MatchString(name):
	case call.New && name == "HttpException" && len(args) > 1 && inside.MatchString(f.file.said(args[1])[strings.LastIndexByte(f.file.said(args[1]), '.')+1:]):
		args = args[:1]
	case !call.New && answering.MatchString(name):
		fun, is := unwrapped(call.Fun).(*syntax.Select)
		if !is {
			return ""
		}
		on, is := unwrapped(fun.X).(*syntax.Call)
		if !is || calledName(on) != "status" && calledName(on) != "code" || len(on.Args) != 1 {
			return ""
		}
		said := f.file.said(on.Args[0])
		if !inside.MatchString(said[strings.LastIndexByte(said, '.')+1:]) {
			return ""
		}
	default:
		return ""
	}
	told := ""
	for _, arg := range args {
		syntax.Walk(arg, func(n syntax.Node) bool {
			switch n := n.(type) {
			case *syntax.Func:
				return false
			case *syntax.Select:
				if id, is := unwrapped(n.X).(*syntax.Ident); is && f.caught(id) {
					if n.Name == "message" || n.Name == "stack" || n.Name == "toString" || n.Name == "detail" {
						told = f.file.said(n)
					}
					return false
				}
			case *syntax.Ident:
				if f.caught(n) {
					told = n.Name
				}
			}
			return told == ""
		})
	}
	return told
}

// caught reports whether a name is what was thrown.
func (f *function) caught(e *syntax.Ident) bool {
	b := f.binding(e.Name, e.Pos())
	return b != nil && b.caught && len(b.path) == 0
}

// findUnheard finds the queries of a function whose promise nobody waits for, so that nobody hears that they failed. What Prisma promises, and a
// builder of TypeORM that nobody executes, are not even sent then.
func (l *lifter) findUnheard(f *function) {
	for _, x := range f.dropped {
		waits := false
		for {
			if await, is := x.(*syntax.Await); is {
				x, waits = await.X, true
				continue
			}
			break
		}
		call, is := unwrapped(x).(*syntax.Call)
		if !is {
			continue
		}
		q := f.queries[call]
		if q == nil {
			if l.unexecuted(f, call) {
				f.fact.Unsent = append(f.fact.Unsent, facts.Unsent{Pos: f.file.pos(call), Text: f.file.said(call), Why: "a builder sends nothing until it is executed"})
			}
			continue
		}
		switch {
		case waits:
		case q.Library == "prisma":
			f.fact.Unsent = append(f.fact.Unsent, facts.Unsent{Pos: q.Pos, Text: f.file.said(call), Why: "Prisma sends a statement when somebody waits for its answer"})
		default:
			q.ErrorLost = true
		}
	}
}

// changing are the methods of a builder that make it change rows, and executing those that send it.
var changing = []string{"update", "delete", "insert", "softDelete"}

// unexecuted reports whether a call is the end of a chain of TypeORM's builder that changes rows, and that nobody executes.
func (l *lifter) unexecuted(f *function, call *syntax.Call) bool {
	changes, named := false, calledName(call)
	if named == "execute" || ends[named] {
		return false
	}
	for {
		name := calledName(call)
		if name == "createQueryBuilder" {
			return changes
		}
		changes = changes || slices.Contains(changing, name)
		on, is := unwrapped(call.Fun).(*syntax.Select)
		if !is {
			return false
		}
		inner, is := unwrapped(on.X).(*syntax.Call)
		if !is {
			return false
		}
		call = inner
	}
}
