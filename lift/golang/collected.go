package golang

import (
	"cmp"
	"go/ast"
	"go/token"
	"go/types"
	"regexp"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/lift/sql"
)

// A builder of the code's own is a struct that collects the text of a statement in its fields, and what fills the parameters of it, a
// piece at a time:
//
//	q := query.New("SELECT id FROM tasks WHERE done = ?", done)
//	if name != "" {
//		q.And("name = ?", name)
//	}
//	text, args := q.SQL()
//
// No list says which structs are such: what its methods put into its fields is read, and how one of them puts the fields together. Where
// that is not understood the pieces follow one another.

// collectedPiece is what is put into a field of a builder at one time.
type collectedPiece struct {
	field types.Object // nil where the text says nothing
	text  string
	args  []piece
}

// held are the pieces that a builder holds when its text is asked for.
type held struct {
	pieces []collectedPiece
	used   bool
}

// text is what a field holds, with a text between its pieces.
func (h *held) text(r *reader, field types.Object, between string) (string, bool) {
	if h == nil {
		return "", false
	}
	var texts []string
	for _, p := range h.pieces {
		if p.field == field && p.field != nil {
			texts = append(texts, p.text)
			r.args = append(r.args, p.args...)
			h.used = true
		}
	}
	return together(texts, between), len(texts) > 0
}

// all is what all fields hold, piece by piece.
func (h *held) all(r *reader) string {
	var texts []string
	for _, p := range h.pieces {
		texts = append(texts, p.text)
		r.args = append(r.args, p.args...)
	}
	return together(texts, " ")
}

// beginsWith is a word that joins what follows to what stands before it, where nothing does.
var beginsWith = regexp.MustCompile(`(?i)^((?:[\s\x{FFF9}]|\x{FFFE}[^\x{FFFE}]*\x{FFFE})*)(?:(?:and|or)\b|,)`)

// collected reads the text that a method of a builder of the code's own gives: q.SQL().
func (r *reader) collected(s *source, e *ast.CallExpr, depth int) (string, bool) {
	selector, is := ast.Unparen(e.Fun).(*ast.SelectorExpr)
	if !is || r.deep(depth) {
		return "", false
	}
	callees := r.l.static(s, e)
	if len(callees) != 1 || callees[0].recv == nil || !givesText(callees[0]) {
		return "", false
	}
	f := callees[0]
	return r.textHeld(s, selector.X, structOf(f.recv.Type()), e.Pos(), depth, func() string {
		result := textReturned(f)
		if result == nil {
			return ""
		}
		outside := r.within
		r.within = append(slices.Clip(outside), given{s, e, f})
		defer func() { r.within = outside }()
		return r.read(f.source, result, depth+1)
	})
}

// textHeld is the text of the builder that an expression is, as a method of it puts it together.
func (r *reader) textHeld(s *source, e ast.Expr, of *types.Named, at token.Pos, depth int, put func() string) (string, bool) {
	holes, args := len(r.holes), len(r.args)
	outer := r.either
	r.either = false
	pieces, known := r.additions(s, e, of, at, depth+1)
	either := r.either
	r.either = outer
	if !known || !slices.ContainsFunc(pieces, func(p collectedPiece) bool { return saysSQL.MatchString(p.text) }) {
		r.forget(holes, args)
		return "", false
	}
	for i := range pieces {
		pieces[i] = r.nested(pieces[i], depth)
	}
	if either { // which of several texts it is nobody knows, but what is put into each
		r.collects, r.lost = true, true
		return hole + " ", true
	}
	holes = len(r.holes)
	outside := r.held
	r.held = &held{pieces: pieces}
	text := put()
	if !r.held.used {
		r.forget(holes, args)
		text = r.held.all(r)
	}
	r.held = outside
	if begins := beginsWith.FindStringSubmatch(text); begins != nil {
		text = begins[1] + text[len(begins[0]):]
	}
	r.collects = true
	return text, true
}

// givesText reports whether the first result of a function is a text.
func givesText(f *function) bool {
	return f.sig != nil && f.sig.Results().Len() > 0 && isString(f.sig.Results().At(0).Type()) && structOf(f.sig.Recv().Type()) != nil
}

