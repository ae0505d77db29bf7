package runtime

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"
)

// Error is a problem that the service answered with (RFC 9457).
type Error struct {
	Status     int // of HTTP
	Code       ErrorCode
	Title      string
	Detail     string
	Instance   string // names a failure of the service, for whoever looks into it
	Fields     []FieldError
	RetryAfter time.Duration // when to try again, 0 where nothing is said
	Tries      int           // how often the request was sent
}

// FieldError is what is wrong with one field of what was sent.
type FieldError struct {
	Field  string    `json:"field"` // "price.amount"
	Code   ErrorCode `json:"code"`
	Detail string    `json:"detail"`
}

// ErrorCode is a stable word for what went wrong. It is an error, so that errors.Is(err, CodeNotFound) asks for it.
type ErrorCode string

func (c ErrorCode) Error() string { return string(c) }

func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d", e.Status)
	if e.Code != "" {
		fmt.Fprintf(&b, " %s", e.Code)
	}
	if text := e.Detail; text != "" {
		b.WriteString(": " + strings.TrimSuffix(text, "."))
	} else if e.Title != "" {
		b.WriteString(": " + e.Title)
	}
	for _, f := range e.Fields {
		fmt.Fprintf(&b, "; %s %s (%s)", f.Field, f.Detail, f.Code)
	}
	return b.String()
}

// Is tells whether target is the code of e, or of one of its fields.
func (e *Error) Is(target error) bool {
	code, ok := target.(ErrorCode)
	if !ok {
		return false
	}
	for _, f := range e.Fields {
		if f.Code == code {
			return true
		}
	}
	return e.Code == code
}

// problem reads an answer that is none of success. What is no problem of the service is its beginning.
func problem(response *http.Response, text []byte, try int) *Error {
	e := &Error{}
	var sent struct {
		Title, Detail, Instance string
		Code                    ErrorCode
		Errors                  []FieldError
	}
	if json.Unmarshal(text, &sent) == nil {
		e.Title, e.Detail, e.Instance, e.Code, e.Fields = sent.Title, sent.Detail, sent.Instance, sent.Code, sent.Errors
	}
	if e.Code == "" && e.Detail == "" {
		e.Detail = beginning(text)
	}
	if e.Title == "" {
		e.Title = http.StatusText(response.StatusCode)
	}
	e.Status, e.Tries, e.RetryAfter = response.StatusCode, try, retryAfter(response.Header.Get("Retry-After"))
	return e
}

func beginning(text []byte) string {
	s := string(text[:min(len(text), 200)])
	if !utf8.ValidString(s) {
		return ""
	}
	return strings.TrimSpace(s)
}
