package typescript

import (
	"strings"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/lift/typescript/syntax"
)

// Mongoose asks for documents by filters, which its chains go on with: User.find({team}).sort({name: 1}).limit(10).lean()
// (https://mongoosejs.com/docs/queries.html).

// documentVerbs are the methods of a model.
var documentVerbs = map[string]facts.Verb{
	"find": facts.Select, "findOne": facts.Select, "findById": facts.Select, "countDocuments": facts.Select, "count": facts.Select, "exists": facts.Select, "distinct": facts.Select,
	"create": facts.Insert, "insertMany": facts.Insert, "insertOne": facts.Insert,
	"updateOne": facts.Update, "updateMany": facts.Update, "update": facts.Update, "replaceOne": facts.Update, "findOneAndUpdate": facts.Update, "findByIdAndUpdate": facts.Update, "findOneAndReplace": facts.Update,
	"deleteOne": facts.Delete, "deleteMany": facts.Delete, "delete": facts.Delete, "remove": facts.Delete, "findOneAndDelete": facts.Delete, "findByIdAndDelete": facts.Delete, "findOneAndRemove": facts.Delete, "findByIdAndRemove": facts.Delete,
}

// documentQuery is the query of a call of a model, or of a repository that is made around one.
func (l *lifter) documentQuery(f *function, call *syntax.Call) *facts.Query {
	on, is := call.Fun.(*syntax.Select)
	if !is || len(l.documents)+len(l.documentsOf) == 0 {
		return nil
	}
	verb := documentVerbs[on.Name]
	if verb == "" {
		return nil
	}
	d := l.modelOf(f, on.X)
	if d == nil {
		if d = l.aroundModel(f, on); d == nil {
			return nil
		}
	}
	r := &documentReader{l: l, f: f, d: d, st: &facts.Statement{Verb: verb, Tables: []facts.TableUse{{Table: d.name, Alias: d.name}}}}
	q := &facts.Query{Library: "mongoose", Name: f.file.said(call.Fun), Statement: r.st}
	args := call.Args
	arg := func(i int) syntax.Expr {
		if i < len(args) {
			return args[i]
		}
		return nil
	}
	byID := strings.Contains(on.Name, "ById")
	switch {
	case verb == facts.Insert:
		r.sets(arg(0))
	case on.Name == "distinct":
		r.filter(arg(1), false)
	case byID && arg(0) != nil:
		r.st.Predicates = append(r.st.Predicates, facts.Predicate{Table: d.name, Column: "_id", Operator: "=", Arg: r.value(arg(0))})
	default:
		r.filter(arg(0), false)
	}
	if verb == facts.Update {
		r.changes(arg(1))
		if options := l.object(f, arg(2), 0); options != nil {
			literal, is := unwrapped(member(options, "upsert")).(*syntax.Literal)
			r.st.OnConflict = is && literal.Value == "true"
		}
	}
	if strings.HasPrefix(on.Name, "findOne") || byID || on.Name == "exists" {
		q.One, r.st.Limit = true, "1"
	}
	if strings.HasPrefix(on.Name, "count") || on.Name == "distinct" {
		r.st.Aggregate = true
	}
	if on.Name == "find" {
		if options := l.object(f, arg(2), 0); options != nil {
			for _, p := range options.Props {
				r.option(p.Key, p.Value)
			}
		} else if arg(2) != nil {
			r.st.Limit = f.file.said(arg(2)) // that of whoever gives the options
		}
	}
	r.chain(call)
	q.Args, q.Mapped = r.args, r.mapped
	return q
}

