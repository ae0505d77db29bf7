package postgres

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/fettlehq/fettle/kit/sqldb"
)

// Cell reads what the server sent in its binary format (PostgreSQL's documentation, "Binary Format" of each type's send
// function) without a plan, a pointer or reflection. What it does not know, and the text format, pgx reads.
func (r *rows) Cell(column int, into *sqldb.Cell) error {
	value := r.Rows.RawValues()[column]
	if into.Null = value == nil; into.Null {
		return nil
	}
	field := &r.Rows.FieldDescriptions()[column]
	if field.Format == pgtype.BinaryFormatCode && decode(into, value, field) {
		return nil
	}
	return r.scanCell(column, into)
}

func decode(into *sqldb.Cell, value []byte, field *pgconn.FieldDescription) bool {
	switch into.Class {
	case sqldb.TextClass:
		return decodeText(into, value, field.DataTypeOID)
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

func decodeText(into *sqldb.Cell, value []byte, oid uint32) bool {
	switch oid {
	case pgtype.TextOID, pgtype.VarcharOID, pgtype.BPCharOID, pgtype.JSONOID:
		into.Text = string(value)
		return true
	case pgtype.JSONBOID:
		if len(value) == 0 || value[0] != 1 { // the version of the format
			return false
		}
		into.Text = string(value[1:])
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
		into.Text = string(text[:])
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
