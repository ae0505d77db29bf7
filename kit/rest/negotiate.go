package rest

import (
	"mime"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/input"
	"github.com/fettlehq/fettle/kit/internal/body"
)

// acceptsJSON tells whether the Accept header fields of a request admit JSON (RFC 9110, section 12.5.1).
func acceptsJSON(fields []string) bool {
	best, accepted := 0, len(fields) == 0
	for _, field := range fields {
		for item := range strings.SplitSeq(field, ",") {
			rank := specificity(item)
			if rank > best {
				best, accepted = rank, quality(item) > 0
			} else if rank == best && rank > 0 {
				accepted = accepted || quality(item) > 0
			}
		}
	}
	return accepted
}

// specificity is how precisely a media range means JSON; 0 is not at all.
func specificity(item string) int {
	media, _, err := mime.ParseMediaType(item)
	if err != nil {
		return 0
	}
	switch media {
	case "application/json", "application/problem+json":
		return 3
	case "application/*":
		return 2
	case "*/*":
		return 1
	}
	return 0
}

func quality(item string) float64 {
	_, parameters, err := mime.ParseMediaType(item)
	if err != nil {
		return 0
	}
	text, ok := parameters["q"]
	if !ok {
		return 1
	}
	q, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0
	}
	return q
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
	media, parameters, err := mime.ParseMediaType(h.Get("Content-Type"))
	for _, t := range types {
		if err == nil && media == t {
			err = nil
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
