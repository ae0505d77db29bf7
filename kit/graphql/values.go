package graphql

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/input"
)

// literal is a value of the document as a tree, with variables put in; false where it is a variable that is not given.
// The document is valid, and the variables are coerced.
func (c *collector) literal(t *ast.Type, v *ast.Value) (any, bool) {
	switch v.Kind {
	case ast.Variable:
		value, ok := c.variables[v.Raw]
		return value, ok
	case ast.NullValue:
		return nil, true
	case ast.ListValue:
		return c.literals(element(t), v.Children), true
	}
	if t != nil && t.Elem != nil {
		value, _ := c.literal(t.Elem, v) // one value stands for a list of it
		return []any{value}, true
	}
	switch v.Kind {
	case ast.BooleanValue:
		return v.Raw == "true", true
	case ast.IntValue, ast.FloatValue:
		if t != nil && (t.NamedType == "ID" || t.NamedType == "Int64" || t.NamedType == "Decimal") {
			return v.Raw, true // its digits, as they were written
		}
		return json.Number(v.Raw), true
	case ast.ObjectValue:
		return c.object(t, v), true
	default:
		return strings.ToValidUTF8(v.Raw, "\uFFFD"), true
	}
}

func (c *collector) literals(t *ast.Type, children ast.ChildValueList) []any {
	elements := make([]any, len(children))
	for i, child := range children {
		elements[i], _ = c.literal(t, child.Value)
	}
	return elements
}

func (c *collector) object(t *ast.Type, v *ast.Value) input.Object {
	object := input.Object{}
	definition := inputObject(c.door.schema.ast, t)
	for _, child := range v.Children {
		var of *ast.Type // nil inside of a JSON scalar
		if definition != nil {
			of = definition.Fields.ForName(child.Name).Type
		}
		if value, ok := c.literal(of, child.Value); ok {
			object[child.Name] = value
		}
	}
	if definition != nil {
		for _, f := range definition.Fields {
			if _, given := object[f.Name]; !given && f.DefaultValue != nil {
				object[f.Name], _ = c.literal(f.Type, f.DefaultValue)
			}
		}
	}
	return object
}

func element(t *ast.Type) *ast.Type {
	if t == nil {
		return nil
	}
	return t.Elem
}

func inputObject(s *ast.Schema, t *ast.Type) *ast.Definition {
	if t == nil {
		return nil
	}
	if definition := s.Types[t.NamedType]; definition != nil && definition.Kind == ast.InputObject {
		return definition
	}
	return nil
}

// coerceVariables reads the variables of op (GraphQL, section 6.1.2).
func (d *Door) coerceVariables(op *ast.OperationDefinition, given input.Object) (input.Object, []*failure) {
	c := &collector{door: d}
	variables := input.Object{}
	k := coercion{schema: d.schema.ast, literals: c, hideSchema: d.options.HideSchema}
	for _, definition := range op.VariableDefinitions {
		raw, ok := given[definition.Variable]
		name := "$" + definition.Variable
		switch {
		case ok:
			variables[definition.Variable] = k.value(definition.Type, name, raw)
		case definition.DefaultValue != nil:
			variables[definition.Variable], _ = c.literal(definition.Type, definition.DefaultValue)
		case definition.Type.NonNull:
			k.fail(name, kit.FieldRequired, "is required")
		}
	}
	if len(k.errors) == 0 {
		return variables, nil
	}
	first := k.errors[0]
	return nil, []*failure{{
		message: "Variable " + first.Field + " " + first.Detail + ".",
		problem: &kit.Problem{Code: kit.CodeInvalid, Status: 400, Detail: "The variables are invalid.", Fields: k.errors},
	}}
}

// coercion reads trees as types of the schema. Custom scalars are let through: package input reads them.
type coercion struct {
	schema     *ast.Schema
	literals   *collector
	hideSchema bool // tells no names that the caller did not
	errors     []kit.FieldError
}

