package account

import (
	"net/http"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/input"
	"github.com/fettlehq/fettle/kit/internal/body"
	"github.com/fettlehq/fettle/kit/internal/media"
)

// maxBody bounds what a form of this package can hold, in bytes.
const maxBody = 64 << 10

// readObject reads the JSON object that was sent.
//
// Only application/json is taken: a page of another site cannot send that without being asked (CORS), so it cannot
// sign somebody in behind their back. Text in another charset than UTF-8, which RFC 8259 (section 8.1) asks for, is refused
// as it is at the other doors.
func readObject(w http.ResponseWriter, r *http.Request) (input.Object, error) {
	kind, parameters, err := media.Of(r.Header)
	if charset := parameters["charset"]; err != nil || kind != "application/json" || charset != "" && !strings.EqualFold(charset, "utf-8") {
		return nil, &kit.Problem{Code: kit.CodeUnsupportedType, Status: http.StatusUnsupportedMediaType, Detail: "Send application/json, in UTF-8."}
	}
	body.Limit(w, r, maxBody)
	text, err := body.Read(r)
	if err != nil {
		return nil, err
	}
	tree, err := input.Parse(text)
	if err != nil {
		return nil, err
	}
	object, ok := tree.(input.Object)
	if !ok {
		return nil, malformed("The body must be a JSON object.", nil)
	}
	return object, nil
}

// readTexts reads a JSON object that has exactly the members names, all of them texts.
func readTexts(w http.ResponseWriter, r *http.Request, names ...string) (map[string]string, error) {
	object, err := readObject(w, r)
	if err != nil {
		return nil, err
	}
	texts := map[string]string{}
	var wrong []kit.FieldError
	for _, name := range names {
		text, problem := text(object, name)
		if problem != nil {
			wrong = append(wrong, *problem)
		}
		texts[name] = text
	}
	for name := range object {
		if !slices.Contains(names, name) {
			wrong = append(wrong, kit.FieldError{Field: shorten(name), Code: kit.FieldUnknown, Detail: "is no field here" + input.DidYouMean(name, names)})
		}
	}
	if wrong != nil {
		return nil, invalid(wrong)
	}
	return texts, nil
}

func text(object input.Object, name string) (string, *kit.FieldError) {
	raw, given := object[name]
	text, ok := raw.(string)
	switch {
	case !given || raw == nil || ok && text == "":
		return "", &kit.FieldError{Field: name, Code: kit.FieldRequired, Detail: "is required"}
	case !ok:
		return "", &kit.FieldError{Field: name, Code: kit.FieldType, Detail: "must be a string"}
	}
	return text, nil
}

func shorten(name string) string { return name[:min(len(name), 64)] }

func malformed(detail string, err error) error {
	return &kit.Problem{Code: kit.CodeMalformed, Status: http.StatusBadRequest, Detail: detail, Err: err}
}

func invalid(fields []kit.FieldError) error {
	slices.SortFunc(fields, func(a, b kit.FieldError) int {
		if a.Field < b.Field {
			return -1
		}
		return 1
	})
	return &kit.Problem{Code: kit.CodeInvalid, Status: http.StatusUnprocessableEntity, Detail: "The input is invalid.", Fields: fields}
}
