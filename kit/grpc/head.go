package grpc

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"connectrpc.com/connect"

	"github.com/fettlehq/fettle/kit"
)

// What is wrong with the head of a call is told before connect-go reads it, which takes some of it for a failure of ours and tells the
// rest in words of Go.

// wellFormed is what is wrong with the header fields of a call, or with the parameters of one by GET.
func wellFormed(r *http.Request) error {
	kind := r.Header.Get("Content-Type")
	grpc := strings.HasPrefix(kind, "application/grpc")
	var query url.Values
	if r.Method == http.MethodGet {
		query = r.URL.Query()
		if err := wrongQuery(query); err != nil {
			return err
		}
	}
	if err := wrongTime(r.Header, grpc); err != nil {
		return err
	}
	coding := ""
	switch {
	case grpc:
		coding = r.Header.Get("Grpc-Encoding")
	case query != nil:
		coding = query.Get("compression")
	case strings.HasPrefix(kind, "application/connect+"):
		coding = r.Header.Get("Connect-Content-Encoding")
	default:
		coding = r.Header.Get("Content-Encoding")
	}
	if coding != "" && coding != "identity" && coding != "gzip" {
		return unknownCoding
	}
	if version := r.Header.Get("Connect-Protocol-Version"); !grpc && query == nil && version != "" && version != "1" {
		return malformed("The header Connect-Protocol-Version must be 1.")
	}
	return nil
}

// unknownCoding is UNIMPLEMENTED by gRPC (doc/compression.md) and by Connect.
var unknownCoding = &ofProtocol{&kit.Problem{
	Code: kit.CodeUnsupportedType, Status: http.StatusUnsupportedMediaType,
	Detail: "The message is compressed in a way that is not read here: send it as it is, or as gzip.",
}, connect.CodeUnimplemented}

// wrongQuery is what is wrong with the parameters of a call by GET.
func wrongQuery(query url.Values) error {
	if version := query.Get("connect"); version != "" && version != "v1" {
		return malformed("The parameter connect must be v1.")
	}
	if !query.Has("message") {
		return malformed("The parameter message is missing.")
	}
	if query.Get("base64") != "1" {
		return nil
	}
	if _, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(query.Get("message"), "=")); err != nil {
		return malformed("The message is not in base64 as URLs have it.")
	}
	return nil
}

// The forms of the header fields by which callers give a call its time.
var (
	grpcTime    = regexp.MustCompile(`^[0-9]{1,8}[HMSmun]$`)
	connectTime = regexp.MustCompile(`^[0-9]{1,10}$`)
)

// wrongTime is what is wrong with the time that a caller gives a call: it is none, or there is none of it.
func wrongTime(h http.Header, grpc bool) error {
	for name, form := range map[string]*regexp.Regexp{"Grpc-Timeout": grpcTime, "Connect-Timeout-Ms": connectTime} {
		text := h.Get(name)
		switch {
		case text == "":
		case !form.MatchString(text):
			return malformed("The header " + name + " holds no time.")
		case strings.Trim(text, "0HMSmun") == "" && grpc == (name == "Grpc-Timeout"):
			return outOfTime
		}
	}
	return nil
}