func (k *coercion) fail(path, code, format string, args ...any) any {
	if len(k.errors) < 20 {
		k.errors = append(k.errors, kit.FieldError{Field: path, Code: code, Detail: fmt.Sprintf(format, args...)})
	}
	return nil
}

func (k *coercion) value(t *ast.Type, path string, raw any) any {
	if raw == nil {
		if t.NonNull {
			return k.fail(path, kit.FieldRequired, "must not be null")
		}
		return nil
	}
	if t.Elem != nil {
		elements, ok := raw.([]any)
		if !ok {
			return []any{k.value(t.Elem, path, raw)} // one value stands for a list of it
		}
		values := make([]any, len(elements))
		for i, e := range elements {
			values[i] = k.value(t.Elem, path+"."+strconv.Itoa(i), e)
		}
		return values
	}
	definition := k.schema.Types[t.NamedType]
	switch definition.Kind {
	case ast.Enum:
		text, ok := raw.(string)
		if !ok || definition.EnumValues.ForName(text) == nil {
			return k.enum(path, definition)
		}
		return text
	case ast.InputObject:
		return k.object(definition, path, raw)
	}
	return k.scalar(t.NamedType, path, raw)
}

func (k *coercion) enum(path string, definition *ast.Definition) any {
	if k.hideSchema {
		return k.fail(path, kit.FieldFormat, "must be a %s", definition.Name)
	}
	return k.fail(path, kit.FieldFormat, "must be one of %s", strings.Join(enumNames(definition), ", "))
}

func enumNames(definition *ast.Definition) []string {
	names := make([]string, len(definition.EnumValues))
	for i, v := range definition.EnumValues {
		names[i] = v.Name
	}
	return names
}

func (k *coercion) scalar(name, path string, raw any) any {
	number, isNumber := raw.(json.Number)
	switch name {
	case "Boolean":
		if _, ok := raw.(bool); !ok {
			return k.fail(path, kit.FieldType, "must be a Boolean")
		}
	case "String":
		if _, ok := raw.(string); !ok {
			return k.fail(path, kit.FieldType, "must be a String")
		}
	case "Int":
		f, err := number.Float64()
		if !isNumber || err != nil || f != float64(int32(f)) {
			return k.fail(path, kit.FieldType, "must be an Int of 32 bits")
		}
	case "Float":
		if _, err := number.Float64(); !isNumber || err != nil {
			return k.fail(path, kit.FieldType, "must be a Float")
		}
	case "ID":
		if _, err := number.Int64(); isNumber && err == nil {
			return string(number)
		}
		if _, ok := raw.(string); !ok {
			return k.fail(path, kit.FieldType, "must be an ID")
		}
	}
	return raw
}

func (k *coercion) object(definition *ast.Definition, path string, raw any) any {
	object, ok := raw.(input.Object)
	if !ok {
		return k.fail(path, kit.FieldType, "must be an object of %s", definition.Name)
	}
	values := input.Object{}
	for _, f := range definition.Fields {
		member, given := object[f.Name]
		switch {
		case given:
			values[f.Name] = k.value(f.Type, path+"."+f.Name, member)
		case f.DefaultValue != nil:
			values[f.Name], _ = k.literals.literal(f.Type, f.DefaultValue)
		case f.Type.NonNull:
			k.fail(path+"."+f.Name, kit.FieldRequired, "is required")
		}
	}
	for _, name := range surplus(definition, object) {
		meant := ""
		if !k.hideSchema {
			meant = input.DidYouMean(name, fieldNames(definition))
		}
		k.fail(path+"."+name[:min(len(name), 64)], kit.FieldUnknown, "is no field of %s%s", definition.Name, meant)
	}
	return values
}

func surplus(definition *ast.Definition, object input.Object) []string {
	var names []string
	for name := range object {
		if definition.Fields.ForName(name) == nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func fieldNames(definition *ast.Definition) []string {
	names := make([]string, len(definition.Fields))
	for i, f := range definition.Fields {
		names[i] = f.Name
	}
	return names
}
