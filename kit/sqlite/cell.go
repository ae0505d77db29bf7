package sqlite

import (
	"fmt"

	"github.com/fettlehq/fettle/kit/sqldb"
)

func (r *rows) Cell(column int, into *sqldb.Cell) error {
	value := r.values[column]
	if into.Null = value == nil; into.Null {
		return nil
	}
	ok := false
	switch into.Class {
	case sqldb.TextClass:
		into.Text, ok = text(value)
	case sqldb.IntegerClass:
		into.Integer, ok = integer(value)
	case sqldb.FloatClass:
		into.Float, ok = double(value)
	case sqldb.BooleanClass:
		into.Boolean, ok = boolean(value)
	case sqldb.InstantClass:
		into.Instant, ok = instant(value)
	case sqldb.BytesClass:
		into.Bytes, ok = bytes(value)
	}
	if !ok {
		return fmt.Errorf("column %d: %T does not fit class %d", column+1, value, into.Class)
	}
	return nil
}
