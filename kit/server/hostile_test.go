package server

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/grpc"
	"github.com/fettlehq/fettle/kit/internal/doortest"
	"github.com/fettlehq/fettle/kit/kittest"
	"github.com/fettlehq/fettle/kit/sqldb"
	"github.com/fettlehq/fettle/kit/sqlite"
)

// listening is a server of the backend of package doortest with all of its doors, on a port of its own. How its connections are
// accepted and what it may hold is the test's.
func listening(t *testing.T, l net.Listener, change func(*Config)) *Server {
	t.Helper()
	config, err := ReadConfig("doors", environment("DATABASE_URL", "sqlite:"+t.TempDir()+"/doors.db"))
	if err != nil {
		t.Fatal(err)
	}
	config.Logs = io.Discard
	change(&config)
	backend := doortest.Backend()
	backend.Account = nil
	s, err := New(t.Context(), Service{
		Name: "doors", Backend: backend, Handlers: doortest.Handlers(), SDL: doortest.SDL, Descriptors: doortest.Descriptors, GRPC: grpc.Open,
		Migrations: fstest.MapFS{"sqlite/0001_none.sql": {Data: []byte("-- +goose Up\nSELECT 1;\n")}}, Drivers: []sqldb.Driver{sqlite.Driver},
	}, config)
	if err != nil {
		t.Fatal(err)
	}
	kittest.Tables(t, s.db, backend, nil)
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx, l) }()
	t.Cleanup(func() {
		stop()
		if err := errors.Join(<-served, s.Close()); err != nil {
			t.Error(err)
		}
	})
	return s
}

func listener(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// entrance is a door as whoever creates a sample in JSON sees it.
type entrance struct {
	name, path, media string
	before, after     string // of the sample in what is sent
	enveloped         bool
	code              func(t *testing.T, answer *http.Response, body []byte) string // of the problem
}

var entrances = []entrance{
	{name: "REST", path: "/v1/samples", media: "application/json", code: codeOfProblem},
	{name: "a batch over REST", path: "/v1/batch", media: "application/json", before: `{"requests":[{"method":"POST","path":"/v1/samples","body":`, after: `}]}`, code: codeOfProblem},
	{
		name: "GraphQL", path: "/graphql", media: "application/json", code: codeOfErrors,
		before: `{"query":"mutation M($input: CreateSampleInput!) { createSample(input: $input) { id } }","variables":{"input":`, after: `}}`,
	},
	{name: "Connect", path: "/doors.v1.DoorsService/CreateSample", media: "application/json", before: `{"input":`, after: `}`, code: codeOfConnect},
	{name: "gRPC", path: "/doors.v1.DoorsService/CreateSample", media: "application/grpc+json", before: `{"input":`, after: `}`, enveloped: true, code: codeOfGRPC},
	{name: "gRPC-Web", path: "/doors.v1.DoorsService/CreateSample", media: "application/grpc-web+json", before: `{"input":`, after: `}`, enveloped: true, code: codeOfWeb},
}

func codeOfProblem(t *testing.T, _ *http.Response, body []byte) string {
	var said struct{ Code string }
	if err := json.Unmarshal(body, &said); err != nil {
		t.Errorf("%v: %s", err, body)
	}
	return said.Code
}

func codeOfErrors(t *testing.T, _ *http.Response, body []byte) string {
	var said struct {
		Errors []struct{ Extensions struct{ Code string } }
	}
	if err := json.Unmarshal(body, &said); err != nil {
		t.Errorf("%v: %s", err, body)
	}
	if len(said.Errors) == 0 {
		return ""
	}
	return said.Errors[0].Extensions.Code
}

func codeOfConnect(t *testing.T, _ *http.Response, body []byte) string {
	var said struct {
		Details []struct{ Type, Value string }
	}
	if err := json.Unmarshal(body, &said); err != nil {
		t.Errorf("%v: %s", err, body)
	}
	for _, detail := range said.Details {
		if detail.Type != "google.rpc.ErrorInfo" {
			continue
		}
		return reasonOf(t, detail.Value)
	}
	return ""
}

func reasonOf(t *testing.T, text string) string {
	var info errdetails.ErrorInfo
	if err := proto.Unmarshal(unbase64(t, text), &info); err != nil {
		t.Error(err)
	}
	return info.GetReason()
}

func unbase64(t *testing.T, text string) []byte {
	wire, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil {
		t.Error(err)
	}
	return wire
}

func codeOfGRPC(t *testing.T, answer *http.Response, _ []byte) string {
	details := answer.Trailer.Get("Grpc-Status-Details-Bin")
	if details == "" {
		details = answer.Header.Get("Grpc-Status-Details-Bin")
	}
	return reasonOfStatus(t, details)
}

func codeOfWeb(t *testing.T, answer *http.Response, body []byte) string {
	if details := inBody(body, "grpc-status-details-bin: "); details != "" {
		return reasonOfStatus(t, details)
	}
	return codeOfGRPC(t, answer, body)
}

func reasonOfStatus(t *testing.T, details string) string {
	var said status.Status
	if err := proto.Unmarshal(unbase64(t, details), &said); err != nil {
		t.Error(err)
	}
	for _, detail := range said.GetDetails() {
		var info errdetails.ErrorInfo
		if detail.MessageIs(&info) && detail.UnmarshalTo(&info) == nil {
			return info.GetReason()
		}
	}
	return ""
}

// content is the sample as it is sent to the door, with a length in front where the door has one.
func (e entrance) content(sample string) []byte {
	text := e.before + sample + e.after
	if !e.enveloped {
		return []byte(text)
	}
	return append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(text))), text...)
}