// additions are what was put into a builder until a place.
func (r *reader) additions(s *source, e ast.Expr, of *types.Named, at token.Pos, depth int) ([]collectedPiece, bool) {
	if r.deep(depth) || of == nil || structOf(s.info.TypeOf(e)) != of {
		return nil, false
	}
	switch e := ast.Unparen(e).(type) {
	case *ast.UnaryExpr:
		return r.additions(s, e.X, of, at, depth)
	case *ast.CompositeLit:
		var out []collectedPiece
		for _, element := range e.Elts {
			if pair, is := element.(*ast.KeyValueExpr); is {
				out = append(out, r.field(s, nil, s.target(pair.Key), pair.Value, depth)...)
			}
		}
		return beside(out), true
	case *ast.CallExpr:
		return r.additionsOfCall(s, e, of, at, depth)
	case *ast.Ident:
		object, is := s.target(e).(*types.Var)
		if !is || object.IsField() || r.seen[object] {
			return nil, false
		}
		r.seen[object] = true
		defer delete(r.seen, object)
		return r.additionsTo(s, object, of, at, depth)
	}
	return nil, false
}

// additionsOfCall are those that a chain makes, or a function that makes a builder.
func (r *reader) additionsOfCall(s *source, e *ast.CallExpr, of *types.Named, at token.Pos, depth int) ([]collectedPiece, bool) {
	if id, is := ast.Unparen(e.Fun).(*ast.Ident); is && id.Name == "new" {
		return nil, true
	}
	callees := r.l.static(s, e)
	if len(callees) != 1 {
		return nil, false
	}
	f := callees[0]
	if selector, is := ast.Unparen(e.Fun).(*ast.SelectorExpr); is && f.recv != nil && structOf(f.recv.Type()) == of {
		before, known := r.additions(s, selector.X, of, at, depth+1)
		if object, is := s.target(root(e)).(*types.Var); is && !object.IsField() {
			return before, known // all that is put into a variable is known by it
		}
		return append(before, r.effect(s, e, f, f.recv, of, depth+1)...), known
	}
	var made ast.Expr
	for _, n := range f.returns() {
		if len(n.Results) == 0 || f.source.info.Types[n.Results[0]].IsNil() {
			continue
		}
		if made != nil {
			return nil, false
		}
		made = n.Results[0]
	}
	if made == nil {
		return nil, false
	}
	outside := r.within
	r.within = append(slices.Clip(outside), given{s, e, f})
	defer func() { r.within = outside }()
	return r.additions(f.source, made, of, made.Pos(), depth+1)
}

// additionsTo are those to a variable: what it begins with, and what is put into it before a place.
func (r *reader) additionsTo(s *source, object *types.Var, of *types.Named, at token.Pos, depth int) ([]collectedPiece, bool) {
	var out []collectedPiece
	from := object.Pos()
	if f, index, isParam := r.l.parameter(object); isParam {
		i := len(r.within) - 1
		for i >= 0 && r.within[i].callee != f {
			i--
		}
		if i < 0 || argumentOf(r.within[i].call, index) == nil {
			return nil, false
		}
		by, inside := r.within[i], r.within
		r.within = slices.Clip(inside[:i])
		before, known := r.additions(by.source, argumentOf(by.call, index), of, by.call.Pos(), depth+1)
		r.within = inside
		if !known {
			return nil, false
		}
		out = before
	}
	found := false
	for _, d := range r.l.defsBefore(s, object, at) {
		if d.kind != assigned || d.expr == nil || d.index > 0 || d.source != s {
			continue // what is read into it
		}
		if call, is := ast.Unparen(d.expr).(*ast.CallExpr); is && s.target(root(call)) == types.Object(object) {
			continue // q = q.And(…)
		}
		begin, known := r.additions(s, d.expr, of, d.pos, depth+1)
		if !known {
			return nil, false
		}
		r.either = r.either || found
		out, found = append(out, begin...), true
		from = max(from, d.pos)
	}
	around := s.topLevelAt(at)
	if around == nil {
		return nil, false
	}
	return beside(append(out, r.putInto(s, around, object, of, from, at, depth)...)), true
}

