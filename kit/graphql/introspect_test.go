package graphql_test

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator"

	"github.com/fettlehq/fettle/kit/graphql"
	"github.com/fettlehq/fettle/kit/internal/doortest"
)

// What graphql-js's getIntrospectionQuery asks with all its options.
const introspectionQuery = `query IntrospectionQuery {
  __schema {
    description
    queryType { name kind }
    mutationType { name kind }
    subscriptionType { name kind }
    types { ...FullType }
    directives { name description isRepeatable locations args(includeDeprecated: true) { ...InputValue } }
  }
}
fragment FullType on __Type {
  kind name description specifiedByURL isOneOf
  fields(includeDeprecated: true) { name description args(includeDeprecated: true) { ...InputValue } type { ...TypeRef } isDeprecated deprecationReason }
  inputFields(includeDeprecated: true) { ...InputValue }
  interfaces { ...TypeRef }
  enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason }
  possibleTypes { ...TypeRef }
}
fragment InputValue on __InputValue { name description type { ...TypeRef } defaultValue isDeprecated deprecationReason }
fragment TypeRef on __Type {
  kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } } } } }
}`

type typeRef struct {
	Kind   string
	Name   *string
	OfType *typeRef
}

func (t *typeRef) String() string {
	switch t.Kind {
	case "NON_NULL":
		return t.OfType.String() + "!"
	case "LIST":
		return "[" + t.OfType.String() + "]"
	}
	return *t.Name
}

type inputValue struct {
	Name         string
	Type         typeRef
	DefaultValue *string
}

type introspected struct {
	Data struct {
		Schema struct {
			QueryType, MutationType, SubscriptionType *struct{ Name, Kind string }
			Types                                     []struct {
				Kind, Name string
				Fields     []struct {
					Name string
					Args []inputValue
					Type typeRef
				}
				InputFields               []inputValue
				EnumValues                []struct{ Name string }
				Interfaces, PossibleTypes []typeRef
			}
			Directives []struct {
				Name      string
				Locations []string
			}
		} `json:"__schema"`
	}
	Errors []any
}

func TestIntrospectionTellsTheSchema(t *testing.T) {
	c := newClient(t)
	var got introspected
	if err := json.Unmarshal([]byte(c.run("", introspectionQuery, "null")), &got); err != nil || got.Errors != nil {
		t.Fatal(err, got.Errors)
	}
	schema, err := validator.LoadSchema(validator.Prelude, &ast.Source{Input: doortest.SDL})
	if err != nil {
		t.Fatal(err)
	}
	told := got.Data.Schema
	if told.QueryType.Name != "Query" || told.QueryType.Kind != "OBJECT" || told.MutationType.Name != "Mutation" || told.SubscriptionType.Name != "Subscription" {
		t.Errorf("roots: %+v", told)
	}
	if len(told.Types) != len(schema.Types) || len(told.Directives) != len(schema.Directives)-1 {
		t.Errorf("%d types of %d, %d directives of %d", len(told.Types), len(schema.Types), len(told.Directives), len(schema.Directives))
	}
	for _, typ := range told.Types {
		want := schema.Types[typ.Name]
		fields := typ.InputFields
		for _, f := range typ.Fields {
			fields = append(fields, inputValue{Name: f.Name, Type: f.Type})
			for _, a := range f.Args {
				if w := want.Fields.ForName(f.Name).Arguments.ForName(a.Name); w.Type.String() != a.Type.String() || (w.DefaultValue == nil) != (a.DefaultValue == nil) {
					t.Errorf("%s.%s(%s): %s", typ.Name, f.Name, a.Name, &a.Type)
				}
			}
		}
		count := 0
		for _, w := range want.Fields {
			if w.Name != "__schema" && w.Name != "__type" && w.Name != "__typename" {
				count++
			}
		}
		if string(want.Kind) != typ.Kind || count != len(fields) || len(want.EnumValues) != len(typ.EnumValues) && typ.Name != "__DirectiveLocation" || (want.Kind == ast.Object || want.Kind == ast.Interface) != (typ.Interfaces != nil) {
			t.Errorf("%s: kind %s, %d fields of %d, interfaces %v", typ.Name, typ.Kind, len(fields), count, typ.Interfaces)
		}
		for _, f := range fields {
			if w := want.Fields.ForName(f.Name); w == nil || w.Type.String() != f.Type.String() {
				t.Errorf("%s.%s: %s", typ.Name, f.Name, &f.Type)
			}
		}
	}
}

func TestTypeByName(t *testing.T) {
	c := newClient(t)
	c.want("", `{ a: __type(name: "QuoteInput") { name inputFields { name defaultValue type { kind ofType { name } } } fields { name } } __type(name: "No") { name } }`, "null",
		`{"data":{"a":{"name":"QuoteInput","inputFields":[{"name":"amount","defaultValue":null,"type":{"kind":"NON_NULL","ofType":{"name":"Decimal"}}},{"name":"country","defaultValue":null,"type":{"kind":"SCALAR","ofType":null}},{"name":"gift","defaultValue":"false","type":{"kind":"NON_NULL","ofType":{"name":"Boolean"}}}],"fields":null},"__type":null}}`)
}

func TestSchemaCanBeHidden(t *testing.T) {
	c := newClient(t, func(o *graphql.Options) { o.HideSchema, o.Playground = true, nil })
	c.has("", `{ __schema { types { name } } }`, "null", `"code":"FORBIDDEN"`)
	c.has("", `{ __type(name: "Query") { name } }`, "null", `"code":"FORBIDDEN"`)
	c.want("", `{ __typename }`, "null", `{"data":{"__typename":"Query"}}`)
}

func TestManyAtOnce(t *testing.T) {
	c := newClient(t)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for j := range 20 {
				c.has("ann", fmt.Sprintf(`query($n: Int) { articles(first: $n) { nodes { a%d: title comments { totalCount } } } }`, j), fmt.Sprintf(`{"n":%d}`, i+1), `"totalCount":`)
			}
		})
	}
	all.Wait()
}

// The places of directives are those of the specification (September 2025, section 4.2.6): clients that know
// those alone refuse to read the schema over another.
func TestPlacesOfDirectives(t *testing.T) {
	known := map[string]bool{}
	for _, place := range []string{
		"QUERY", "MUTATION", "SUBSCRIPTION", "FIELD", "FRAGMENT_DEFINITION", "FRAGMENT_SPREAD", "INLINE_FRAGMENT", "VARIABLE_DEFINITION",
		"SCHEMA", "SCALAR", "OBJECT", "FIELD_DEFINITION", "ARGUMENT_DEFINITION", "INTERFACE", "UNION", "ENUM", "ENUM_VALUE", "INPUT_OBJECT", "INPUT_FIELD_DEFINITION",
	} {
		known[place] = true
	}
	var got introspected
	if err := json.Unmarshal([]byte(newClient(t).run("", introspectionQuery, "null")), &got); err != nil {
		t.Fatal(err)
	}
	for _, d := range got.Data.Schema.Directives {
		if len(d.Locations) == 0 {
			t.Errorf("@%s stands nowhere", d.Name)
		}
		for _, place := range d.Locations {
			if !known[place] {
				t.Errorf("@%s stands at %s", d.Name, place)
			}
		}
	}
	for _, typ := range got.Data.Schema.Types {
		for _, v := range typ.EnumValues {
			if typ.Name == "__DirectiveLocation" && !known[v.Name] {
				t.Errorf("%s knows %s", typ.Name, v.Name)
			}
		}
	}
}
