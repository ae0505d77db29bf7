package goclient

import (
	"fmt"

	"github.com/fettlehq/fettle/emit/client"
	"github.com/fettlehq/fettle/model"
)

// scalars are the types of scalars.
var scalars = map[model.Kind]string{
	model.ID: "ID", model.String: "string", model.UUID: "string", model.Email: "string", model.URL: "string",
	model.TimeZone: "string", model.Country: "string", model.Currency: "string",
	model.Int: "int", model.Int64: "Int64", model.Float: "float64", model.Boolean: "bool", model.Decimal: "Decimal",
	model.DateTime: "time.Time", model.Date: "Date", model.Time: "TimeOfDay", model.Duration: "Duration",
	model.JSON: "json.RawMessage", model.Bytes: "[]byte",
}

// one is the type of one value.
func (n *names) one(t client.Type) string {
	switch t.Kind {
	case client.Enum:
		return n.enums[t.Enum]
	case client.Struct:
		return n.objects[t.Object]
	case client.Reference:
		return "Ref[" + n.objects[t.Object] + "]"
	case client.PageOf:
		return "PageOf[" + n.objects[t.Object] + "]"
	case client.Key:
		return "ID"
	}
	name, ok := scalars[t.Scalar]
	if !ok {
		panic(fmt.Sprintf("scalar %s", t.Scalar))
	}
	return name
}

// all is the type of a value, or of several.
func (n *names) all(t client.Type) string {
	if t.List {
		return "[]" + n.one(t)
	}
	return n.one(t)
}

// nilled tells whether nil is no value of the type.
func nilled(t client.Type) bool {
	return t.List || t.Kind == client.Scalar && (t.Scalar == model.JSON || t.Scalar == model.Bytes)
}

// member is the type of a member of o, and whether it is left out where it is the zero value.
func (n *names) member(o *client.Object, m client.Member) (typ string, omit bool) {
	typ = n.all(m.Type)
	along := m.Type.Kind == client.Struct && m.Type.Object.Role == client.Sent
	switch {
	case o.Role == client.Choice:
		return "*" + typ, true
	case o.Role == client.Patch && m.Optional && !along, o.Role != client.Row && m.Optional && m.Null && m.Default:
		return "Optional[" + typ + "]", true
	case along && o.Role != client.Sent && m.Optional:
		return typ, true
	case nilled(m.Type):
		return typ, m.Optional
	case m.Null, m.Optional && (o.Role == client.Creation || o.Role == client.Sent || m.Type.Kind == client.PageOf || o.Role == client.Figures):
		return "*" + typ, m.Optional
	}
	return typ, m.Optional
}
