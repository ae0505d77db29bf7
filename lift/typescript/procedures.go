package typescript

import (
	"regexp"
	"strings"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/lift/typescript/syntax"
)

// tRPC builds procedures by chains: authenticatedProcedure.input(schema).mutation(async ({input, ctx}) => …) (https://trpc.io/docs/server/procedures).

var (
	procedure = regexp.MustCompile(`(?i)(procedure|action(client)?)$`)
	protected = regexp.MustCompile(`(?i)auth|protect|private|admin|user|member|owner|session|secure`)
)

// findProcedures finds the procedures of tRPC.
func (l *lifter) findProcedures() {
	for _, f := range l.functions {
		if f.file.aside == "test" {
			continue
		}
		for _, s := range f.sites {
			on, is := s.call.Fun.(*syntax.Select)
			if !is || on.Name != "mutation" && on.Name != "query" && on.Name != "subscription" && on.Name != "action" || len(s.call.Args) != 1 {
				continue
			}
			run, is := unwrapped(s.call.Args[0]).(*syntax.Func)
			if !is || l.runs[run] == nil {
				continue
			}
			base, bounded, schema := l.chainBase(f.file, on.X)
			if !procedure.MatchString(base) {
				continue
			}
			to := l.runs[run]
			h := to.handle()
			if schema != nil {
				h.schema = &schemaRef{f.file, schema}
			}
			h.members[0] = map[string]facts.Origin{
				"input": {Kind: facts.FromRequest, Pos: to.fact.Pos, Bounded: bounded}, "parsedInput": {Kind: facts.FromRequest, Pos: to.fact.Pos, Bounded: bounded}, "ctx": {Kind: facts.FromContext, Name: "ctx"},
			}
			r := &facts.Route{Pos: f.file.pos(s.call), Path: on.Name + "." + strings.TrimSuffix(to.fact.Name, "Route"), Router: base, Kind: "trpc", Handler: to.fact, Checks: l.looksAtCaller(to)}
			if protected.MatchString(base) && !strings.Contains(strings.ToLower(base), "maybe") {
				r.Guards = []facts.Guard{{Pos: f.file.pos(on.X), Name: base, Auth: true}}
			}
			l.facts.Routes = append(l.facts.Routes, r)
		}
	}
}

// chainBase is the name that a chain of a procedure begins with, whether what its input says of how many has a ceiling, and the schema of that.
func (l *lifter) chainBase(f *file, e syntax.Expr) (base string, bounded bool, schema syntax.Expr) {
	for {
		switch x := unwrapped(e).(type) {
		case *syntax.Call:
			if name := calledName(x); (name == "input" || name == "schema" || name == "inputSchema") && len(x.Args) > 0 {
				bounded, schema = bounded || l.schemaBounds(f, x.Args[0]), x.Args[0]
			}
			e = x.Fun
		case *syntax.Select:
			if procedure.MatchString(x.Name) {
				return x.Name, bounded, schema
			}
			e = x.X
		case *syntax.Ident:
			return x.Name, bounded, schema
		default:
			return "", bounded, schema
		}
	}
}
