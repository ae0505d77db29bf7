package typescript

import (
	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/lift/typescript/syntax"
)

// findEntities reads the entities of TypeORM: which table each is kept in.
func (l *lifter) findEntities() {}

// typeormQuery is the query of a call of TypeORM: of a repository, a manager, or the end of a builder's chain.
func (l *lifter) typeormQuery(f *function, call *syntax.Call) *facts.Query { return nil }
