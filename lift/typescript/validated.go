package typescript

import (
	"regexp"
	"slices"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/lift/typescript/syntax"
)

// A schema that an input is parsed by says of each member what it may be: one of a few texts, a number, at most so many (https://zod.dev). It is
// known by the call that parses, by the type that is inferred from it, or by the procedure whose input it is.

// schemaRef is a schema, as a file writes it.
type schemaRef struct {
	file *file
	expr syntax.Expr
}

var (
	// parses are methods that ask a schema of a value, inferred the types that are what a schema says; the others are what a schema says of one value:
	// that it is one of a few or of a fixed form, that it is a number or the like, that it has a ceiling.
	parses   = regexp.MustCompile(`^(parse|parseAsync|safeParse|safeParseAsync|validateSync|validate|cast)$`)
	inferred = regexp.MustCompile(`^(z\.)?(infer|output|input|TypeOf|InferType|Static)$`)
	chosen   = regexp.MustCompile(`^(enum|nativeEnum|literal|oneOf|uuid|cuid2?|ulid|nanoid)$`)
	counting = regexp.MustCompile(`^(number|int|bigint|boolean|date|coerce|stringbool)$`)
	ceilings = regexp.MustCompile(`^(max|lte|lt)$`)
)

// inputSchema is the schema of what a variable holds, with the members of that which it is; nil where none is known.
func (l *lifter) inputSchema(b *binding) (*schemaRef, []string) { return l.inputSchemaWithin(b, 0) }

func (l *lifter) inputSchemaWithin(b *binding, depth int) (*schemaRef, []string) {
	path := b.path
	if b.param >= 0 && b.of.handler != nil && b.of.handler.schema != nil && len(path) > 0 && (path[0] == "input" || path[0] == "parsedInput") {
		return b.of.handler.schema, path[1:]
	}
	if b.init != nil {
		e := unwrapped(b.init)
		if id, is := e.(*syntax.Ident); is && depth < 4 {
			if of := b.of.binding(id.Name, id.Pos()); of != nil && of != b {
				if s, below := l.inputSchemaWithin(of, depth+1); s != nil {
					return s, append(slices.Clone(below), path...)
				}
			}
		}
		if call, is := e.(*syntax.Call); is && parses.MatchString(calledName(call)) && len(call.Args) > 0 {
			if on, is := unwrapped(call.Fun).(*syntax.Select); is {
				if len(path) > 0 && path[0] == "data" {
					path = path[1:]
				}
				return &schemaRef{b.of.file, on.X}, path
			}
		}
	}
	if b.typed != nil {
		if s := l.schemaOfType(b.of.file, b.typed, 0); s != nil {
			return s, path
		}
	}
	return nil, nil
}

// schemaOfType is the schema that a type is inferred from: z.infer<typeof schema>, or a name for that.
func (l *lifter) schemaOfType(f *file, t *syntax.Type, depth int) *schemaRef {
	if t == nil || depth > 6 {
		return nil
	}
	switch {
	case t.Kind == syntax.IntersectionType || t.Kind == syntax.UnionType:
		for _, arm := range t.Args {
			if s := l.schemaOfType(f, arm, depth+1); s != nil {
				return s
			}
		}
	case t.Kind != syntax.RefType:
		return nil
	case inferred.MatchString(t.Name) && len(t.Args) == 1:
		of := t.Args[0]
		if of.Kind == syntax.OperatorType && of.Name == "typeof" && len(of.Args) == 1 {
			if d := l.named(f, of.Args[0].Name); d != nil && d.value != nil {
				return &schemaRef{d.file, d.value}
			}
		}
	case passing[t.Name] && len(t.Args) > 0:
		return l.schemaOfType(f, t.Args[0], depth+1)
	default:
		if d := l.named(f, t.Name); d != nil && d.alias != nil && d.file != nil {
			return l.schemaOfType(d.file, d.alias.Type, depth+1)
		}
	}
	return nil
}

// validated are the sources of a member of what a schema was asked of: those of the whole, with what the schema says of the member.
func (l *lifter) validated(s *schemaRef, name string, all []facts.Origin) []facts.Origin {
	said := l.schemaMember(s, name, 0)
	if said == nil {
		return all
	}
	limited, number, one := l.schemaSays(said, 0)
	out := slices.Clone(all)
	for i := range out {
		out[i].Bounded = out[i].Bounded || limited && number
		out[i].Number = out[i].Number || number
		if one {
			out[i] = facts.Origin{Kind: facts.FromChecked}
		}
	}
	return out
}

// schemaMember is what a schema says of a member; nil where it says nothing.
func (l *lifter) schemaMember(s *schemaRef, name string, depth int) *schemaRef {
	if depth > 8 || s.expr == nil {
		return nil
	}
	var found *schemaRef
	syntax.Walk(s.expr, func(n syntax.Node) bool {
		if found != nil {
			return false
		}
		switch n := n.(type) {
		case *syntax.Property:
			if !n.Spread {
				_, plain := unwrapped(n.Value).(*syntax.Literal) // given to what makes a schema
				if n.Key == name && n.Value != nil && !plain {
					found = &schemaRef{s.file, n.Value}
				}
				return false
			}
		case *syntax.Call: // of a function that makes one
			if id, is := unwrapped(n.Fun).(*syntax.Ident); is {
				if d := l.named(s.file, id.Name); d != nil && d.function != nil {
					for _, r := range d.function.returns {
						if found == nil {
							found = l.schemaMember(&schemaRef{d.function.file, r.X}, name, depth+1)
						}
					}
				}
			}
		case *syntax.Func:
			return false
		case *syntax.Ident:
			if d := l.named(s.file, n.Name); d != nil && d.fixed && d.value != nil && d.file != nil {
				found = l.schemaMember(&schemaRef{d.file, d.value}, name, depth+1)
			}
		}
		return found == nil
	})
	return found
}

// schemaSays is what a schema of one value says: that it has a ceiling, that it is a number or the like, that it is one of a few or of a fixed form.
func (l *lifter) schemaSays(s *schemaRef, depth int) (limited, number, one bool) {
	syntax.Walk(s.expr, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.Func:
			return false
		case *syntax.Select:
			limited = limited || ceilings.MatchString(n.Name)
			number = number || counting.MatchString(n.Name)
			one = one || chosen.MatchString(n.Name)
		case *syntax.Ident:
			if d := l.named(s.file, n.Name); d != nil && d.fixed && d.value != nil && d.file != nil && depth < 6 {
				a, b, c := l.schemaSays(&schemaRef{d.file, d.value}, depth+1)
				limited, number, one = limited || a, number || b, one || c
			}
		}
		return true
	})
	return limited, number, one
}
