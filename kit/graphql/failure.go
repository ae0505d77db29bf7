package graphql

import (
	"net/http"
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/input"
	"github.com/fettlehq/fettle/kit/problem"
)

// failure is one entry of errors.
type failure struct {
	message  string
	at       *ast.Position // may be nil
	path     []any         // string and int; nil for an error of the request
	problem  *kit.Problem
	instance string
	id       kit.ID // of the row that was written though it is not shown
	limit    string // that was passed, with how much it allows
	most     int
}

// codeDocument is the code of a document that does not parse or does not fit the schema.
const codeDocument = "INVALID_DOCUMENT"

// codeLimit is the code of a document that asks for too much.
const codeLimit = "TOO_COMPLEX"

// codeUnseen is the code of what was done and cannot be shown, whose id the error tells: REST answers 201 or 204, gRPC OK.
const codeUnseen = "DONE_UNSEEN"

// maxFields is how many fields an error tells that are wrong.
const maxFields = 50

func badRequest(code, detail string, at *ast.Position) *failure {
	return &failure{message: detail, at: at, problem: &kit.Problem{Code: code, Status: http.StatusBadRequest, Detail: detail}}
}

// requestStatus is the status of an answer without data. Clients of application/json expect 200 for a document that
// was read but not run.
func (f *failure) requestStatus(media string) int {
	if media == mediaJSON && f.problem.Code != kit.CodeMalformed {
		return http.StatusOK
	}
	return f.problem.Status
}

// codeErrors is the code that stands at the end of errors where there were more.
const codeErrors = "TOO_MANY_ERRORS"

func (d *Door) fromParser(errs gqlerror.List) []*failure {
	failures := make([]*failure, 0, min(len(errs), d.limits.Errors+1))
	for _, err := range errs {
		if len(failures) == d.limits.Errors {
			return append(failures, d.limits.moreErrors())
		}
		var at *ast.Position
		if len(err.Locations) > 0 {
			at = &ast.Position{Line: err.Locations[0].Line, Column: err.Locations[0].Column}
		}
		failures = append(failures, badRequest(codeDocument, err.Message, at))
	}
	return failures
}

// moreErrors stands for the errors that are not told.
func (l Limits) moreErrors() *failure {
	f := badRequest(codeErrors, "There are more errors than "+strconv.Itoa(l.Errors)+": the others are not told.", nil)
	f.limit, f.most = "errors", l.Errors
	return f
}

// appendErrors writes an answer that has errors only.
func appendErrors(buf []byte, failures []*failure) []byte {
	return append(appendFailures(append(buf, `{"errors":`...), failures), '}')
}

func appendFailures(buf []byte, failures []*failure) []byte {
	buf = append(buf, '[')
	for i, f := range failures {
		if i > 0 {
			buf = append(buf, ',')
		}
		buf = f.append(buf)
	}
	return append(buf, ']')
}

func (f *failure) append(buf []byte) []byte {
	buf = input.AppendString(append(buf, `{"message":`...), f.message)
	if f.at != nil {
		buf = strconv.AppendInt(append(buf, `,"locations":[{"line":`...), int64(f.at.Line), 10)
		buf = strconv.AppendInt(append(buf, `,"column":`...), int64(f.at.Column), 10)
		buf = append(buf, `}]`...)
	}
	if f.path != nil {
		buf = appendPath(append(buf, `,"path":`...), f.path)
	}
	buf = input.AppendString(append(buf, `,"extensions":{"code":`...), f.problem.Code)
	buf = strconv.AppendInt(append(buf, `,"status":`...), int64(f.problem.Status), 10)
	if fields := f.problem.Fields; len(fields) > 0 {
		buf = problem.AppendFields(append(buf, `,"errors":`...), fields[:min(len(fields), maxFields)])
	}
	if f.limit != "" {
		buf = input.AppendString(append(buf, `,"limit":`...), f.limit)
		buf = strconv.AppendInt(append(buf, `,"most":`...), int64(f.most), 10)
	}
	if f.id != "" {
		buf = input.AppendString(append(buf, `,"id":`...), string(f.id))
	}
	if f.instance != "" {
		buf = input.AppendString(append(buf, `,"instance":`...), f.instance)
	}
	return append(buf, '}', '}')
}

func appendPath(buf []byte, path []any) []byte {
	buf = append(buf, '[')
	for i, step := range path {
		if i > 0 {
			buf = append(buf, ',')
		}
		switch step := step.(type) {
		case string:
			buf = input.AppendString(buf, step)
		case int:
			buf = strconv.AppendInt(buf, int64(step), 10)
		}
	}
	return append(buf, ']')
}
