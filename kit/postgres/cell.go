package postgres

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/fettlehq/fettle/kit/sqldb"
)

// Cell reads what the server sent in its binary format (PostgreSQL's documentation, "Binary Format" of each type's send
// function) without a plan, a pointer or reflection. Text is the same bytes in both formats. What it does not know pgx
// reads.
func (r *rows) Cell(column int, into *sqldb.Cell) error {
	value := r.Rows.RawValues()[column]
	if into.Null = value == nil; into.Null {
		return nil
	}
	field := &r.Rows.FieldDescriptions()[column]
	switch field.DataTypeOID {
	case pgtype.TextOID, pgtype.VarcharOID, pgtype.BPCharOID, pgtype.JSONOID:
		if into.Class == sqldb.TextClass {
			into.Text = r.texts.of(value)
			return nil
		}
	}
	if field.Format == pgtype.BinaryFormatCode && r.decode(into, value, field) {
		return nil
	}
	return r.scanCell(column, into)
}

// texts makes strings that share memory: an answer is hundreds of short ones. The zero value is ready.
type texts struct {
	room strings.Builder
}

// Bytes that are allocated at once: twice those before, from the least to the most. A longer text than longestShared
// has its own.
const (
	leastRoom     = 256
	mostRoom      = 4096
	longestShared = 512
)

func (t *texts) of(value []byte) string {
	if len(value) > longestShared {
		return string(value)
	}
	if have := t.room.Cap(); have-t.room.Len() < len(value) {
		t.room = strings.Builder{}
		t.room.Grow(max(len(value), leastRoom, min(2*have, mostRoom)))
	}
	start := t.room.Len()
	t.room.Write(value)
	return t.room.String()[start:]
}

func (r *rows) decode(into *sqldb.Cell, value []byte, field *pgconn.FieldDescription) bool {
	switch into.Class {
	case sqldb.TextClass:
		return r.decodeText(into, value, field.DataTypeOID)
	case sqldb.IntegerClass:
		switch {
		case field.DataTypeOID == pgtype.Int8OID && len(value) == 8:
			into.Integer = int64(binary.BigEndian.Uint64(value))
		case field.DataTypeOID == pgtype.Int4OID && len(value) == 4:
			into.Integer = int64(int32(binary.BigEndian.Uint32(value)))
		case field.DataTypeOID == pgtype.Int2OID && len(value) == 2:
			into.Integer = int64(int16(binary.BigEndian.Uint16(value)))
		default:
			return false
		}
		return true
	case sqldb.FloatClass:
		if field.DataTypeOID != pgtype.Float8OID || len(value) != 8 {
			return false
		}
		into.Float = math.Float64frombits(binary.BigEndian.Uint64(value))
		return true
	case sqldb.BooleanClass:
		if field.DataTypeOID != pgtype.BoolOID || len(value) != 1 {
			return false
		}
		into.Boolean = value[0] != 0
		return true
	case sqldb.InstantClass:
		if field.DataTypeOID != pgtype.TimestamptzOID || len(value) != 8 {
			return false
		}
		return decodeInstant(into, int64(binary.BigEndian.Uint64(value)))
	case sqldb.BytesClass:
		if field.DataTypeOID != pgtype.ByteaOID {
			return false
		}
		into.Bytes = append([]byte{}, value...)
		return true
	}
	return false
}

func (r *rows) decodeText(into *sqldb.Cell, value []byte, oid uint32) bool {
	switch oid {
	case pgtype.JSONBOID:
		if len(value) == 0 || value[0] != 1 { // the version of the format
			return false
		}
		into.Text = r.texts.of(value[1:])
		return true
	case pgtype.UUIDOID:
		if len(value) != 16 {
			return false
		}
		var text [36]byte
		hex.Encode(text[0:8], value[0:4])
		hex.Encode(text[9:13], value[4:6])
		hex.Encode(text[14:18], value[6:8])
		hex.Encode(text[19:23], value[8:10])
		hex.Encode(text[24:36], value[10:16])
		text[8], text[13], text[18], text[23] = '-', '-', '-', '-'
		into.Text = r.texts.of(text[:])
		return true
	}
	return false
}

// epoch is PostgreSQL's, in microseconds since 1970: 2000-01-01.
const epoch = 946684800 * 1_000_000

// decodeInstant leaves infinity to pgx, which refuses it.
func decodeInstant(into *sqldb.Cell, micros int64) bool {
	if micros == math.MaxInt64 || micros == math.MinInt64 {
		return false
	}
	into.Instant = time.UnixMicro(micros + epoch).UTC()
	return true
}

// scanCell lets pgx read one column.
func (r *rows) scanCell(column int, into *sqldb.Cell) error {
	dest := make([]any, len(r.Rows.RawValues())) // nil leaves a column out
	switch into.Class {
	case sqldb.TextClass:
		dest[column] = &into.Text
	case sqldb.IntegerClass:
		dest[column] = &into.Integer
	case sqldb.FloatClass:
		dest[column] = &into.Float
	case sqldb.BooleanClass:
		dest[column] = &into.Boolean
	case sqldb.InstantClass:
		dest[column] = &into.Instant
	case sqldb.BytesClass:
		dest[column] = &into.Bytes
	}
	if err := r.Rows.Scan(dest...); err != nil {
		return fmt.Errorf("column %d: %w", column+1, err)
	}
	into.Instant = into.Instant.UTC()
	return nil
}
