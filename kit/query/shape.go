package query

import (
	"strconv"

	"github.com/fettlehq/fettle/kit/meta"
)

// The shape of a read is everything about it that its SQL depends on: all but the values.

// Bounds of what one request may ask for.
const (
	maxFilter  = 500    // operations and constants of a filter, but those of its lists of alternatives
	maxListed  = 2000   // alternatives in all of them, of which one has 500 at most
	maxNesting = 12     // selections within selections
	maxFields  = 2000   // selections of one statement
	maxRows    = 200000 // rows that the pages of all levels could hold
)

// shaper writes a shape and collects the values beside it.
type shaper struct {
	key    []byte
	values []any
	slots  map[*meta.Expr]int
	sought *sought // of the Select whose shape was written last; nil where it searches for nothing
	size   int
	listed int // alternatives
	err    error
	room   struct { // for the shape and the values of most reads
		key    [512]byte
		values [4]any
	}
}

func newShaper() *shaper {
	s := &shaper{}
	s.key, s.values = s.room.key[:0], s.room.values[:0]
	return s
}

func (s *shaper) text(t string) {
	s.key = append(s.key, t...)
	s.key = append(s.key, 0)
}

func (s *shaper) number(n int) {
	s.key = strconv.AppendInt(s.key, int64(n), 36)
	s.key = append(s.key, 0)
}

func (s *shaper) flag(f bool) {
	if f {
		s.key = append(s.key, '+')
	} else {
		s.key = append(s.key, '-')
	}
}

func (s *shaper) fields(fields []Selection, depth int) {
	if depth > maxNesting {
		s.err = malformed("The request is nested more than %d levels deep.", maxNesting)
		return
	}
	for _, f := range fields {
		if s.size++; s.size > maxFields {
			s.err = malformed("The request asks for more than %d fields.", maxFields)
			return
		}
		s.text(f.Field.Name)
		if f.Field.Kind == meta.Reference && f.Nested != nil {
			s.key = append(s.key, '{')
			s.fields(f.Nested.Fields, depth+1)
			s.key = append(s.key, '}')
		}
	}
	s.key = append(s.key, '|')
}

func (s *shaper) order(order []Order) {
	for _, o := range order {
		for _, step := range o.Path {
			s.text(step)
		}
		s.flag(o.Descending)
	}
	s.key = append(s.key, '|')
}

// filter writes a filter's shape. Constants but truths and nulls are values.
func (s *shaper) filter(x *meta.Expr, depth int) {
	if x == nil || s.err != nil {
		return
	}
	switch s.size++; {
	case s.size > maxFilter:
		s.err = malformed("The filter has more than %d conditions and values.", maxFilter)
		return
	case s.listed > maxListed:
		s.err = malformed("The filter has more than %d alternatives in its lists.", maxListed)
		return
	case depth > maxDepth/2:
		s.err = malformed("The filter is deeper than %d.", maxDepth/2)
		return
	}
	s.key = append(s.key, byte('A'+x.Op))
	if x.Op == meta.OpConst {
		s.constant(x)
		return
	}
	s.key = append(s.key, byte('0'+x.Root), byte('0'+x.Verb))
	s.text(x.Var)
	s.text(x.Name)
	s.number(len(x.Path))
	for _, step := range x.Path {
		s.text(step)
	}
	s.number(len(x.Args))
	for i, a := range x.Args {
		if x.Op == meta.OpIn && i > 0 {
			s.size--
			s.listed++
		}
		s.filter(a, depth+1)
	}
}

func (s *shaper) constant(x *meta.Expr) {
	switch v := x.Value.(type) {
	case nil:
		s.key = append(s.key, 'n')
	case bool:
		s.flag(v)
	default:
		s.key = append(s.key, 'v', byte('0'+naturalKind(v)))
		s.flag(isFine(v))
		if s.slots == nil {
			s.slots = map[*meta.Expr]int{}
		}
		if _, known := s.slots[x]; !known {
			s.slots[x] = len(s.values)
			s.values = append(s.values, v)
		}
		s.number(s.slots[x])
	}
}

func (s *shaper) page(p page) {
	s.number(p.limit)
	s.flag(p.backward)
	s.flag(p.skip > 0)
	s.flag(p.cursor != nil)
	for _, v := range p.cursor {
		s.flag(v == nil)
	}
}

// cost bounds the rows that sel and its nested lists could hold together.
func cost(sel *Select, list *meta.Field, parents int) (int, error) {
	rows := parents
	if list != nil || sel.Entity != nil {
		p, _, err := sel.extent(list)
		if err != nil {
			return 0, err
		}
		if p.limit == 0 {
			p.limit = boundOf(list)
		}
		rows *= max(1, p.limit)
	}
	total, err := costOfFields(sel.Fields, rows, 0)
	total += rows
	if err == nil && total > maxRows {
		err = malformed("The request could reach more than %d rows.", maxRows)
	}
	return total, err
}

func costOfFields(fields []Selection, rows, depth int) (total int, err error) {
	if depth > maxNesting {
		return 0, malformed("The request is nested more than %d levels deep.", maxNesting)
	}
	for _, f := range fields {
		if f.Nested == nil {
			continue
		}
		part := 0
		if f.Field.Kind == meta.List {
			part, err = cost(f.Nested, f.Field, rows)
		} else {
			part, err = costOfFields(f.Nested.Fields, rows, depth+1)
		}
		if total += part; err != nil || total > maxRows {
			return total, err
		}
	}
	return total, nil
}
