package sqldb

import "time"

// Class is how a column travels between the database and Go.
type Class uint8

// The classes. Comment: the field of a Cell that holds it.
const (
	TextClass    Class = iota // Text
	IntegerClass              // Integer
	FloatClass                // Float
	BooleanClass              // Boolean
	InstantClass              // Instant, UTC
	BytesClass                // Bytes
)

// Cell receives a column of one row after another.
type Cell struct {
	Class   Class
	Null    bool
	Boolean bool
	Text    string
	Integer int64
	Float   float64
	Instant time.Time
	Bytes   []byte // not the driver's: it may be kept
}
