package client

import (
	"cmp"
	"slices"

	"github.com/fettlehq/fettle/emit/door"
	"github.com/fettlehq/fettle/model"
)

// Code is a stable word for what went wrong.
type Code struct{ Name, Doc string }

// own are the codes of every service, as package kit has them.
var own = []Code{
	{"INVALID", "422: the fields say what."},
	{"MALFORMED", "400: the request cannot be read."},
	{"UNAUTHENTICATED", "401: nobody is signed in, or no longer."},
	{"FORBIDDEN", "403"},
	{"NOT_FOUND", "404: missing, or not for the viewer to see; of a field, a reference to nothing."},
	{"METHOD_NOT_ALLOWED", "405"},
	{"NOT_ACCEPTABLE", "406"},
	{"REQUEST_TIMEOUT", "408: the body did not come in time."},
	{"CONFLICT", "409"},
	{"STALE", "412: the version is no longer the row's."},
	{"PRECONDITION_REQUIRED", "428: the service asks for a version."},
	{"TOO_LARGE", "413; of a field, more than it may be."},
	{"UNSUPPORTED_TYPE", "415"},
	{"TOO_MANY_REQUESTS", "429"},
	{"UNAVAILABLE", "503"},
	{"TIMEOUT", "504"},
	{"INTERNAL", "500"},
	{"IDEMPOTENCY_KEY_REUSED", "422: the key came with another request."},
	{"IDEMPOTENCY_IN_PROGRESS", "409: the first request of the key is not done yet."},
	{"IDEMPOTENCY_ANSWER_TOO_LARGE", "409: it was done; its answer was not kept."},
	{"NO_ANSWER", "Of the client: none came, or none that can be read. Nobody knows whether it was done."},
	{"REQUIRED", "Of a field."},
	{"WRONG_TYPE", "Of a field."},
	{"TOO_SHORT", "Of a field."},
	{"TOO_LONG", "Of a field."},
	{"TOO_SMALL", "Of a field."},
	{"WRONG_FORMAT", "Of a field."},
	{"UNKNOWN_FIELD", "Of a field."},
	{"READ_ONLY", "Of a field."},
	{"TAKEN", "Of a field: another row has it."},
	{"REFERRED", "Of a row that is not deleted: the reference of another that holds it."},
	{"CHECK_FAILED", "Of a field."},
	{"FLOW", "Of a field: a step that its flow does not have."},
	{"OVERLAP", "Of a field: another row has some of the span."},
	{"ENDS_BEFORE_START", "Of a field."},
	{"INVALID_CREDENTIALS", "401: the login or the password is wrong."},
	{"INVALID_TOKEN", "400: the token of a letter is wrong, or was used."},
	{"EMAIL_NOT_VERIFIED", "403: the address is to be proven first."},
}

// codes are those of every service, and those that the design declares, by name.
func codes(m *model.Model) []Code {
	out := slices.Clone(own)
	add := func(name, doc string) {
		if name != "" && !slices.ContainsFunc(out, func(c Code) bool { return c.Name == name }) {
			out = append(out, Code{name, doc})
		}
	}
	for _, e := range door.Entities(m) {
		for _, c := range e.Checks {
			add(c.Code, "A check of "+e.Name+".")
		}
		for _, f := range e.Fields {
			for _, c := range f.Checks {
				add(c.Code, "A check of "+e.Name+"."+f.Name+".")
			}
		}
		for _, x := range e.Excludes {
			add(x.Code, "Spans of "+e.Name+" that overlap.")
		}
	}
	for _, o := range door.Operations(m) {
		for _, f := range o.Fails {
			add(f.Code, "Of "+o.Name+".")
		}
	}
	slices.SortFunc(out[len(own):], func(a, b Code) int { return cmp.Compare(a.Name, b.Name) })
	return out
}
