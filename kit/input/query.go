package input

import (
	"encoding/json"
	"strings"

	"github.com/fettlehq/fettle/kit/meta"
)

// Tree makes the tree of a value of f from the text of a query parameter or of a path: a list is written with commas,
// its elements as Node reads them.
func Tree(f *meta.Field, text string) any {
	if !f.Repeated && f.Kind != meta.List {
		return Node(f.Kind, text)
	}
	elements := []any{}
	if text != "" {
		for element := range strings.SplitSeq(text, ",") {
			elements = append(elements, Node(f.Kind, element))
		}
	}
	return elements
}

// Node makes the tree of a single value: numbers and booleans as JSON writes them, value objects, inputs and JSON as
// JSON, all else as it is. What does not read so stays a string, which Value then refuses.
func Node(kind meta.Kind, text string) any {
	switch kind {
	case meta.Boolean:
		switch text {
		case "true":
			return true
		case "false":
			return false
		}
	case meta.Int, meta.Float:
		if isNumber(text) {
			return json.Number(text)
		}
	case meta.Value, meta.Input, meta.JSON:
		if tree, err := Parse([]byte(text)); err == nil {
			return tree
		}
	}
	return text
}
