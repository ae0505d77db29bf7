package grpc_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"connectrpc.com/connect"
	"connectrpc.com/grpchealth"
	"connectrpc.com/grpcreflect"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/fettlehq/fettle/kit/grpc"
	"github.com/fettlehq/fettle/kit/internal/doortest"
	"github.com/fettlehq/fettle/kit/kittest"
	"github.com/fettlehq/fettle/kit/postgres"
	"github.com/fettlehq/fettle/kit/sqldb"
	"github.com/fettlehq/fettle/kit/sqlite"
)

// client calls the door over a network, with protobuf's own messages: what the door reads and writes is judged by them.
type client struct {
	*testing.T
	world *doortest.World
	door  *grpc.Door
	files *protoregistry.Files
	url   string
	log   *bytes.Buffer
	http  *http.Client
	under *atomic.Int64 // calls that are under way
	codec []connect.ClientOption
	names []string
}

// protocols are the ways of calling that tests go through.
var protocols = []struct {
	name    string
	options []connect.ClientOption
}{
	{"gRPC", []connect.ClientOption{connect.WithGRPC()}},
	{"gRPC-Web", []connect.ClientOption{connect.WithGRPCWeb()}},
	{"Connect", nil},
	{"Connect by GET", []connect.ClientOption{connect.WithHTTPGet()}},
	{"gRPC with JSON", []connect.ClientOption{connect.WithGRPC(), connect.WithProtoJSON()}},
	{"Connect with JSON", []connect.ClientOption{connect.WithProtoJSON()}},
}

func newClient(t *testing.T, options ...grpc.Options) *client {
	t.Helper()
	return on(t, doortest.New(t), options...)
}

func on(t *testing.T, w *doortest.World, options ...grpc.Options) *client {
	t.Helper()
	c := &client{T: t, world: w, log: &bytes.Buffer{}, under: &atomic.Int64{}, codec: []connect.ClientOption{connect.WithGRPC()}}
	o := grpc.Options{}
	if len(options) > 0 {
		o = options[0]
	}
	if o.Viewer == nil {
		o.Viewer = w.Viewer
	}
	o.Log = slog.New(slog.NewTextHandler(c.log, nil))
	var err error
	if c.door, err = grpc.New(w.Engine, doortest.Descriptors, o); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	for path, handler := range c.door.Routes {
		mux.Handle(path, handler)
		c.names = append(c.names, path)
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.under.Add(1)
		defer c.under.Add(-1)
		mux.ServeHTTP(w, r)
	}))
	server.Config.Protocols = &http.Protocols{}
	server.Config.Protocols.SetHTTP1(true)
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	server.Start()
	t.Cleanup(server.Close)
	c.url, c.files = server.URL, descriptors(t)
	transport := &http.Transport{Protocols: &http.Protocols{}}
	transport.Protocols.SetUnencryptedHTTP2(true)
	t.Cleanup(transport.CloseIdleConnections)
	c.http = &http.Client{Transport: transport}
	return c
}