// putInto are the pieces that the statements of a function between two places put into a builder that a variable holds.
func (r *reader) putInto(s *source, around ast.Node, object types.Object, of *types.Named, from, until token.Pos, depth int) []collectedPiece {
	type event struct {
		pos token.Pos
		put func() []collectedPiece
	}
	var events []event
	if r.deep(depth) {
		return nil
	}
	holds := func(e ast.Expr) bool {
		id, is := stripAddress(e).(*ast.Ident)
		return is && s.target(id) == object
	}
	ofField := func(e ast.Expr) types.Object {
		selector, is := stripAddress(e).(*ast.SelectorExpr)
		if is && holds(selector.X) {
			return s.target(selector)
		}
		return nil
	}
	ast.Inspect(around, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			pos := n.Pos()
			selector, selects := ast.Unparen(n.Fun).(*ast.SelectorExpr)
			if selects {
				pos = selector.Sel.Pos()
			}
			switch callees := r.l.static(s, n); {
			case selects && len(n.Args) == 1 && strings.HasPrefix(selector.Sel.Name, "Write") && ofField(selector.X) != nil:
				field := ofField(selector.X)
				events = append(events, event{pos, func() []collectedPiece { return []collectedPiece{{field: field, text: r.read(s, n.Args[0], depth+1)}} }})
			case selects && selector.Sel.Name == "Fprintf" && len(n.Args) > 1 && ofField(n.Args[0]) != nil:
				events = append(events, event{pos, func() []collectedPiece {
					return []collectedPiece{{field: ofField(n.Args[0]), text: r.printed(s, n.Args[1:], depth+1)}}
				}})
			case len(callees) != 1:
			case selects && callees[0].recv != nil && structOf(callees[0].recv.Type()) == of && s.leadsTo(selector.X, object, of):
				events = append(events, event{pos, func() []collectedPiece { return r.effect(s, n, callees[0], callees[0].recv, of, depth+1) }})
			default:
				i := slices.IndexFunc(n.Args, holds)
				if i >= 0 && i < len(callees[0].params) && callees[0].params[i] != nil && structOf(callees[0].params[i].Type()) == of {
					events = append(events, event{pos, func() []collectedPiece { return r.effect(s, n, callees[0], callees[0].params[i], of, depth+1) }})
				}
			}
		case *ast.AssignStmt:
			for i, lhs := range n.Lhs {
				field := ofField(lhs)
				if field == nil || len(n.Lhs) != len(n.Rhs) {
					continue
				}
				if n.Tok == token.ADD_ASSIGN {
					events = append(events, event{n.Pos(), func() []collectedPiece {
						return []collectedPiece{{field: field, text: r.read(s, n.Rhs[i], depth+1)}}
					}})
					continue
				}
				events = append(events, event{n.Pos(), func() []collectedPiece { return r.field(s, object, field, n.Rhs[i], depth) }})
			}
		case *ast.ReturnStmt: // a copy with more in it
			if len(n.Results) == 1 {
				if literal := structLiteral(n.Results[0]); literal != nil && structOf(s.info.TypeOf(literal)) == of {
					for _, element := range literal.Elts {
						if pair, is := element.(*ast.KeyValueExpr); is {
							events = append(events, event{pair.Pos(), func() []collectedPiece { return r.field(s, object, s.target(pair.Key), pair.Value, depth) }})
						}
					}
				}
			}
		}
		return true
	})
	slices.SortStableFunc(events, func(a, b event) int { return cmp.Compare(a.pos, b.pos) })
	var out []collectedPiece
	for _, event := range events {
		if event.pos <= from || event.pos >= until {
			continue
		}
		pieces := event.put()
		for i := range pieces {
			if pieces[i].text != "" {
				pieces[i].text = r.placed(s, pieces[i].text, event.pos, until)
			}
		}
		out = append(out, pieces...)
	}
	return out
}

