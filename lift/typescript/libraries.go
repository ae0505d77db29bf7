package typescript

import (
	"github.com/fettlehq/fettle/lift/typescript/syntax"
)

// libraryAnswer is the type of what a call of a library answers, where that is known.
func (l *lifter) libraryAnswer(p *place, e *syntax.Call, depth int) typing {
	if s, is := e.Fun.(*syntax.Select); is && s.Name == "then" {
		return l.typeIn(p, s.X, depth+1)
	}
	return l.repositoryOf(p, e)
}

// callbackTypes says of which type a parameter of a callback is that is given to a call.
func (l *lifter) callbackTypes(f *function, call *syntax.Call, which int) func(int) typing {
	return func(depth int) typing {
		s, is := call.Fun.(*syntax.Select)
		if !is || which > 0 {
			return typing{}
		}
		switch {
		case s.Name == "then" || s.Name == "$transaction":
			return l.typeIn(&place{f.file, f}, s.X, depth)
		case begins.MatchString(s.Name):
			return typing{library: "typeorm", name: "EntityManager"}
		}
		return typing{}
	}
}
