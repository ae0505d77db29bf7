package golang

import (
	"fmt"

	"github.com/fettlehq/fettle/model"
)

// family says how package typed writes a value.
type family int

const (
	plain  family = iota // as it is
	text                 // a string type
	number               // int
	object               // a value object
	bytes                // nil is null: JSON, Bytes
	entity               // a row: only read
	choice               // a union: nil is null
)

// goType is how a value stands in Go.
type goType struct {
	Name   string // "catalog.Money"
	Read   string // the function from any to Name: "catalog.MoneyOf"
	Family family
}

// typeOf is the Go type of one value of f, as the package of m names it. A reference in an input or an argument is a
// row; elsewhere it is an id.
func typeOf(m *model.Module, f *model.Field, rows bool) goType {
	switch f.Kind {
	case model.Int:
		if f.Auto {
			return scalars[model.Int64] // the version, which kit counts in 64 bits
		}
	case model.ID:
		return goType{"kit.ID", "typed.ID", text}
	case model.Ref, model.List:
		if rows {
			return goType{named(m, f.Target.Module, f.Target.Name), named(m, f.Target.Module, f.Target.Name+"Of"), entity}
		}
		return goType{"kit.ID", "typed.ID", text}
	case model.EnumKind:
		name := named(m, f.Enum.Module, f.Enum.Name)
		return goType{name, "typed.Enum[" + name + "]", text}
	case model.Union:
		return goType{named(m, f.Union.Module, f.Union.Name), named(m, f.Union.Module, f.Union.Name+"Of"), choice}
	case model.Value, model.InputDTO:
		return goType{named(m, f.Struct.Module, f.Struct.Name), named(m, f.Struct.Module, f.Struct.Name+"Of"), object}
	}
	t, ok := scalars[f.Kind]
	if !ok {
		panic(fmt.Sprintf("field %s of kind %s", f.Name, f.Kind))
	}
	return t
}

var scalars = map[model.Kind]goType{
	model.String:   {"string", "typed.String", text},
	model.UUID:     {"string", "typed.String", text},
	model.Email:    {"string", "typed.String", text},
	model.URL:      {"string", "typed.String", text},
	model.TimeZone: {"string", "typed.String", text},
	model.Country:  {"string", "typed.String", text},
	model.Currency: {"string", "typed.String", text},
	model.Int:      {"int", "typed.Int", number},
	model.Int64:    {"int64", "typed.Int64", plain},
	model.Float:    {"float64", "typed.Float", plain},
	model.Boolean:  {"bool", "typed.Bool", plain},
	model.Decimal:  {"kit.Decimal", "typed.Decimal", plain},
	model.DateTime: {"time.Time", "typed.DateTime", plain},
	model.Date:     {"kit.Date", "typed.Date", plain},
	model.Time:     {"kit.TimeOfDay", "typed.Time", plain},
	model.Duration: {"time.Duration", "typed.Duration", plain},
	model.JSON:     {"json.RawMessage", "typed.JSON", bytes},
	model.Bytes:    {"[]byte", "typed.Bytes", bytes},
}

// metaKinds are the kinds by their names in package meta, where they differ.
var metaKinds = map[model.Kind]string{
	model.EnumKind: "EnumKind",
	model.InputDTO: "Input",
}

func metaKind(k model.Kind) string {
	if name, ok := metaKinds[k]; ok {
		return "meta." + name
	}
	return "meta." + string(k)
}

// named is the name of a type of module owner in the package of m.
func named(m, owner *model.Module, name string) string {
	if m == owner {
		return name
	}
	return qualifier(owner) + "." + name
}

// pointer says whether what may be missing is a pointer: JSON, Bytes and unions are nil themselves.
func (t goType) pointer(missing bool) bool { return missing && t.Family != bytes && t.Family != choice }

// declared is the Go type of a field that may be missing, or that is a list.
func (t goType) declared(missing, repeated bool) string {
	switch {
	case repeated:
		return "[]" + t.Name
	case t.pointer(missing):
		return "*" + t.Name
	}
	return t.Name
}

// read is the expression that reads v.
func (t goType) read(v string, missing, repeated bool) string {
	switch {
	case repeated:
		return "typed.List(" + v + ", " + t.Read + ")"
	case t.pointer(missing):
		return "typed.Null(" + v + ", " + t.Read + ")"
	}
	return t.Read + "(" + v + ")"
}

// write is the expression that turns v into a canonical value; missing says that v is a pointer, or nil.
func (t goType) write(v string, missing bool) string {
	switch {
	case t.Family == bytes && t.Name == "[]byte" && missing:
		return "typed.BytesOrNil(" + v + ")"
	case t.Family == bytes && missing:
		return "typed.JSONOrNil(" + v + ")"
	case t.Family == text && missing:
		return "typed.TextOrNil(" + v + ")"
	case t.Family == number && missing:
		return "typed.IntOrNil(" + v + ")"
	case t.Family == object && missing:
		return "typed.StructOrNil(" + v + ")"
	case t.Family == plain && missing:
		return "typed.OrNil(" + v + ")"
	case t.Family == text && t.Name != "string":
		return "string(" + v + ")"
	case t.Family == number:
		return "int64(" + v + ")"
	case t.Family == choice:
		return "typed.ChoiceOrNil(" + v + ")"
	case t.Family == object:
		return v + ".Values()"
	}
	return v
}

// item is the function that turns an element of a list into a canonical value.
func (t goType) item() string {
	switch t.Family {
	case text:
		return "typed.Text"
	case number:
		return "typed.Number"
	}
	return "typed.Same"
}

// patch is the expression that turns the optional v into a canonical value.
func (t goType) patch(v string) string {
	switch t.Family {
	case text:
		return "typed.FromText(" + v + ")"
	case number:
		return "typed.FromInt(" + v + ")"
	case object:
		return "typed.FromStruct(" + v + ")"
	case choice:
		return "typed.FromChoice(" + v + ")"
	}
	return "typed.From(" + v + ")"
}