// leadsTo reports whether an expression is a variable, or a chain of calls that begins with it and gives the same builder.
func (s *source) leadsTo(e ast.Expr, object types.Object, of *types.Named) bool {
	for {
		switch x := ast.Unparen(e).(type) {
		case *ast.Ident:
			return s.target(x) == object
		case *ast.CallExpr:
			selector, is := ast.Unparen(x.Fun).(*ast.SelectorExpr)
			if !is || structOf(s.info.TypeOf(x)) != of {
				return false
			}
			e = selector.X
		default:
			return false
		}
	}
}

// effect are the pieces that a function puts into a builder which it is given, or whose method it is.
func (r *reader) effect(s *source, call *ast.CallExpr, f *function, object types.Object, of *types.Named, depth int) []collectedPiece {
	if object == nil || r.seen[object] {
		return nil
	}
	r.seen[object] = true
	defer delete(r.seen, object)
	outside := r.within
	r.within = append(slices.Clip(outside), given{s, call, f})
	defer func() { r.within = outside }()
	return beside(r.putInto(f.source, f.body, object, of, f.body.Pos(), f.body.End(), depth))
}

// field are the pieces that a value puts into a field, beside what it holds.
func (r *reader) field(s *source, object, field types.Object, e ast.Expr, depth int) []collectedPiece {
	if field == nil {
		return nil
	}
	e = ast.Unparen(e)
	sum, isSum := e.(*ast.BinaryExpr)
	call, isCall := e.(*ast.CallExpr)
	list, isList := field.Type().Underlying().(*types.Slice)
	switch {
	case isString(field.Type()) && isSum && s.target(leftmost(sum)) == field:
		return []collectedPiece{{field: field, text: r.behind(s, sum, depth+1)}}
	case isString(field.Type()):
		return []collectedPiece{{field: field, text: r.read(s, e, depth+1)}}
	case !isList:
		return nil
	case isCall && calledName(call) == "append" && len(call.Args) > 1 && s.target(call.Args[0]) == field && isString(list.Elem()):
		var out []collectedPiece
		for _, arg := range call.Args[1:] {
			if !call.Ellipsis.IsValid() {
				out = append(out, collectedPiece{field: field, text: r.read(s, arg, depth+1)})
			}
		}
		return out
	case isCall && calledName(call) == "append" && len(call.Args) > 1 && s.target(call.Args[0]) == field && types.IsInterface(list.Elem()):
		if call.Ellipsis.IsValid() {
			return []collectedPiece{{args: r.allOf(s, call.Args[1], depth)}}
		}
		var values []piece
		for _, arg := range call.Args[1:] {
			values = append(values, r.filling(s, arg, depth)...)
		}
		return []collectedPiece{{args: values}}
	case isCall && calledName(call) == "append" && len(call.Args) == 2 && s.target(call.Args[0]) == field:
		return r.parts(s, field, call.Args[1], depth)
	case isString(list.Elem()):
		var out []collectedPiece
		texts, _ := r.items(s, e, depth+1)
		for _, text := range texts {
			out = append(out, collectedPiece{field: field, text: text})
		}
		return out
	case types.IsInterface(list.Elem()):
		return []collectedPiece{{args: r.allOf(s, e, depth)}}
	}
	return nil
}

// filling is the value that fills a parameter: what a method was given for one of its own, or the expression itself.
func (r *reader) filling(s *source, e ast.Expr, depth int) []piece {
	if object, is := s.target(e).(*types.Var); is {
		if f, index, isParam := r.l.parameter(object); isParam && index >= 0 {
			if values, known := r.valuesGiven(f, index, depth+1); known {
				return values
			}
		}
	}
	return []piece{{source: s, expr: e, within: r.within}}
}

// allOf are the values of a list. Where they are not known it is not known either which parameter those behind them fill.
func (r *reader) allOf(s *source, e ast.Expr, depth int) []piece {
	values, known := r.valuesSpread(s, e, depth+1)
	r.lost = r.lost || !known
	return values
}