// send sends a body to the door, and is the answer with its body read.
func (e entrance) send(t *testing.T, client *http.Client, url string, body io.Reader, header map[string]string) (*http.Response, []byte) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url+e.path, body)
	if err != nil {
		panic(err)
	}
	r.Header.Set("Content-Type", e.media)
	r.Header.Set("Accept", "*/*")
	if e.media == "application/grpc+json" {
		r.Header.Set("Te", "trailers")
	}
	for name, value := range header {
		r.Header.Set(name, value)
	}
	answer, err := client.Do(r)
	if err != nil {
		t.Errorf("%s: %v", e.name, err)
		return &http.Response{StatusCode: http.StatusInternalServerError}, nil
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Errorf("%s: %v", e.name, err)
	}
	return answer, said
}

func clientOf(t *testing.T, http2 bool) *http.Client {
	transport := &http.Transport{Protocols: &http.Protocols{}, ExpectContinueTimeout: time.Minute}
	transport.Protocols.SetHTTP1(!http2)
	transport.Protocols.SetUnencryptedHTTP2(http2)
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// stalled is a body that begins and does not go on until it is closed.
type stalled struct {
	io.Reader
	closed chan struct{}
}

func stall(begin []byte) *stalled {
	return &stalled{io.MultiReader(bytes.NewReader(begin)), make(chan struct{})}
}

func (s *stalled) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	if err == io.EOF {
		<-s.closed
	}
	return n, err
}

func (s *stalled) Close() error {
	close(s.closed)
	return nil
}

// hostile is something to send in the place of a good sample.
type hostile struct {
	name   string
	sample string
	body   func(e entrance, good []byte) io.Reader // all that is sent, where the sample alone does not tell
	header func(e entrance) (name, value string)
	code   string // of the problem, the same at all doors; empty for none
	ours   bool   // a failure of ours, as 503 is
	other  string // the answer of connect-go where the protocols say what it is, before the door is asked
}

var hostiles = []hostile{
	{name: "nothing hostile", sample: `{"small":1,"words":["a"]}`},
	{name: "deep", sample: `{"data":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}`, code: kit.CodeMalformed},
	{name: "wide", sample: `{"data":[` + strings.Repeat("0,", 200_000) + `0]}`, code: kit.CodeMalformed},
	{name: "wide, of objects", sample: `{"data":[` + strings.Repeat("{},", 200_000) + `0]}`, code: kit.CodeMalformed},
	{name: "huge", sample: `{"zone":"` + strings.Repeat("x", 2<<20) + `"}`, code: kit.CodeTooLarge},
	{name: "malformed", sample: `{"small":1,}`, code: kit.CodeMalformed},
	{name: "no JSON", code: kit.CodeMalformed, body: func(e entrance, _ []byte) io.Reader {
		return bytes.NewReader(entrance{enveloped: e.enveloped}.content("\x00\x01\x02"))
	}},
	{name: "duplicated", sample: `{"small":1,"small":2}`, code: kit.CodeMalformed},
	{name: "an unknown field", sample: `{"smal":1}`, code: kit.CodeInvalid},
	{name: "of the wrong type", sample: `{"small":"x"}`, code: kit.CodeInvalid},
	{name: "of the wrong form", sample: `{"words":{"a":1}}`, code: kit.CodeInvalid},
	{name: "of the wrong length", sample: `{"words":["a","b","c","d"]}`, code: kit.CodeInvalid},
	{name: "not UTF-8", sample: "{\"words\":[\"\xff\"]}", code: kit.CodeMalformed},
	{name: "half of a surrogate pair", sample: `{"words":["\ud800"]}`, code: kit.CodeMalformed},
	{name: "a byte that no text has", sample: `{"words":["\u0000"]}`, code: kit.CodeInvalid},
	{name: "in UTF-16", code: kit.CodeUnsupportedType, other: "415", header: func(e entrance) (string, string) { return "Content-Type", e.media + "; charset=utf-16" }},
	{name: "of another type", code: kit.CodeUnsupportedType, other: "415", header: func(entrance) (string, string) { return "Content-Type", "text/plain" }},
	{name: "no gzip", code: kit.CodeMalformed, other: "400 3", header: func(e entrance) (string, string) { return e.coding(), "gzip" }, body: func(e entrance, good []byte) io.Reader {
		if e.enveloped {
			good[0] = 1 // compressed
		}
		return bytes.NewReader(good)
	}},
	{name: "in an unknown coding", code: kit.CodeUnsupportedType, other: "501 12", header: func(e entrance) (string, string) { return e.coding(), "br" }},
	{name: "broken off", code: kit.CodeMalformed, body: func(_ entrance, good []byte) io.Reader { return bytes.NewReader(good[:len(good)-3]) }},
}

