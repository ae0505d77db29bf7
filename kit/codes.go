package kit

import (
	"net/http"
	"slices"
)

// vocabulary is what each code means at each door: its status over HTTP, and the status of gRPC, as numbers of
// google.rpc.Code. GraphQL carries the code itself, as extensions.code. A code of an operation's @fails is not in it: it has the
// status of the design, and GRPC of that status.
var vocabulary = map[string]struct {
	http int
	grpc uint32
}{
	CodeInvalid:              {http.StatusUnprocessableEntity, grpcInvalidArgument},
	CodeMalformed:            {http.StatusBadRequest, grpcInvalidArgument},
	CodeUnauthenticated:      {http.StatusUnauthorized, grpcUnauthenticated},
	CodeForbidden:            {http.StatusForbidden, grpcPermissionDenied},
	CodeNotFound:             {http.StatusNotFound, grpcNotFound},
	CodeMethodNotAllowed:     {http.StatusMethodNotAllowed, grpcUnimplemented},
	CodeNotAcceptable:        {http.StatusNotAcceptable, grpcInvalidArgument},
	CodeConflict:             {http.StatusConflict, grpcAborted},
	CodeStale:                {http.StatusPreconditionFailed, grpcAborted},
	CodePreconditionRequired: {http.StatusPreconditionRequired, grpcFailedPrecondition},
	CodeTooLarge:             {http.StatusRequestEntityTooLarge, grpcResourceExhausted},
	CodeUnsupportedType:      {http.StatusUnsupportedMediaType, grpcInvalidArgument},
	CodeTooMany:              {http.StatusTooManyRequests, grpcResourceExhausted},
	CodeUnavailable:          {http.StatusServiceUnavailable, grpcUnavailable},
	CodeRequestTimeout:       {http.StatusRequestTimeout, grpcCanceled}, // not DEADLINE_EXCEEDED, which is 504 over Connect: it is the caller's
	CodeTimeout:              {http.StatusGatewayTimeout, grpcDeadlineExceeded},
	CodeInternal:             {http.StatusInternalServerError, grpcInternal},
	CodeKeyReused:            {http.StatusUnprocessableEntity, grpcInvalidArgument},
	CodeInProgress:           {http.StatusConflict, grpcAborted},
	CodeAnswerTooLarge:       {http.StatusConflict, grpcFailedPrecondition},
}

// The codes of gRPC that are used: google/rpc/code.proto.
const (
	grpcCanceled           = 1
	grpcUnknown            = 2
	grpcInvalidArgument    = 3
	grpcDeadlineExceeded   = 4
	grpcNotFound           = 5
	grpcAlreadyExists      = 6
	grpcPermissionDenied   = 7
	grpcResourceExhausted  = 8
	grpcFailedPrecondition = 9
	grpcAborted            = 10
	grpcUnimplemented      = 12
	grpcInternal           = 13
	grpcUnavailable        = 14
	grpcUnauthenticated    = 16
)

// StatusOf is the HTTP status of one of the codes that every service has, 0 of any other.
func StatusOf(code string) int { return vocabulary[code].http }

// GRPC is the status of p in gRPC, a number of google.rpc.Code: that of its code, or, of a code of the design, that of
// its HTTP status. What cannot be since something unique is taken is ALREADY_EXISTS.
func (p *Problem) GRPC() uint32 {
	if p.Code == CodeConflict && slices.ContainsFunc(p.Fields, func(f FieldError) bool { return f.Code == FieldTaken }) {
		return grpcAlreadyExists
	}
	if known, ok := vocabulary[p.Code]; ok {
		return known.grpc
	}
	switch p.Status {
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		return grpcInvalidArgument
	case http.StatusUnauthorized:
		return grpcUnauthenticated
	case http.StatusForbidden:
		return grpcPermissionDenied
	case http.StatusNotFound, http.StatusGone:
		return grpcNotFound
	case http.StatusTooManyRequests:
		return grpcResourceExhausted
	case http.StatusServiceUnavailable:
		return grpcUnavailable
	case http.StatusGatewayTimeout:
		return grpcDeadlineExceeded
	}
	if p.Status >= http.StatusBadRequest && p.Status < http.StatusInternalServerError {
		return grpcFailedPrecondition // the state of the world is against it, and trying again does not help
	}
	return grpcUnknown
}
