package query

import (
	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/meta"
)

// Reference is the column of E that refers to a row of T.
type Reference[E, T any] struct {
	Column[E, kit.ID]
}

// NewReference is the reference at field.
func NewReference[E, T any](field string) Reference[E, T] {
	return Reference[E, T]{NewTextColumn[E, kit.ID](field)}
}

// Is holds where there is a row that is referred to, and it fits c.
func (r Reference[E, T]) Is(c Condition[T]) Condition[E] {
	behind := moved(orTrue(c.expr), func(path []string) *meta.Expr { return meta.This(append(r.path[:1:1], path...)...) })
	return Condition[E]{meta.And(meta.Ne(meta.This(r.path...), meta.Null()), behind)}
}

// With selects fields of the row that is referred to.
func (r Reference[E, T]) With(fields ...Field[T]) Field[E] { return nested[E, T]{r.path[0], fields} }

// Row is the row that r, which must have been selected With fields, refers to in row; the zero Record where it refers to
// none that the viewer may see.
func (r Reference[E, T]) Row(row Record[E]) Record[T] {
	value, selection := row.at(r.path[0])
	found, _ := value.(*Row)
	if found == nil || selection.Nested == nil {
		return Record[T]{}
	}
	return Record[T]{found, selection.Nested.Fields}
}

// Relation is the list of E that holds rows of T.
type Relation[E, T any] struct{ field string }

// NewRelation is the list at field.
func NewRelation[E, T any](field string) Relation[E, T] { return Relation[E, T]{field} }

// Some holds where a row of the list fits c.
func (r Relation[E, T]) Some(c Condition[T]) Condition[E] {
	const element = "element"
	inside := moved(orTrue(c.expr), func(path []string) *meta.Expr { return meta.Var(element, path...) })
	return Condition[E]{meta.Over(meta.OpExists, meta.This(r.field), element, inside)}
}

// None holds where no row of the list fits c.
func (r Relation[E, T]) None(c Condition[T]) Condition[E] { return Not(r.Some(c)) }

// With selects fields of the rows of the list: of its first page.
func (r Relation[E, T]) With(fields ...Field[T]) Field[E] { return nested[E, T]{r.field, fields} }

// Rows is the rows of the list, which must have been selected With fields, of row.
func (r Relation[E, T]) Rows(row Record[E]) []Record[T] {
	value, selection := row.at(r.field)
	list, _ := value.(*List)
	if list == nil {
		return nil
	}
	return records[T](list.Rows, selection.Nested.Fields)
}

// moved is a condition on a row as a condition on where at puts its paths. Inner list operations keep their elements.
func moved(x *meta.Expr, at func(path []string) *meta.Expr) *meta.Expr {
	if x.Op == meta.OpGet && x.Root == meta.RootThis {
		return at(x.Path)
	}
	if x.Op == meta.OpGet && x.Root == meta.RootVariable || len(x.Args) == 0 {
		return x
	}
	other := *x
	other.Args = make([]*meta.Expr, len(x.Args))
	for i, a := range x.Args {
		other.Args[i] = moved(a, at)
	}
	return &other
}
