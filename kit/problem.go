package kit

import (
	"errors"
	"fmt"
	"net/http"
)

// Problem is an error that a caller may see: the one error format of every door (RFC 9457 on REST, extensions on
// GraphQL). Everything else that fails is an Internal problem to the caller and a log entry to the operator.
type Problem struct {
	Code   string       // stable, "OUT_OF_STOCK"
	Status int          // HTTP status
	Detail string       // for a person
	Fields []FieldError // of an invalid input
	Err    error        // the cause, for the log only
	Retry  int          // seconds after which to try again (Retry-After); 0 is not said
}

// FieldError is what is wrong with one field of an input.
type FieldError struct {
	Field  string `json:"field"` // "price.amount", "lines.2.quantity"
	Code   string `json:"code"`  // "TOO_LONG"
	Detail string `json:"detail"`
}

func (p *Problem) Error() string {
	if p.Err != nil {
		return fmt.Sprintf("%s: %s: %v", p.Code, p.Detail, p.Err)
	}
	return p.Code + ": " + p.Detail
}

func (p *Problem) Unwrap() error { return p.Err }

// The stable codes of problems that every service has.
const (
	CodeInvalid              = "INVALID"         // 422: Fields says what
	CodeMalformed            = "MALFORMED"       // 400: the request cannot be read
	CodeUnauthenticated      = "UNAUTHENTICATED" // 401
	CodeForbidden            = "FORBIDDEN"       // 403
	CodeNotFound             = "NOT_FOUND"       // 404: missing, or hidden from the viewer
	CodeMethodNotAllowed     = "METHOD_NOT_ALLOWED"
	CodeNotAcceptable        = "NOT_ACCEPTABLE"
	CodeRequestTimeout       = "REQUEST_TIMEOUT"       // 408: the body did not come in time
	CodeConflict             = "CONFLICT"              // 409
	CodeStale                = "STALE"                 // 412: version has moved on
	CodePreconditionRequired = "PRECONDITION_REQUIRED" // 428: send If-Match
	CodeTooLarge             = "TOO_LARGE"             // 413
	CodeUnsupportedType      = "UNSUPPORTED_TYPE"      // 415
	CodeTooMany              = "TOO_MANY_REQUESTS"
	CodeUnavailable          = "UNAVAILABLE" // 503
	CodeTimeout              = "TIMEOUT"     // 504
	CodeInternal             = "INTERNAL"    // 500

	// Of requests with an Idempotency-Key.
	CodeKeyReused      = "IDEMPOTENCY_KEY_REUSED"       // 422: the key came with another request
	CodeInProgress     = "IDEMPOTENCY_IN_PROGRESS"      // 409: the first one is not done yet
	CodeAnswerTooLarge = "IDEMPOTENCY_ANSWER_TOO_LARGE" // 409: it was done; its answer was not kept
)

// The codes of a FieldError.
const (
	FieldRequired  = "REQUIRED"
	FieldType      = "WRONG_TYPE"
	FieldTooShort  = "TOO_SHORT"
	FieldTooLong   = "TOO_LONG"
	FieldTooSmall  = "TOO_SMALL"
	FieldTooLarge  = "TOO_LARGE"
	FieldFormat    = "WRONG_FORMAT"
	FieldUnknown   = "UNKNOWN_FIELD"
	FieldReadOnly  = "READ_ONLY"
	FieldTaken     = "TAKEN"     // unique
	FieldNotFound  = "NOT_FOUND" // a reference to nothing
	FieldCheck     = "CHECK_FAILED"
	FieldForbidden = "FORBIDDEN"
	FieldReferred  = "REFERRED" // of a row that is not deleted: the reference of another that holds it
	FieldFlow      = "FLOW"     // a step that the field's flow does not have
)

// Fail is a typed error of a business operation: its code stands in the operation's @fails, which also gives the status.
func Fail(code, format string, args ...any) *Problem {
	return &Problem{Code: code, Status: http.StatusConflict, Detail: fmt.Sprintf(format, args...)}
}

// HasCode tells whether err is a Problem of that code.
func HasCode(err error, code string) bool {
	var p *Problem
	return errors.As(err, &p) && p.Code == code
}

// Invalid says that a field of the input is wrong.
func Invalid(field, code, format string, args ...any) *Problem {
	return &Problem{
		Code: CodeInvalid, Status: http.StatusUnprocessableEntity, Detail: "The input is invalid.",
		Fields: []FieldError{{Field: field, Code: code, Detail: fmt.Sprintf(format, args...)}},
	}
}

// NotFound says that there is no such row, or none that the viewer may see.
func NotFound(what string) *Problem {
	return &Problem{Code: CodeNotFound, Status: http.StatusNotFound, Detail: "There is no such " + what + "."}
}

// Forbidden says that the viewer may see this but not do it.
func Forbidden(what string) *Problem {
	return &Problem{Code: CodeForbidden, Status: http.StatusForbidden, Detail: "You may not " + what + "."}
}

// Unauthenticated says that nobody is signed in where somebody must be.
func Unauthenticated() *Problem {
	return &Problem{Code: CodeUnauthenticated, Status: http.StatusUnauthorized, Detail: "Sign in first."}
}

// Internal hides a failure from the caller and keeps it for the log.
func Internal(err error) *Problem {
	return &Problem{Code: CodeInternal, Status: http.StatusInternalServerError, Detail: "Something went wrong here.", Err: err}
}