// modelOf is the model that an expression is; nil for any other.
func (l *lifter) modelOf(f *function, e syntax.Expr) *document {
	switch x := unwrapped(e).(type) {
	case *syntax.Ident:
		if f.binding(x.Name, x.Pos()) == nil {
			return l.documents[l.named(f.file, x.Name)]
		}
	case *syntax.Select: // this.users, which InjectModel(User.name) fills
		if root, is := unwrapped(x.X).(*syntax.Ident); !is || root.Name != "this" || f.class == nil {
			return nil
		}
		for c, n := f.class, 0; c != nil && n < deepestType; c, n = c.extends, n+1 {
			fd := c.fields[x.Name]
			if fd == nil {
				continue
			}
			mark := decorated(fd.decorators, "InjectModel")
			if mark == nil || len(mark.Args) == 0 {
				return nil
			}
			name := constantText(mark.Args[0])
			if s, is := unwrapped(mark.Args[0]).(*syntax.Select); is && s.Name == "name" {
				name = endName(s.X)
			}
			for _, d := range l.models {
				if d.name == name {
					return d
				}
			}
			return nil
		}
	}
	return nil
}

// aroundModel is the model of a repository: an object whose class hands one to the class that it extends, and leaves the method to it.
func (l *lifter) aroundModel(f *function, on *syntax.Select) *document {
	t := l.typeOf(f, on.X)
	if t.class == nil || t.class.extends == nil && t.class.library == "" {
		return nil
	}
	if root, is := unwrapped(on.X).(*syntax.Ident); is && root.Name == "super" {
		return nil
	}
	for c, n := t.class, 0; c != nil && n < deepestType; c, n = c.extends, n+1 {
		if made := c.methods["constructor"]; made != nil {
			for _, s := range made.sites {
				id, is := s.call.Fun.(*syntax.Ident)
				if !is || id.Name != "super" {
					continue
				}
				for _, arg := range s.call.Args {
					if d := l.modelOf(made, arg); d != nil {
						return d
					}
				}
			}
		}
		if c.methods[on.Name] != nil {
			return nil // its own
		}
	}
	return nil
}

// documentReader reads what one call asks for.
type documentReader struct {
	l      *lifter
	f      *function
	d      *document
	st     *facts.Statement
	args   []facts.Value
	mapped bool
}

func (r *documentReader) value(e syntax.Expr) *facts.Value {
	v := r.l.value(r.f, e)
	r.args = append(r.args, v)
	return &v
}

// comparisons are the operators of a filter, as SQL says them.
var comparisons = map[string]string{"$eq": "=", "$in": "IN", "$nin": "NOT IN", "$ne": "<>", "$gt": ">", "$gte": ">=", "$lt": "<", "$lte": "<=", "$regex": "LIKE", "$exists": ""}

// filter reads conditions.
func (r *documentReader) filter(e syntax.Expr, disjoint bool) {
	if e == nil || absent(e) {
		return
	}
	o := r.l.object(r.f, e, 0)
	if o == nil {
		r.value(e)
		r.st.Unread, r.st.Nested = true, true
		return
	}
	for _, p := range o.Props {
		switch {
		case p.Spread:
			optional := len(r.st.Predicates)
			switch x := unwrapped(p.Value).(type) {
			case *syntax.Binary:
				r.filter(x.Y, disjoint)
			case *syntax.Cond:
				r.filter(x.Then, disjoint)
				r.filter(x.Else, disjoint)
			default:
				r.filter(p.Value, disjoint)
				continue
			}
			for i := optional; i < len(r.st.Predicates); i++ {
				r.st.Predicates[i].Optional = true
			}
		case p.Key == "$or" || p.Key == "$and":
			if list, is := unwrapped(p.Value).(*syntax.Array); is {
				for _, item := range list.Items {
					r.filter(item, disjoint || p.Key == "$or")
				}
				continue
			}
			r.value(p.Value)
			r.st.Unread, r.st.Nested = true, true
		case p.Key == "" || strings.HasPrefix(p.Key, "$"):
			r.value(p.Value)
			r.st.Unread, r.st.Nested = true, true
		default:
			r.compare(p.Key, p.Value, disjoint)
		}
	}
}

