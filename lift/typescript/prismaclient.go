package typescript

import (
	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/lift/typescript/syntax"
)

// prismaQuery is the query of a call of Prisma's client: prisma.user.findMany({where: …}).
func (l *lifter) prismaQuery(f *function, call *syntax.Call) *facts.Query { return nil }
