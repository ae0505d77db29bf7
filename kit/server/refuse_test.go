package server

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/coder/websocket"

	"github.com/fettlehq/fettle/kit"
)

// What is refused in front of a door is told in the words of the door: with its media type, its codes and when to try again.
func TestRefusedInFrontOfADoor(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Config)
		spend  func(t *testing.T, s *Server, url string)
		code   string
	}{
		{
			name: "more requests than RATE_LIMIT", code: kit.CodeTooMany,
			change: func(c *Config) { c.RateLimit = Rate{1, time.Hour} },
			spend: func(t *testing.T, _ *Server, url string) {
				answer, err := http.Get(url + "/v1/samples")
				if err != nil || answer.StatusCode != http.StatusOK {
					t.Fatal(answer, err)
				}
				answer.Body.Close()
			},
		},
		{
			name: "more than the process holds of slow callers", code: kit.CodeUnavailable,
			change: func(c *Config) { c.maxReceiving = 10 },
			spend: func(t *testing.T, s *Server, _ string) {
				held := s.budgets.Receiving.Receive(io.NopCloser(strings.NewReader("as much as may be held")), time.Time{})
				_, _ = io.ReadAll(held)
				t.Cleanup(held.Release)
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := listener(t)
			s := listening(t, l, c.change)
			url := "http://" + l.Addr().String()
			c.spend(t, s, url)
			for _, e := range entrances {
				e.refused(t, url, c.name, c.code)
			}
			refusedGraphQL(t, url, c.code)
			if c.code == kit.CodeTooMany {
				health := entrance{name: "health", path: "/grpc.health.v1.Health/Check", media: "application/json"}
				if answer, said := health.send(t, http.DefaultClient, url, strings.NewReader("{}"), nil); answer.StatusCode != http.StatusOK {
					t.Errorf("a probe is counted: %d %s", answer.StatusCode, said)
				}
			}
		})
	}
}

// refused asks the door for what is refused with code, and says when it is allowed again.
func (e entrance) refused(t *testing.T, url, why, code string) {
	t.Helper()
	answer, said := e.send(t, clientOf(t, e.http2()), url, bytes.NewReader(e.content(`{"small":1}`)), nil)
	problem := e.judge(t, hostile{code: code, ours: true}, answer, said)
	if problem == "" && e.retry(t, answer, said) == 0 {
		problem = "it does not say when to try again"
	}
	if problem != "" {
		t.Errorf("%s, %s: %s: %d %v %.300q %v", e.name, why, problem, answer.StatusCode, answer.Header, said, answer.Trailer)
	}
}

// retry is in how many seconds the caller may try again, as the details of the answer say.
func (e entrance) retry(t *testing.T, answer *http.Response, body []byte) int {
	if !e.enveloped {
		after, _ := time.ParseDuration(answer.Header.Get("Retry-After") + "s")
		return int(after.Seconds())
	}
	details := answer.Trailer.Get("Grpc-Status-Details-Bin")
	for _, other := range []string{answer.Header.Get("Grpc-Status-Details-Bin"), inBody(body, "grpc-status-details-bin: ")} {
		if details == "" {
			details = other
		}
	}
	var said status.Status
	if err := proto.Unmarshal(unbase64(t, details), &said); err != nil {
		t.Error(err)
	}
	for _, detail := range said.GetDetails() {
		var info errdetails.RetryInfo
		if detail.MessageIs(&info) && detail.UnmarshalTo(&info) == nil {
			return int(info.GetRetryDelay().AsDuration().Seconds())
		}
	}
	return 0
}