var slow = []hostile{
	{name: "slow", code: kit.CodeRequestTimeout, body: func(_ entrance, good []byte) io.Reader { return stall(good[:len(good)-3]) }},
	{name: "slow, in a coding", code: kit.CodeRequestTimeout, header: func(e entrance) (string, string) { return e.coding(), "gzip" }, body: func(e entrance, good []byte) io.Reader {
		if e.enveloped {
			good[0] = 1
		}
		return stall(good[:min(9, len(good))])
	}},
}

// coding is the header field that tells how a body is compressed.
func (e entrance) coding() string {
	if e.enveloped {
		return "Grpc-Encoding"
	}
	return "Content-Encoding"
}

// What is hostile is answered at each door with the code that says what is wrong, as a mistake of the caller and never of ours.
func TestHostileInput(t *testing.T) {
	l := listener(t)
	listening(t, l, func(*Config) {})
	url := "http://" + l.Addr().String()
	for _, e := range entrances {
		client := clientOf(t, e.http2())
		for _, h := range hostiles {
			e.meet(t, client, url, h)
		}
	}
}

// http2 tells whether the door is asked over HTTP/2, without which there is no gRPC.
func (e entrance) http2() bool { return e.media == "application/grpc+json" }

// meet sends h to the door and judges the answer.
func (e entrance) meet(t *testing.T, client *http.Client, url string, h hostile) {
	t.Helper()
	good := e.content(cmp.Or(h.sample, `{"small":1}`))
	body, header := io.Reader(bytes.NewReader(good)), map[string]string{}
	if h.body != nil {
		body = h.body(e, good)
	}
	if h.header != nil {
		name, value := h.header(e)
		header[name] = value
	}
	answer, said := e.send(t, client, url, body, header)
	if problem := e.judge(t, h, answer, said); problem != "" {
		t.Errorf("%s, %s: %s: %d %v %.200q %v", e.name, h.name, problem, answer.StatusCode, answer.Header, said, answer.Trailer)
	}
}

// A body that does not come is given up, at each door, with the code that says so.
func TestSlowBodies(t *testing.T) {
	l := listener(t)
	listening(t, l, func(c *Config) { c.RequestTimeout, c.headerTimeout = 3*time.Second, time.Second })
	var senders sync.WaitGroup
	defer senders.Wait()
	for _, e := range entrances {
		for _, h := range slow {
			client := clientOf(t, e.http2())
			senders.Go(func() { e.meet(t, client, "http://"+l.Addr().String(), h) })
		}
	}
}

// judge says what is wrong with the answer to h, empty for nothing.
func (e entrance) judge(t *testing.T, h hostile, answer *http.Response, said []byte) string {
	grpcStatus := cmp.Or(answer.Header.Get("Grpc-Status"), answer.Trailer.Get("Grpc-Status"), inBody(said, "grpc-status: "))
	rpc := e.enveloped || e.name == "Connect"
	if rpc && h.other != "" {
		status, number, _ := strings.Cut(h.other, " ")
		if e.enveloped && number != "" && grpcStatus == number || (!e.enveloped || number == "") && strconv.Itoa(answer.StatusCode) == status {
			return ""
		}
		return "want " + h.other
	}
	if answer.StatusCode >= 500 && !h.ours {
		return "a failure of ours"
	}
	if h.code == "" {
		if answer.StatusCode >= 300 || rpc && grpcStatus != "0" && e.enveloped {
			return "refused"
		}
		return ""
	}
	if code := e.code(t, answer, said); code != h.code {
		return "code " + code + ", want " + h.code
	}
	number := (&kit.Problem{Code: h.code}).GRPC()
	switch {
	case e.enveloped && grpcStatus != strconv.Itoa(int(number)):
		return fmt.Sprintf("status %s of gRPC, want %d", grpcStatus, number)
	case !rpc && answer.StatusCode != kit.StatusOf(h.code) && !(e.name == "GraphQL" && answer.StatusCode == http.StatusOK):
		return fmt.Sprintf("want %d", kit.StatusOf(h.code))
	}
	return ""
}

// inBody is what stands behind a name in the trailers that gRPC-Web has in the body.
func inBody(body []byte, name string) string {
	_, rest, ok := bytes.Cut(body, []byte(name))
	if !ok {
		return ""
	}
	value, _, _ := bytes.Cut(rest, []byte("\r\n"))
	return string(value)
}