// compare reads the condition of one path.
func (r *documentReader) compare(name string, e syntax.Expr, disjoint bool) {
	one := facts.Predicate{Table: r.d.name, Column: name, Operator: "=", Disjoint: disjoint}
	add := func(operator string, e syntax.Expr) {
		p := one
		p.Operator = operator
		if literal, is := unwrapped(e).(*syntax.Literal); is {
			p.Literal = literal.Value
		} else {
			p.Arg = r.value(e)
		}
		r.st.Predicates = append(r.st.Predicates, p)
	}
	if o := r.l.object(r.f, e, 0); o != nil {
		for _, p := range o.Props {
			if operator := comparisons[p.Key]; operator != "" && !p.Spread {
				add(operator, p.Value)
			}
		}
		return
	}
	add("=", e)
}

// sets reads the paths that a new document has.
func (r *documentReader) sets(e syntax.Expr) {
	for _, x := range r.l.wholes(r.f, e, 0) {
		r.value(x)
		r.mapped = true
	}
	o := r.l.object(r.f, e, 0)
	if list, is := unwrapped(e).(*syntax.Array); is && len(list.Items) > 0 {
		o = r.l.object(r.f, list.Items[0], 0)
	}
	if o == nil {
		if e != nil {
			r.value(e)
		}
		return
	}
	for _, p := range o.Props {
		if p.Spread || p.Key == "" {
			continue
		}
		r.st.Sets = append(r.st.Sets, p.Key)
		r.st.Assigned = append(r.st.Assigned, facts.Assignment{Column: p.Key, Arg: r.value(p.Value)})
	}
}

// changes reads an update: the operators $set, $inc and so on, or the paths themselves.
func (r *documentReader) changes(e syntax.Expr) {
	o := r.l.object(r.f, e, 0)
	if o == nil {
		r.sets(e)
		return
	}
	plain := &syntax.Object{Span: o.Span}
	for _, p := range o.Props {
		switch {
		case p.Key == "$set" || p.Key == "$setOnInsert" || p.Key == "$unset":
			r.sets(p.Value)
		case strings.HasPrefix(p.Key, "$"):
			if inner := r.l.object(r.f, p.Value, 0); inner != nil {
				for _, below := range inner.Props {
					r.st.Sets, r.st.Self = append(r.st.Sets, below.Key), append(r.st.Self, below.Key)
				}
			}
		default:
			plain.Props = append(plain.Props, p)
		}
	}
	if len(plain.Props) > 0 {
		r.sets(plain)
	}
}

// option reads one of the options of find.
func (r *documentReader) option(name string, e syntax.Expr) {
	switch name {
	case "limit":
		r.st.Limit, r.st.LimitArg = r.f.file.said(e), r.value(e)
	case "skip":
		r.st.Offset = true
		r.value(e)
	case "sort":
		if o := r.l.object(r.f, e, 0); o != nil {
			for _, p := range o.Props {
				r.st.Order = append(r.st.Order, facts.OrderPart{Table: r.d.name, Column: p.Key, Descending: strings.HasPrefix(r.f.file.said(p.Value), "-") || strings.HasPrefix(constantText(p.Value), "desc")})
			}
			return
		}
		r.st.Order = append(r.st.Order, facts.OrderPart{Table: r.d.name, Column: strings.TrimLeft(constantText(e), "-")})
	}
}

// chain reads what the calls behind one add to it.
func (r *documentReader) chain(call *syntax.Call) {
	if r.f.chained == nil {
		r.f.chained = map[syntax.Expr]*syntax.Call{}
		for _, s := range r.f.sites {
			if on, is := s.call.Fun.(*syntax.Select); is {
				r.f.chained[unwrapped(on.X)] = s.call
			}
		}
	}
	for next := r.f.chained[call]; next != nil; next = r.f.chained[next] {
		name := calledName(next)
		if len(next.Args) > 0 {
			r.option(name, next.Args[0])
		}
		switch name {
		case "countDocuments", "count", "estimatedDocumentCount":
			r.st.Aggregate = true
		case "cursor":
			r.st.Limit = "a cursor"
		}
	}
}
