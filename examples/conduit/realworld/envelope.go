package realworld

import (
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/input"
)

// messages are what is wrong, by field: {"errors":{"title":["can't be blank"]}}.
type messages map[string][]string

// wrong is an error that the caller sees.
type wrong struct {
	status   int
	messages messages
}

func (w wrong) Error() string { return http.StatusText(w.status) }

// about says which thing of the contract a problem is about: what is missing or forbidden is told under its name.
type about struct {
	thing string
	error
}

func (a about) Unwrap() error { return a.error }

const (
	blank = "can't be blank"
	taken = "has already been taken"
)

// required finds the texts that are there and blank. Pairs are names and texts, nil where absent.
func required(pairs ...any) error {
	found := messages{}
	for i := 0; i < len(pairs); i += 2 {
		if text := pairs[i+1].(*string); text == nil || strings.TrimSpace(*text) == "" {
			found[pairs[i].(string)] = []string{blank}
		}
	}
	if len(found) == 0 {
		return nil
	}
	return wrong{http.StatusUnprocessableEntity, found}
}

// optional is a member of a body that may be absent, or null.
type optional[T any] struct {
	given bool
	value *T
}

// UnmarshalJSON is called for a member that is there.
func (o *optional[T]) UnmarshalJSON(text []byte) error {
	o.given = true
	return json.Unmarshal(text, &o.value)
}

const maxBody = 1 << 20 // bytes

// body reads what was sent.
func body[T any](c *call) (sent T, err error) {
	text, err := io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, maxBody))
	if err == nil {
		_, err = input.Parse(text) // which refuses what encoding/json would read as something else: half a character, a member twice
	}
	if err == nil {
		err = json.Unmarshal(text, &sent)
	}
	mistyped, tooLarge := (*json.UnmarshalTypeError)(nil), (*http.MaxBytesError)(nil)
	switch {
	case err == nil:
		return sent, nil
	case errors.As(err, &tooLarge):
		return sent, wrong{http.StatusRequestEntityTooLarge, messages{"body": {"is too large"}}}
	case errors.As(err, &mistyped):
		path := strings.Split(mistyped.Field, ".")
		name := cmp.Or(path[len(path)-1], "body")
		return sent, wrong{http.StatusUnprocessableEntity, messages{name: {"is invalid"}}}
	}
	return sent, wrong{http.StatusBadRequest, messages{"body": {"is no JSON"}}}
}

func answer(w http.ResponseWriter, status int, body any) {
	if body == nil {
		w.WriteHeader(status)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body) // the caller may be gone
}

// fail answers with an error of the contract.
func (c *call) fail(operation string, err error) {
	var said wrong
	if !errors.As(err, &said) {
		said = c.translate(operation, err)
	}
	answer(c.w, said.status, map[string]messages{"errors": said.messages})
}

// translate is a problem of the kit in the words of the contract.
func (c *call) translate(operation string, err error) wrong {
	thing := "request"
	if subject := (about{}); errors.As(err, &subject) {
		thing = subject.thing
	}
	p := c.server.Report().Problem(c.r.Context(), operation, err)
	found := messages{}
	for _, f := range p.Fields {
		name, _, _ := strings.Cut(f.Field, ".")
		switch name {
		case "": // of no field alone
			name = thing
		case "tags":
			name = "tagList"
		}
		if said := message(f.Code); !slices.Contains(found[name], said) {
			found[name] = append(found[name], said)
		}
	}
	switch p.Code {
	case kit.CodeUnauthenticated:
		found = messages{"token": {"is missing"}}
	case "INVALID_CREDENTIALS":
		found = messages{"credentials": {"invalid"}}
	case kit.CodeNotFound:
		found = messages{thing: {"not found"}}
	case kit.CodeForbidden:
		found = messages{thing: {"forbidden"}}
	}
	if len(found) == 0 {
		found = messages{thing: {strings.ToLower(p.Code)}}
	}
	return wrong{p.Status, found}
}

// message is the contract's word for a code of a field.
func message(code string) string {
	switch code {
	case kit.FieldRequired:
		return blank
	case kit.FieldTaken:
		return taken
	case kit.FieldTooShort:
		return "is too short"
	case kit.FieldTooLong:
		return "is too long"
	}
	return "is invalid"
}
