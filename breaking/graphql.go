package breaking

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
)

// GraphQL compares two schemas. An answer may promise more than before and an argument ask for less; the other way round is a
// Change, as is whatever is gone.
func GraphQL(before, after []byte) ([]Change, error) {
	old, err := gqlparser.LoadSchema(&ast.Source{Name: "schema.graphql as it was", Input: string(before)})
	if err != nil {
		return nil, err
	}
	now, err := gqlparser.LoadSchema(&ast.Source{Name: "schema.graphql as it is", Input: string(after)})
	if err != nil {
		return nil, err
	}
	c := &comparison{}
	for name, was := range old.Types {
		if was.BuiltIn || strings.HasPrefix(name, "__") {
			continue
		}
		c.compare(was, now.Types[name])
	}
	return sorted(c.changes), nil
}

type comparison struct{ changes []Change }

func (c *comparison) add(rule string, t *ast.Definition, member, format string, args ...any) {
	at := t.Name
	if member != "" {
		at += "." + member
	}
	c.changes = append(c.changes, Change{Rule: rule, At: at, Type: t.Name, Member: member, Text: fmt.Sprintf(format, args...)})
}

func (c *comparison) compare(was, is *ast.Definition) {
	switch {
	case is == nil:
		c.add("TYPE_REMOVED", was, "", "%s is gone", was.Name)
		return
	case was.Kind != is.Kind:
		c.add("TYPE_KIND_CHANGED", was, "", "%s was %s and is %s", was.Name, kind(was), kind(is))
		return
	}
	for _, name := range was.Interfaces {
		if !slices.Contains(is.Interfaces, name) {
			c.add("INTERFACE_REMOVED", was, "", "%s is no %s any more", was.Name, name)
		}
	}
	for _, name := range was.Types {
		if !slices.Contains(is.Types, name) {
			c.add("UNION_MEMBER_REMOVED", was, "", "%s has no %s any more", was.Name, name)
		}
	}
	for _, name := range is.Types {
		if !slices.Contains(was.Types, name) {
			c.add("UNION_MEMBER_ADDED", was, "", "%s may be %s, which clients do not know", was.Name, name)
		}
	}
	for _, v := range was.EnumValues {
		if is.EnumValues.ForName(v.Name) == nil {
			c.add("ENUM_VALUE_REMOVED", was, v.Name, "%s of %s is gone", v.Name, was.Name)
		}
	}
	for _, f := range was.Fields {
		if !strings.HasPrefix(f.Name, "__") {
			c.field(was, f, is.Fields.ForName(f.Name))
		}
	}
	if is.Kind == ast.InputObject {
		for _, f := range is.Fields {
			if was.Fields.ForName(f.Name) == nil && f.Type.NonNull && f.DefaultValue == nil {
				c.add("REQUIRED_INPUT_ADDED", was, f.Name, "%s.%s is new and required", was.Name, f.Name)
			}
		}
	}
}

func (c *comparison) field(t *ast.Definition, was, is *ast.FieldDefinition) {
	if is == nil {
		c.add("FIELD_REMOVED", t, was.Name, "%s.%s is gone", t.Name, was.Name)
		return
	}
	if t.Kind == ast.InputObject {
		switch {
		case !takes(is.Type, was.Type, is.DefaultValue != nil):
			c.add("INPUT_TYPE_CHANGED", t, was.Name, "%s.%s was %s and is %s", t.Name, was.Name, was.Type, is.Type)
		case is.Type.NonNull && is.DefaultValue == nil && was.DefaultValue != nil:
			c.add("INPUT_DEFAULT_REMOVED", t, was.Name, "%s.%s has no default any more and is required", t.Name, was.Name)
		}
		return
	}
	if !gives(is.Type, was.Type) {
		c.add("FIELD_TYPE_CHANGED", t, was.Name, "%s.%s was %s and is %s", t.Name, was.Name, was.Type, is.Type)
	}
	for _, a := range was.Arguments {
		now := is.Arguments.ForName(a.Name)
		switch {
		case now == nil:
			c.add("ARGUMENT_REMOVED", t, was.Name, "the argument %s of %s.%s is gone", a.Name, t.Name, was.Name)
		case !takes(now.Type, a.Type, now.DefaultValue != nil):
			c.add("ARGUMENT_TYPE_CHANGED", t, was.Name, "the argument %s of %s.%s was %s and is %s", a.Name, t.Name, was.Name, a.Type, now.Type)
		case now.Type.NonNull && now.DefaultValue == nil && a.DefaultValue != nil:
			c.add("ARGUMENT_DEFAULT_REMOVED", t, was.Name, "the argument %s of %s.%s has no default any more and is required", a.Name, t.Name, was.Name)
		}
	}
	for _, a := range is.Arguments {
		if was.Arguments.ForName(a.Name) == nil && a.Type.NonNull && a.DefaultValue == nil {
			c.add("REQUIRED_ARGUMENT_ADDED", t, was.Name, "the argument %s of %s.%s is new and required", a.Name, t.Name, was.Name)
		}
	}
}

// gives tells whether an answer of the type is may stand where was is expected.
func gives(is, was *ast.Type) bool {
	if was.NonNull && !is.NonNull || (was.Elem == nil) != (is.Elem == nil) {
		return false
	}
	if was.Elem != nil {
		return gives(is.Elem, was.Elem)
	}
	return was.NamedType == is.NamedType
}

// takes tells whether what fits was may be sent to is: to leave it out too, where it may be, if it has a default.
// A list in place of one value takes the value as a literal but not as a variable, so it does not fit.
func takes(is, was *ast.Type, hasDefault bool) bool {
	if is.NonNull && !was.NonNull && !hasDefault {
		return false
	}
	if (was.Elem == nil) != (is.Elem == nil) {
		return false
	}
	if was.Elem != nil {
		return takes(is.Elem, was.Elem, false)
	}
	return was.NamedType == is.NamedType
}

func kind(d *ast.Definition) string {
	return map[ast.DefinitionKind]string{
		ast.Scalar: "a scalar", ast.Object: "an object", ast.Interface: "an interface", ast.Union: "a union", ast.Enum: "an enum", ast.InputObject: "an input",
	}[d.Kind]
}
