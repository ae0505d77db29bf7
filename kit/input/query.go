package input

import (
	"encoding/json"
	"strings"

	"github.com/fettlehq/fettle/kit/meta"
)

// Elements parts the text of a list: there are commas between its elements, and one that begins with a quote ends with the next
// that stands alone, two being one in it, so that it may hold commas: "one, two",three (RFC 4180, section 2). False is a quote
// that does not end where an element does. There is always an element, an empty one at least.
func Elements(text string) (elements []string, ok bool) {
	for {
		var element string
		if strings.HasPrefix(text, `"`) {
			if element, text, ok = quoted(text[1:]); !ok {
				return nil, false
			}
		} else {
			end := strings.IndexByte(text, ',')
			if end < 0 {
				end = len(text)
			}
			element, text = text[:end], text[end:]
		}
		elements = append(elements, element)
		if text == "" {
			return elements, true
		}
		text = text[1:] // a comma
	}
}

// quoted reads up to the quote that ends an element, behind which rest begins: with a comma, or empty.
func quoted(text string) (element, rest string, ok bool) {
	for {
		end := strings.IndexByte(text, '"')
		if end < 0 {
			return "", "", false
		}
		element += text[:end]
		text = text[end+1:]
		if !strings.HasPrefix(text, `"`) {
			return element, text, text == "" || text[0] == ','
		}
		element += `"`
		text = text[1:]
	}
}

// Tree makes the tree of a value of f from the text of a query parameter or of a path: a list as Elements parts it, its elements
// as Node reads them. A text that is no list stays one, which Value then refuses.
func Tree(f *meta.Field, text string) any {
	if !f.Repeated && f.Kind != meta.List {
		return Node(f.Kind, text)
	}
	elements := []any{}
	if text == "" {
		return elements
	}
	parts, ok := Elements(text)
	if !ok {
		return text
	}
	for _, part := range parts {
		elements = append(elements, Node(f.Kind, part))
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
