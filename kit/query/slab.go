package query

// slab makes the rows of an answer, which are hundreds and live and die together, a few dozen at a time. Its zero value
// is ready.
type slab struct {
	rows     []Row
	values   []any
	held     struct{ rows, values int } // that the last allocation had room for
	expected int                        // rows that the first has room for; one unless given
}

// Rows and values that one allocation has room for: twice the one before, up to these.
const (
	rowsAtOnce   = 64
	valuesAtOnce = 512
)

func (s *slab) row() *Row {
	if len(s.rows) == 0 {
		s.held.rows = min(max(1, s.expected, 2*s.held.rows), rowsAtOnce)
		s.rows = make([]Row, s.held.rows)
	}
	row := &s.rows[0]
	s.rows = s.rows[1:]
	return row
}

// of is n values that nobody else has.
func (s *slab) of(n int) []any {
	if len(s.values) < n {
		s.held.values = max(n, min(max(n*s.expected, 2*s.held.values), valuesAtOnce))
		s.values = make([]any, s.held.values)
	}
	values := s.values[:n:n]
	s.values = s.values[n:]
	return values
}