func descriptors(t testing.TB) *protoregistry.Files {
	set := &descriptorpb.FileDescriptorSet{}
	if err := proto.Unmarshal(doortest.Descriptors, set); err != nil {
		t.Fatal(err)
	}
	files, err := protodesc.NewFiles(set)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

const service = "doors.v1.DoorsService"

func (c *client) method(name string) protoreflect.MethodDescriptor {
	c.Helper()
	found, err := c.files.FindDescriptorByName(protoreflect.FullName(service + "." + name))
	if err != nil {
		c.Fatal(name, err)
	}
	return found.(protoreflect.MethodDescriptor)
}

func (c *client) connect(name string) (*connect.Client[dynamicpb.Message, dynamicpb.Message], protoreflect.MethodDescriptor) {
	c.Helper()
	m := c.method(name)
	options := append([]connect.ClientOption{
		connect.WithSchema(m),
		connect.WithResponseInitializer(func(_ connect.Spec, message any) error {
			*message.(*dynamicpb.Message) = *dynamicpb.NewMessage(m.Output())
			return nil
		}),
	}, c.codec...)
	if options_, ok := m.Options().(*descriptorpb.MethodOptions); ok && options_.GetIdempotencyLevel() == descriptorpb.MethodOptions_NO_SIDE_EFFECTS {
		options = append(options, connect.WithIdempotency(connect.IdempotencyNoSideEffects))
	}
	return connect.NewClient[dynamicpb.Message, dynamicpb.Message](c.http, c.url+"/"+service+"/"+name, options...), m
}

func (c *client) request(m protoreflect.MethodDescriptor, who, text string, headers ...string) *connect.Request[dynamicpb.Message] {
	c.Helper()
	message := dynamicpb.NewMessage(m.Input())
	if err := protojson.Unmarshal([]byte(text), message); err != nil {
		c.Fatal(text, err)
	}
	r := connect.NewRequest(message)
	if who != "" {
		r.Header().Set("Authorization", "Bearer "+who)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header().Add(headers[i], headers[i+1])
	}
	return r
}

// call calls a method as somebody and returns the answer as JSON, or what failed: its code, its reason and the fields.
func (c *client) call(who, name, text string, headers ...string) string {
	c.Helper()
	answer, _ := c.answer(who, name, text, headers...)
	return answer
}

func (c *client) answer(who, name, text string, headers ...string) (string, http.Header) {
	c.Helper()
	client, m := c.connect(name)
	response, err := client.CallUnary(context.Background(), c.request(m, who, text, headers...))
	if err != nil {
		return told(c, err), nil
	}
	return plain(c, response.Msg), response.Header()
}

// plain is a message as JSON with no space in it, whose order is that of the contract.
func plain(t testing.TB, m proto.Message) string {
	out, err := protojson.MarshalOptions{}.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	var compact bytes.Buffer
	inside := false
	for i, b := range out {
		if b == '"' && out[i-1] != '\\' {
			inside = !inside
		}
		if inside || b != ' ' {
			compact.WriteByte(b)
		}
	}
	return compact.String()
}

// told is an error as "invalid_argument INVALID input.title REQUIRED".
func told(t testing.TB, err error) string {
	var e *connect.Error
	if !errors.As(err, &e) {
		t.Fatal(err)
	}
	words := []string{e.Code().String()}
	for _, d := range e.Details() {
		value, err := d.Value()
		if err != nil {
			t.Fatal(err)
		}
		switch v := value.(type) {
		case *errdetails.ErrorInfo:
			words = append(words, v.Reason)
		case *errdetails.BadRequest:
			for _, f := range v.FieldViolations {
				words = append(words, f.Field, f.Reason)
			}
		case *errdetails.RetryInfo:
			words = append(words, v.RetryDelay.AsDuration().String())
		}
	}
	return strings.Join(words, " ")
}

// chance is what differs from run to run.
var chance = regexp.MustCompile(`"(id|createdAt|updatedAt|nextPageToken)":"[^"]*"`)

func (c *client) expect(who, name, text, want string, headers ...string) {
	c.Helper()
	got := c.call(who, name, text, headers...)
	if strings.Contains(want, "…") {
		got = chance.ReplaceAllString(got, `"$1":"…"`)
	}
	if got != want {
		c.Errorf("%s %s as %q\n got %.400s\nwant %s", name, text, who, got, want)
	}
}

// onEach runs a test on each kind of database.
func onEach(t *testing.T, test func(c *client)) {
	for _, d := range []struct {
		name   string
		driver sqldb.Driver
		url    func(testing.TB) string
	}{{"sqlite", sqlite.Driver, kittest.SQLite}, {"postgres", postgres.Driver, kittest.Postgres}} {
		t.Run(d.name, func(t *testing.T) { test(on(t, doortest.On(t, kittest.Open(t, d.driver, d.url(t))))) })
	}
}

// What stands beside the services of the design is for tools: health for whoever sends requests here, reflection for people.
func TestHealthAndReflection(t *testing.T) {
	var state error
	c := newClient(t, grpc.Options{Ready: func(context.Context) error { return state }})
	check := func(name string) string {
		answer, err := grpchealth.NewClient(c.http, c.url).Check(t.Context(), &grpchealth.CheckRequest{Service: name})
		if err != nil {
			return connect.CodeOf(err).String()
		}
		return answer.Status.String()
	}
	if got := check("") + " " + check(service) + " " + check("nope"); got != "serving serving not_found" {
		t.Error(got)
	}
	state = errors.New("draining")
	if got := check(service); got != "not_serving" {
		t.Error(got)
	}
	client := grpcreflect.NewClient(c.http, c.url)
	stream := client.NewStream(t.Context())
	services, err := stream.ListServices()
	if err != nil || len(services) != 2 || services[0] != service {
		t.Error(services, err)
	}
	files, err := stream.FileContainingSymbol(service)
	if err != nil || files[0].GetPackage() != "doors.v1" {
		t.Error(files, err)
	}
	if _, err := stream.Close(); err != nil {
		t.Error(err)
	}
	hidden := newClient(t, grpc.Options{HideSchema: true})
	if stream := grpcreflect.NewClient(hidden.http, hidden.url).NewStream(t.Context()); stream != nil {
		if _, err := stream.ListServices(); connect.CodeOf(err) != connect.CodeUnimplemented {
			t.Error("the schema is shown:", err)
		}
		stream.Close()
	}
}

// Over JSON health has the names of grpc.health.v1, which its clients read, and reflection tells the same.
func TestHealthInJSON(t *testing.T) {
	c := newClient(t)
	answer, err := c.http.Post(c.url+"/grpc.health.v1.Health/Check", "application/json", strings.NewReader(`{"service":"`+service+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if body, _ := io.ReadAll(answer.Body); answer.StatusCode != http.StatusOK || strings.ReplaceAll(string(body), " ", "") != `{"status":"SERVING"}` {
		t.Errorf("Check: %d %s", answer.StatusCode, body)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	envelope := append([]byte{0, 0, 0, 0, 2}, "{}"...)
	r, _ := http.NewRequestWithContext(ctx, http.MethodPost, c.url+"/grpc.health.v1.Health/Watch", bytes.NewReader(envelope))
	r.Header.Set("Content-Type", "application/connect+json")
	if answer, err = c.http.Do(r); err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	head := make([]byte, 5)
	if _, err := io.ReadFull(answer.Body, head); err != nil {
		t.Fatal(err)
	}
	event := make([]byte, head[4])
	if _, err := io.ReadFull(answer.Body, event); err != nil || strings.ReplaceAll(string(event), " ", "") != `{"status":"SERVING"}` {
		t.Errorf("Watch: %s %v", event, err)
	}
	stream := grpcreflect.NewClient(c.http, c.url).NewStream(t.Context())
	files, err := stream.FileContainingSymbol("grpc.health.v1.Health")
	if err != nil || len(files) != 1 || files[0].GetMessageType()[1].GetEnumType()[0].GetValue()[1].GetName() != "SERVING" {
		t.Error(files, err)
	}
	if _, err := stream.Close(); err != nil {
		t.Error(err)
	}
}

// Who watches is told at once and of every change, also that the process is about to end; then his stream does.
func TestHealthIsWatched(t *testing.T) {
	var down atomic.Bool
	c := newClient(t, grpc.Options{Watches: 3, Look: time.Millisecond, Ready: func(context.Context) error {
		if down.Load() {
			return errors.New("down")
		}
		return nil
	}})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	watch := func(ctx context.Context, name string) func() string {
		events := grpchealth.NewClient(c.http, c.url).Watch(ctx, &grpchealth.CheckRequest{Service: name})
		return func() string {
			switch event, ok := <-events; {
			case !ok:
				return "the end"
			case event.Err != nil:
				return connect.CodeOf(event.Err).String()
			default:
				return event.Response.Status.String()
			}
		}
	}
	want := func(next func() string, status string) {
		t.Helper()
		if got := next(); got != status {
			t.Fatalf("is told %s, not %s", got, status)
		}
	}
	all, one, unknown := watch(ctx, ""), watch(ctx, service), watch(ctx, "nope")
	want(all, "serving")
	want(one, "serving")
	want(unknown, "status_3") // SERVICE_UNKNOWN
	want(watch(ctx, ""), "unavailable")
	down.Store(true)
	want(all, "not_serving")
	want(one, "not_serving")
	down.Store(false)
	want(all, "serving")
	want(one, "serving")

	c.door.Drain(ctx)
	if ctx.Err() != nil {
		t.Fatal("streams outlast the process")
	}
	for _, next := range []func() string{all, one} {
		want(next, "not_serving")
		want(next, "unavailable")
		want(next, "the end")
	}
	want(unknown, "unavailable")
	want(watch(ctx, ""), "unavailable")
}

// A watcher who leaves makes room, and the next is told what is so now.
func TestHealthIsWatchedAgain(t *testing.T) {
	var down atomic.Bool
	c := newClient(t, grpc.Options{Watches: 1, Look: time.Millisecond, Ready: func(context.Context) error {
		if down.Load() {
			return errors.New("down")
		}
		return nil
	}})
	for i, want := range []string{"serving", "not_serving", "serving"} {
		down.Store(i == 1)
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		told := "" // what was seen a moment before he came may be told first
		for event := range grpchealth.NewClient(c.http, c.url).Watch(ctx, &grpchealth.CheckRequest{}) {
			if event.Err != nil {
				t.Fatalf("is told %v and then %v, not %s", told, event.Err, want)
			}
			if told = event.Response.Status.String(); told == want {
				break
			}
		}
		if told != want {
			t.Errorf("is told %v, not %s", told, want)
		}
		cancel()
		for end := time.Now().Add(patience); c.under.Load() > 0; time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal("a watcher who left is still there")
			}
		}
	}
}

// A message is bounded before it is read, whatever it holds.
func TestBounds(t *testing.T) {
	c := newClient(t, grpc.Options{MaxMessage: 1 << 10, MaxRows: 50})
	long := strings.Repeat("x", 2<<10)
	for _, p := range protocols {
		c.codec = append([]connect.ClientOption{connect.WithSendGzip()}, p.options...)
		c.expect("ann", "CreateTag", `{"input":{"name":"`+long+`"}}`, "resource_exhausted TOO_LARGE")
		c.expect("", "ListUsers", `{"readMask":"articles.items.title"}`, "invalid_argument INVALID read_mask TOO_LARGE")
	}
}

// What the caller caused is told in our words and with our codes, and is no failure in the log, whichever protocol tells it.
func TestProtocolFailuresAreTheCallers(t *testing.T) {
	c := newClient(t)
	for _, test := range []struct {
		name, method, query, media string
		header                     []string
		status                     int
		code, reason               string
	}{
		{name: "no time", header: []string{"Connect-Timeout-Ms", "0"}, status: 504, code: "deadline_exceeded", reason: "TIMEOUT"},
		{name: "an unknown coding", header: []string{"Content-Encoding", "br"}, status: 501, code: "unimplemented", reason: "UNSUPPORTED_TYPE"},
		{name: "an unknown version", header: []string{"Connect-Protocol-Version", "9"}, status: 400, code: "invalid_argument", reason: "MALFORMED"},
		{name: "GET in an unknown version", method: "GET", query: "?encoding=json&message=%7B%7D&connect=v9", status: 400, code: "invalid_argument", reason: "MALFORMED"},
		{name: "GET in an unknown coding", method: "GET", query: "?encoding=json&message=%7B%7D&compression=br", status: 501, code: "unimplemented", reason: "UNSUPPORTED_TYPE"},
		{name: "GET without a message", method: "GET", query: "?encoding=json", status: 400, code: "invalid_argument", reason: "MALFORMED"},
	} {
		r, _ := http.NewRequestWithContext(t.Context(), cmp.Or(test.method, "POST"), c.url+"/"+service+"/ListTags"+test.query, strings.NewReader("{}"))
		if test.method == "GET" {
			r.Body, r.ContentLength = http.NoBody, 0
		} else {
			r.Header.Set("Content-Type", "application/json")
		}
		for i := 0; i < len(test.header); i += 2 {
			r.Header.Set(test.header[i], test.header[i+1])
		}
		answer, err := c.http.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		var said struct {
			Code, Message string
			Details       []struct{ Type, Value string }
		}
		err = json.NewDecoder(answer.Body).Decode(&said)
		answer.Body.Close()
		if err != nil || answer.StatusCode != test.status || said.Code != test.code || len(said.Details) != 1 {
			t.Errorf("%s: %d %v %v", test.name, answer.StatusCode, said, err)
			continue
		}
		var info errdetails.ErrorInfo
		wire, err := base64.RawStdEncoding.DecodeString(said.Details[0].Value)
		if err != nil || proto.Unmarshal(wire, &info) != nil || info.Reason != test.reason || strings.Contains(said.Message, "context") {
			t.Errorf("%s: %v %q", test.name, &info, said.Message)
		}
	}
	for _, p := range protocols {
		c.codec = p.options
		client, m := c.connect("ListTags")
		r := c.request(m, "", "{}")
		r.Header().Set("Grpc-Timeout", "0m")
		r.Header().Set("Connect-Timeout-Ms", "0")
		_, err := client.CallUnary(t.Context(), r)
		if got := told(t, err); got != "deadline_exceeded TIMEOUT" {
			t.Errorf("%s: %s", p.name, got)
		}
	}
	if c.log.Len() > 0 {
		t.Errorf("logged: %s", c.log)
	}
}

// A call by GET whose message cannot be read is the caller's mistake.
func TestMalformedGet(t *testing.T) {
	c := newClient(t)
	for query, status := range map[string]int{
		"encoding=proto&base64=1&message=!!!&connect=v1":    http.StatusBadRequest,
		"encoding=proto&base64=1&message=a&connect=v1":      http.StatusBadRequest,
		"encoding=json&base64=1&message=e30&connect=v1":     http.StatusOK,
		"encoding=json&base64=1&message=e30=&connect=v1":    http.StatusOK,
		"encoding=json&message=%7B&connect=v1":              http.StatusBadRequest,
		"encoding=proto&base64=1&message=_____w&connect=v1": http.StatusBadRequest,
	} {
		answer, err := c.http.Get(c.url + "/" + service + "/ListTags?" + query)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != status {
			t.Errorf("%s: %d, want %d", query, answer.StatusCode, status)
		}
	}
}