// parts reads a piece of a type of its own, with a text and values in it: append(q.parts, part{text, args}), append(q.parts, newPart(text,
// args...)).
func (r *reader) parts(s *source, field types.Object, e ast.Expr, depth int) []collectedPiece {
	var of []ast.Expr
	spread := false
	switch e := stripAddress(e).(type) {
	case *ast.CompositeLit:
		for _, element := range e.Elts {
			if pair, is := element.(*ast.KeyValueExpr); is {
				element = pair.Value
			}
			of = append(of, element)
		}
	case *ast.CallExpr:
		of, spread = e.Args, e.Ellipsis.IsValid()
	}
	out := collectedPiece{field: field}
	for i, x := range of {
		t := s.info.TypeOf(x)
		switch {
		case t == nil:
		case isString(t):
			out.text += r.read(s, x, depth+1)
		case spread && i == len(of)-1 || isListType(t):
			out.args = append(out.args, r.allOf(s, x, depth)...)
		case types.IsInterface(t):
			out.args = append(out.args, r.filling(s, x, depth)...)
		}
	}
	if out.text == "" {
		return nil
	}
	return []collectedPiece{out}
}

// beside gives texts the values that were put beside them.
func beside(pieces []collectedPiece) []collectedPiece {
	var out []collectedPiece
	var early []piece
	for _, p := range pieces {
		switch n := len(out); {
		case p.field == nil && n > 0 && len(out[n-1].args) == 0:
			out[n-1].args = p.args
		case p.field == nil:
			early = append(early, p.args...)
		default:
			p.args = append(early, p.args...)
			early = nil
			out = append(out, p)
		}
	}
	if n := len(out); n > 0 {
		out[n-1].args = append(slices.Clip(out[n-1].args), early...)
	}
	return out
}

// nested puts the texts of builders that fill parameters of another's text in their place: q.And("(?)", either).
func (r *reader) nested(p collectedPiece, depth int) collectedPiece {
	marks := placeholders(p.text)
	if len(marks) != len(p.args) {
		return p
	}
	var text strings.Builder
	var args []piece
	from := 0
	for i, arg := range p.args {
		t := arg.source.info.TypeOf(arg.expr)
		of := structOf(t)
		if of == nil || of.Obj().Pkg() == nil || r.l.loader.sources[of.Obj().Pkg().Path()] == nil || isListType(t) {
			args = append(args, arg)
			continue
		}
		outside, before := r.within, len(r.args)
		r.within = arg.within
		inner, known := r.textHeld(arg.source, arg.expr, of, arg.expr.Pos(), depth+1, func() string { return "" })
		r.within = outside
		if !known {
			args = append(args, arg)
			continue
		}
		args = append(args, r.args[before:]...)
		r.args = r.args[:before:before]
		text.WriteString(p.text[from:marks[i]])
		text.WriteString(inner)
		from = marks[i] + 1
	}
	text.WriteString(p.text[from:])
	return collectedPiece{field: p.field, text: text.String(), args: args}
}

// placeholders are where the question marks of a text stand that are parameters: outside of quotes, and not two together.
func placeholders(text string) []int {
	var out []int
	quoted := false
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\'':
			quoted = !quoted
		case text[i] == '?' && strings.HasPrefix(text[i:], "??"):
			i++
		case text[i] == '?' && !quoted:
			out = append(out, i)
		}
	}
	return out
}

// doubled are question marks that a builder writes as one, and that fill nothing: operators on JSON.
var doubled = strings.NewReplacer("??|", "?|", "??&", "?&", "??", "?|")

// saysNumbers is a parameter that says which one it is.
var saysNumbers = regexp.MustCompile(`\$\d|[:@][a-z]`)

// spread are the values of a list that a query is given behind its text: args…; nil where not all are known.
func (r *reader) spread(s *source, e ast.Expr) []facts.Value {
	if r == nil {
		return nil
	}
	values, known := r.args, r.collects && !r.lost
	if !r.collects {
		values, known = r.valuesSpread(s, e, 0)
	}
	if text := sql.Always(r.text); !known || !saysNumbers.MatchString(text) && len(placeholders(text))+strings.Count(text, "$"+hole) != len(values) {
		return nil
	}
	out := []facts.Value{}
	for _, v := range values {
		out = append(out, r.valueOf(v))
	}
	return out
}
