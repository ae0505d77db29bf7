package input

import (
	"encoding/json"
	"strings"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/meta"
)

// Query reads a value of f from the text of a query parameter or a path: numbers and booleans as JSON writes them,
// a list with commas, a value object or an input as JSON, all else as it is.
func Query(f *meta.Field, text string) (any, []kit.FieldError) {
	if !f.Repeated && f.Kind != meta.List {
		return Value(f, node(f, text))
	}
	elements := []any{}
	if text != "" {
		for element := range strings.SplitSeq(text, ",") {
			elements = append(elements, node(f, element))
		}
	}
	return Value(f, elements)
}

// node makes the tree that Value expects.
func node(f *meta.Field, text string) any {
	switch f.Kind {
	case meta.Boolean:
		switch text {
		case "true":
			return true
		case "false":
			return false
		}
	case meta.Int, meta.Int64, meta.Float, meta.Decimal:
		if isNumber(text) {
			return json.Number(text)
		}
	case meta.Value, meta.Input, meta.JSON:
		if tree, err := Parse([]byte(text)); err == nil {
			return tree
		}
	}
	return strings.ToValidUTF8(text, "\uFFFD")
}
