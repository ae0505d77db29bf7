package typescript

import (
	"regexp"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/lift/typescript/syntax"
)

// A client may say how many rows it wants. What keeps that below a ceiling is what its input is checked with, or a comparison in the code.

// limits are names of numbers that say how many.
var limits = regexp.MustCompile(`(?i)^(limit|take|first|last|per_?page|page_?size|page_?limit|size|count|max|top|max_?results|batch_?size)$`)

// schemaBounds reports whether a schema, as zod builds them, gives each number in it that says how many a ceiling, and has such a number.
func (l *lifter) schemaBounds(f *file, e syntax.Expr) bool {
	some, all := false, true
	l.eachLimit(f, e, 0, func(bounded bool) { some, all = true, all && bounded })
	return some && all
}

func (l *lifter) eachLimit(f *file, e syntax.Expr, depth int, found func(bounded bool)) {
	if e == nil || depth > 8 {
		return
	}
	syntax.Walk(e, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.Property:
			if limits.MatchString(n.Key) && n.Value != nil {
				limited, _, one := l.schemaSays(&schemaRef{f, n.Value}, 0)
				found(limited || one)
				return false
			}
		case *syntax.Select: // the members of chains are no names of the file
			l.eachLimit(f, n.X, depth+1, found)
			return false
		case *syntax.Ident:
			if d := l.named(f, n.Name); d != nil && d.fixed && d.value != nil && d.file != nil {
				l.eachLimit(d.file, d.value, depth+1, found)
			}
		}
		return true
	})
}

// classBounds reports whether a class of what clients send gives each number in it that says how many a ceiling (@Max of class-validator), and
// has such a number.
func (l *lifter) classBounds(c *class) bool {
	if known, is := l.bounds[c.node]; is {
		return known
	}
	some, all := false, true
	for at, n := c, 0; at != nil && n < deepestType; at, n = at.extends, n+1 {
		for name, fd := range at.fields {
			if limits.MatchString(name) {
				some, all = true, all && decorated(fd.decorators, "Max", "IsIn", "IsEnum") != nil
			}
		}
	}
	if call, is := c.node.Extends.(*syntax.Call); is && !some { // Page(20, 100), a function that makes a class
		if d := l.named(c.file, calledName(call)); d != nil && d.run != nil && d.run.Body != nil {
			syntax.Walk(d.run.Body, func(n syntax.Node) bool {
				if made, is := n.(*syntax.Class); is {
					for _, m := range made.Members {
						if limits.MatchString(m.Name) {
							some, all = true, all && decorated(m.Decorators, "Max", "IsIn", "IsEnum") != nil
						}
					}
				}
				return true
			})
		}
	}
	l.bounds[c.node] = some && all
	return some && all
}

// clamped reports whether a function compares a variable with a constant that is more than none, or with what is named as a limit.
func (f *function) clamped(name string) bool {
	for _, b := range f.compared {
		if b.Op != "<" && b.Op != ">" && b.Op != "<=" && b.Op != ">=" {
			continue
		}
		x, y := b.X, b.Y
		if endName(x) != name {
			x, y = y, x
		}
		if endName(x) != name {
			continue
		}
		if literal, is := unwrapped(y).(*syntax.Literal); is && literal.Kind == syntax.Number && literal.Value != "0" && literal.Value != "1" {
			return true
		}
		if most.MatchString(endName(y)) {
			return true
		}
	}
	return false
}

// most are names of the most that there may be.
var most = regexp.MustCompile(`(?i)max|limit|ceiling`)

// bounded are origins of what is kept below a ceiling.
func bounded(all []facts.Origin) []facts.Origin {
	for i := range all {
		all[i].Bounded = true
	}
	return all
}