// refusedGraphQL asks in each media type of GraphQL, and for a WebSocket.
func refusedGraphQL(t *testing.T, url, code string) {
	for _, media := range []string{"application/graphql-response+json", "application/json", "text/event-stream"} {
		r, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/graphql", strings.NewReader(`{"query":"{ __typename }"}`))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Accept", media)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(answer.Body)
		answer.Body.Close()
		want := media
		if media == "text/event-stream" { // what is refused has no stream
			want = "application/json"
		}
		if got := answer.Header.Get("Content-Type"); got != want+"; charset=utf-8" || codeOfErrors(t, answer, body) != code || answer.StatusCode != kit.StatusOf(code) {
			t.Errorf("Accept %s: %d %s %s", media, answer.StatusCode, got, body)
		}
	}
	_, answer, err := websocket.Dial(t.Context(), url+"/graphql", &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}})
	if err == nil || answer == nil {
		t.Fatal("a WebSocket was opened")
	}
	if body, _ := io.ReadAll(answer.Body); answer.StatusCode != kit.StatusOf(code) || codeOfErrors(t, answer, body) != code {
		t.Errorf("a WebSocket: %d %s", answer.StatusCode, body)
	}
}

// A coding that is not read is told by the door, with the codings that are.
func TestUnknownCodingOfGraphQL(t *testing.T) {
	s := listening(t, listener(t), func(*Config) {})
	r := httptest.NewRequest("POST", "/graphql", strings.NewReader("x"))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Content-Encoding", "br")
	got := httptest.NewRecorder()
	s.Handler().ServeHTTP(got, r)
	if got.Code != 415 || got.Header().Get("Accept-Encoding") == "" || codeOfErrors(t, nil, got.Body.Bytes()) != kit.CodeUnsupportedType {
		t.Errorf("%d %v %s", got.Code, got.Header(), got.Body)
	}
}

// A method or a service that there is not is UNIMPLEMENTED in each protocol, and so is reflection where it is off.
func TestUnknownMethods(t *testing.T) {
	l := listener(t)
	listening(t, l, func(c *Config) { c.ShowContract = false })
	for _, e := range entrances {
		if !e.enveloped && e.name != "Connect" {
			continue
		}
		for _, path := range []string{
			"/doors.v1.DoorsService/Nope", "/doors.v1.DoorsService/", "/nope.v1.NopeService/Get", "/grpc.health.v1.Health/Nope",
			"/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
		} {
			e.path = path
			answer, said := e.send(t, clientOf(t, e.http2()), "http://"+l.Addr().String(), bytes.NewReader(e.content("")), map[string]string{"Connect-Protocol-Version": "1"})
			problem := e.judge(t, hostile{code: kit.CodeMethodNotAllowed, ours: true}, answer, said)
			if !e.enveloped && !strings.Contains(string(said), `"code":"unimplemented"`) {
				problem = "not unimplemented"
			}
			if problem != "" {
				t.Errorf("%s, %s: %s: %d %v %.300q %v", e.name, path, problem, answer.StatusCode, answer.Header, said, answer.Trailer)
			}
		}
	}
}

// What the caller of gRPC or Connect caused is no error in the log, which names the method all the same.
func TestFailuresOfCallersInTheLog(t *testing.T) {
	l, logs := listener(t), &lines{}
	listening(t, l, func(c *Config) { c.Logs = logs })
	for _, e := range entrances {
		if !e.enveloped && e.name != "Connect" {
			continue
		}
		for name, header := range map[string]map[string]string{
			"no time":   {"Connect-Timeout-Ms": "0", "Grpc-Timeout": "0m"},
			"no coding": {e.coding(): "br"},
			"no method": nil,
		} {
			logs.reset()
			want := "operation=createSample"
			if header == nil {
				e.path, want = "/doors.v1.DoorsService/Nope", "operation=unmatched"
			}
			e.send(t, clientOf(t, e.http2()), "http://"+l.Addr().String(), bytes.NewReader(e.content(`{"small":1}`)), header)
			eventually(t, "the call is logged", func() bool { return strings.Contains(logs.text(), "msg=request") })
			if got := logs.text(); !strings.Contains(got, want) || !strings.Contains(got, "status=4") || strings.Contains(got, "level=ERROR") {
				t.Errorf("%s, %s: %s", e.name, name, got)
			}
			e.path = "/doors.v1.DoorsService/CreateSample"
		}
	}
}

// lines are a log.
type lines struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.Write(p)
}

func (l *lines) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.String()
}

func (l *lines) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all.Reset()
}
