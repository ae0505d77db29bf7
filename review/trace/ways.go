package trace

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
)

// Ways are the kinds of ways that lead into a function.
type Ways struct {
	Client   bool // from a route that others than who runs the service may ask for
	Operator bool // from a route that only who runs the service may ask for
	Command  bool // from a command or a migration
	Other    bool // from a thread, a handed function, or from where nobody knows
}

// Operators reports whether a function is reached by who runs the service alone.
func (w Ways) Operators() bool { return !w.Client && !w.Other && (w.Operator || w.Command) }

// None reports whether no way leads into a function: nothing calls it but functions that call each other, as those that wrap an interface do,
// and tests.
func (w Ways) None() bool { return w == Ways{} }

// Ways finds all ways into a function.
func (t *Tracer) Ways(f *facts.Function) Ways {
	if known, found := t.ways[f]; found {
		return known
	}
	var out Ways
	seen := map[*facts.Function]bool{f: true}
	for queue := []*facts.Function{f}; len(queue) > 0 && !(out.Client && out.Other); {
		at := queue[0]
		queue = queue[1:]
		for _, r := range t.routes[at] {
			operators := t.ForOperators(r)
			out.Operator, out.Client = out.Operator || operators, out.Client || !operators
		}
		known := len(t.routes[at]) > 0
		if at.Aside == "command" || at.Aside == "migration" {
			out.Command = true
			continue
		}
		for _, call := range at.Callers {
			if call.From.Aside == "test" || call.Handed && len(t.routes[at]) > 0 {
				continue // to register it is no call
			}
			known = true
			out.Other = out.Other || call.Spawned || call.Handed && at.Outer == nil
			if !seen[call.From] {
				seen[call.From] = true
				queue = append(queue, call.From)
			}
		}
		out.Other = out.Other || !known && len(at.Callers) == 0 // what only tests call, nobody reaches
	}
	t.ways[f] = out
	return out
}

// Job reports whether nobody waits for a function: all ways to it begin with the program or with a thread of their own, and none
// with a request.
func (t *Tracer) Job(f *facts.Function) bool {
	if t.To(f) != nil {
		return false
	}
	seen := map[*facts.Function]bool{f: true}
	queue := []*facts.Function{f}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		callers := 0
		for _, call := range at.Callers {
			if call.From.Aside == "test" {
				continue
			}
			callers++
			if call.Spawned || call.Handed && at.Outer == nil || call.From.Aside == "command" || seen[call.From] {
				continue
			}
			seen[call.From] = true
			queue = append(queue, call.From)
		}
		if callers == 0 && at.Aside != "command" {
			return false // who calls it is not known
		}
	}
	return true
}

// sweeps are names of what goes over rows once in a while.
var sweeps = regexp.MustCompile(`(?i)cron|sweep|clean(up|er|ing)|janitor|reap|purg|prun|expir|stale|periodic|garbage|retention|housekeep|maintenance`)

// Sweep reports whether a function goes over rows once in a while: nobody waits for it, and all ways to it lead through what says so by its name,
// or by that of its package.
func (t *Tracer) Sweep(f *facts.Function) bool {
	if !t.Job(f) {
		return false
	}
	named := func(f *facts.Function) bool {
		return sweeps.MatchString(f.Name) || sweeps.MatchString(path.Base(f.Package))
	}
	seen := map[*facts.Function]bool{f: true}
	for queue := []*facts.Function{f}; len(queue) > 0; queue = queue[1:] {
		at := queue[0]
		if named(at) {
			continue
		}
		led := false
		for _, call := range at.Callers {
			if call.From.Aside == "test" {
				continue
			}
			led = true
			if !named(call.From) && (call.Spawned || call.Handed && at.Outer == nil || call.From.Aside == "command") {
				return false
			}
			if !seen[call.From] {
				seen[call.From] = true
				queue = append(queue, call.From)
			}
		}
		if !led {
			return false
		}
	}
	return true
}

// operators are names of guards that let nobody in but who runs the service.
var operators = regexp.MustCompile(`(?i)(admin|superuser|operator|maintainer|root)(only|user|access|required|middleware|guard)*$`)

// ofOne are names of guards that ask for an administrator of one thing, who may be any user.
var ofOne = regexp.MustCompile(`(?i)(repo|repository|project|org|organi[sz]ation|team|group|space|tenant|channel)_?(admin|operator|maintainer)`)

// ForOperators reports whether a route lets nobody in but who runs the service: a guard is named after administrators, the path is, or after what
// calls by the clock,
// or a guard lets in whoever has a key, and looks up nobody whose key it is.
func (t *Tracer) ForOperators(r *facts.Route) bool {
	for part := range strings.SplitSeq(r.Path, "/") {
		if part == "admin" || part == "cron" {
			return true
		}
	}
	return slices.ContainsFunc(r.Guards, func(g facts.Guard) bool {
		return g.Auth && (operators.MatchString(g.Name) && !ofOne.MatchString(g.Name) || t.asksForKeys(g))
	})
}

// keys are names of tables that hold what lets programs in.
var keys = regexp.MustCompile(`(?i)(api|access|oauth)_?(key|token|client)s?$`)

// asksForKeys reports whether a guard asks the database for keys of the service, and for nothing else: no person has such a key, nor a
// tenant, but who set the service up.
func (t *Tracer) asksForKeys(g facts.Guard) bool {
	found := false
	for _, run := range g.Runs {
		known, is := t.keyed[run]
		if !is {
			known = asksOnlyFor(run, keys)
			t.keyed[run] = known
		}
		found = found || known
	}
	return found
}

// asksOnlyFor reports whether all tables that a function names, itself or in what it calls, have names of a kind.
func asksOnlyFor(f *facts.Function, names *regexp.Regexp) bool {
	found := false
	for _, below := range Below(f) {
		for _, q := range below.Queries {
			if q.Statement == nil {
				return false
			}
			for _, table := range q.Statement.Tables {
				if !names.MatchString(table.Table) {
					return false
				}
				found = true
			}
		}
	}
	return found
}

// permits are names of guards that ask what somebody may do, and not only who it is: then the table of routes says what the handler need not.
var permits = regexp.MustCompile(`(?i)must\w*(push|pull|write|admin|owner|member)|permission|permit|req(uire)?\w*(role|perm|scope|admin|owner|writ)|rbac|acl|^can[A-Z_]`)

// Permits reports whether a guard of a route asks what its caller may do.
func Permits(r *facts.Route) bool {
	return slices.ContainsFunc(r.Guards, func(g facts.Guard) bool {
		return g.Auth && (permits.MatchString(g.Name) || slices.ContainsFunc(g.Runs, func(f *facts.Function) bool { return permits.MatchString(f.Name) }))
	})
}
