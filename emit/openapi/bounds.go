package openapi

import (
	"slices"
	"strconv"
	"strings"

	"github.com/fettlehq/fettle/emit/door"
)

// What no value exceeds, whatever the design says of it: lengths in characters.
const (
	longestParameter = 64 << 10 // the server reads no longer header or URL
	longestInput     = 1 << 20  // nor a longer body
	longestOutput    = 1 << 30  // PostgreSQL keeps no longer text
	longestKey       = 1000     // of a row, as kit/query has it: in bytes there
	mostItems        = 1 << 20  // each takes a byte at least
	safeInteger      = 1<<53 - 1
)

// bound gives every schema below value the bounds that it lacks, so that a client can reckon with them. longest is that
// of a text there.
func bound(value any, longest int) any {
	switch v := value.(type) {
	case []object:
		for i := range v {
			v[i] = bound(v[i], longest).(object)
		}
	case object:
		return boundObject(v, longest)
	}
	return value
}

func boundObject(o object, longest int) object {
	if o.get("additionalProperties") == false {
		longest = longestInput // what clients send has no members that are not known
	}
	if _, parameter := o.get("in").(string); parameter {
		longest = longestParameter
	}
	for i := range o {
		switch o[i].name {
		case "example", "examples", "default", "enum", "const":
			continue
		case "properties": // whatever they are called
			properties, _ := o[i].value.(object)
			for j := range properties {
				properties[j].value = bound(properties[j].value, longest)
			}
		case "requestBody":
			o[i].value = bound(o[i].value, longestInput)
		default:
			o[i].value = bound(o[i].value, longest)
		}
	}
	switch typ := schemaType(o); typ {
	case "string":
		boundText(&o, longest)
	case "integer":
		boundInteger(&o)
	case "array":
		if o.get("maxItems") == nil {
			o.put("maxItems", mostItems)
		}
	}
	return o
}

// schemaType is the type of a schema besides null, empty for what is no schema of one type.
func schemaType(o object) string {
	switch typ := o.get("type").(type) {
	case string:
		return typ
	case []string:
		if i := slices.IndexFunc(typ, func(t string) bool { return t != "null" }); i >= 0 {
			return typ[i]
		}
	}
	return ""
}

func boundText(o *object, longest int) {
	if o.get("enum") != nil || o.get("const") != nil {
		return
	}
	format, _ := o.get("format").(string)
	if format == "" && o.get("pattern") == nil {
		o.put("pattern", door.AnyText)
	}
	if o.get("maxLength") != nil {
		return
	}
	if most, known := longestOf[format]; known {
		longest = most
	}
	o.put("maxLength", longest)
}

// longestOf are the lengths of texts that have a format.
var longestOf = map[string]int{
	"uuid":          36,
	"email":         254, // RFC 5321, section 4.5.3.1, less the angle brackets
	"date":          10,
	"date-time":     35,
	"time-local":    15,
	"time-zone":     64,
	"country-code":  2,
	"currency-code": 3,
	"int64":         len(strconv.Itoa(-1 << 63)),
	"decimal":       64,
}

func boundInteger(o *object) {
	format, _ := o.get("format").(string)
	least, most := -1<<31, 1<<31-1
	if format == "" {
		format, least, most = "int64", 0, safeInteger // a count
		o.put("format", format)
	}
	if o.get("minimum") == nil {
		o.put("minimum", least)
	}
	if o.get("maximum") == nil {
		o.put("maximum", most)
	}
}

// everywhere adds to answers the headers that the server gives to all, or to all answers of writes.
func everywhere(responses object, names ...string) {
	for i := range responses {
		answer, _ := responses[i].value.(object)
		if answer.get("$ref") != nil {
			continue
		}
		headers, had := answer.get("headers").(object)
		for _, name := range names {
			if headers.get(name) == nil {
				headers.put(name, ref("headers", name))
			}
		}
		if had {
			answer.set("headers", headers)
		} else {
			answer.put("headers", headers)
		}
		responses[i].value = answer
	}
}

// headersOf are those of every answer to a method, or of what any answer may be.
func (d *document) headersOf(method, path string) []string {
	names := []string{"Access-Control-Allow-Origin", "RateLimit", "RateLimit-Policy", "X-Request-Id"}
	if method != "get" {
		names = append(names, "Read-After")
	}
	if d.deprecates && !strings.HasPrefix(path, "/auth/") {
		names = append(names, "Deprecation", "Sunset", "Link")
	}
	return names
}
