package rest

import (
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/input"
	"github.com/fettlehq/fettle/kit/internal/body"
	"github.com/fettlehq/fettle/kit/internal/media"
)

// acceptsJSON tells whether the Accept header fields of a request admit JSON.
func acceptsJSON(fields []string) bool {
	return !media.Asks(fields) || media.Weight(fields, "application/json", true) > 0 || media.Weight(fields, "application/problem+json", false) > 0
}

// body reads the request's JSON object. An empty body is an empty object where optional.
func (c *call) body(optional bool, types ...string) (input.Object, error) {
	if c.tx != nil {
		return c.sent, nil
	}
	if optional && c.r.ContentLength == 0 {
		return input.Object{}, nil
	}
	if err := checkType(c.r.Header, types); err != nil {
		takes := strings.Join(types, ", ")
		c.w.Header().Set("Accept", takes)
		if c.r.Method == http.MethodPatch {
			c.w.Header().Set("Accept-Patch", takes)
		}
		return nil, err
	}
	text, err := body.Read(c.r)
	if err != nil {
		return nil, err
	}
	if optional && len(text) == 0 {
		return input.Object{}, nil
	}
	tree, err := input.Parse(text)
	if err != nil {
		return nil, err
	}
	object, ok := tree.(input.Object)
	if !ok {
		return nil, malformed("The body must be a JSON object.")
	}
	return object, nil
}

func checkType(h http.Header, types []string) error {
	kind, parameters, err := media.Of(h)
	for _, t := range types {
		if err == nil && kind == t {
			if charset, ok := parameters["charset"]; ok && !strings.EqualFold(charset, "utf-8") {
				break
			}
			if encoding := h.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
				break
			}
			return nil
		}
	}
	return &kit.Problem{
		Code: kit.CodeUnsupportedType, Status: http.StatusUnsupportedMediaType,
		Detail: "The body must be " + strings.Join(types, " or ") + ", in UTF-8.",
	}
}

func malformed(detail string) *kit.Problem {
	return &kit.Problem{Code: kit.CodeMalformed, Status: http.StatusBadRequest, Detail: detail}
}

func invalid(fields []kit.FieldError) *kit.Problem {
	return &kit.Problem{
		Code: kit.CodeInvalid, Status: http.StatusUnprocessableEntity,
		Detail: "The input is invalid.", Fields: fields,
	}
}

// isText tells whether a database can hold text.
func isText(text string) bool {
	return utf8.ValidString(text) && strings.IndexByte(text, 0) < 0
}
