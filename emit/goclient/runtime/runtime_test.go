package runtime

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// service is a client of a handler. Nothing waits: the pauses are a nanosecond.
func service(t *testing.T, where tenancy, o Config, handle http.HandlerFunc) *core {
	t.Helper()
	web := httptest.NewServer(handle)
	t.Cleanup(web.Close)
	o.Retry.Base = time.Nanosecond
	c, err := newCore(web.URL+"/", o, where)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

type thing struct {
	ID   ID          `json:"id"`
	Name string      `json:"name"`
	Next *Ref[thing] `json:"next,omitzero"`
}

func TestBaseURL(t *testing.T) {
	for _, wrong := range []string{"", "shop.example", "ftp://shop.example", "http://", "://"} {
		if _, err := newCore(wrong, Config{}, ""); err == nil {
			t.Errorf("%q is taken", wrong)
		}
	}
}

// What is sent again, and how often.
func TestTries(t *testing.T) {
	read, write := request{operation: "read", method: "GET", path: "/v1/things"}, request{operation: "write", method: "POST", path: "/v1/things", body: thing{}}
	keyed := write
	keyed.keyed = true
	for _, c := range []struct {
		name    string
		request request
		status  int // -1 for no answer
		code    string
		tries   int32
	}{
		{"a read that is refused for now", read, 503, "UNAVAILABLE", 4},
		{"a write that is refused for now", write, 503, "UNAVAILABLE", 4},
		{"a write of which there were too many", write, 429, "TOO_MANY_REQUESTS", 4},
		{"a read without an answer", read, -1, "", 4},
		{"a write without an answer", write, -1, "", 1},
		{"a write with a key and without an answer", keyed, -1, "", 4},
		{"a read that a proxy lost", read, 502, "", 4},
		{"a write that a proxy lost", write, 502, "", 1},
		{"a write with a key that a proxy lost", keyed, 504, "", 4},
		{"a write whose first try is under way", keyed, 409, "IDEMPOTENCY_IN_PROGRESS", 4},
		{"what is refused", keyed, 409, "CONFLICT", 1},
		{"what failed", read, 500, "INTERNAL", 1},
		{"nobody", read, 401, "UNAUTHENTICATED", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			var tries atomic.Int32
			var keys sync.Map
			s := service(t, "", Config{}, func(w http.ResponseWriter, r *http.Request) {
				tries.Add(1)
				keys.Store(r.Header.Get("Idempotency-Key"), true)
				if c.status < 0 {
					io.Copy(io.Discard, r.Body)
					panic(http.ErrAbortHandler)
				}
				w.WriteHeader(c.status)
				io.WriteString(w, `{"code":"`+c.code+`"}`)
			})
			_, err := call[thing](t.Context(), s, c.request, nil)
			if err == nil || tries.Load() != c.tries {
				t.Errorf("%d tries, %v", tries.Load(), err)
			}
			var e *Error
			if errors.As(err, &e) && (int32(e.Tries) != c.tries || e.Status != c.status) {
				t.Errorf("%#v", e)
			}
			different := 0
			keys.Range(func(key, _ any) bool {
				different++
				if (key != "") != c.request.keyed {
					t.Errorf("the key %q", key)
				}
				return true
			})
			if different != 1 {
				t.Errorf("%d keys", different)
			}
		})
	}
}

// An answer that is cut off, or empty where there must be one, is none.
func TestCutOff(t *testing.T) {
	for _, cut := range []string{`{"name":"th`, ``, `<html>`} {
		tries := 0
		s := service(t, "", Config{}, func(w http.ResponseWriter, _ *http.Request) {
			if tries++; tries < 3 {
				io.WriteString(w, cut)
				return
			}
			io.WriteString(w, `{"name":"there"}`)
		})
		got, err := call[thing](t.Context(), s, request{method: "GET", path: "/v1/x"}, nil)
		if err != nil || got.Name != "there" || tries != 3 {
			t.Error(cut, got, err, tries)
		}
		tries = 0
		if _, err := call[thing](t.Context(), s, request{operation: "change", method: "PATCH", path: "/v1/x"}, nil); !errors.Is(err, codeNoAnswer) || tries != 1 {
			t.Error(cut, err, tries)
		}
	}
}

// A limit of the http.Client is no wish of the caller: what came too late is asked for again.
func TestLimitOfTheClient(t *testing.T) {
	late := true
	s := service(t, "", Config{HTTP: &http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
		if late {
			late = false
			return nil, context.DeadlineExceeded
		}
		return http.DefaultTransport.RoundTrip(r)
	})}}, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"name":"there"}`) })
	got, err := call[thing](t.Context(), s, request{method: "GET", path: "/v1/x"}, nil)
	if err != nil || got.Name != "there" {
		t.Error(got, err)
	}
}

type transport func(*http.Request) (*http.Response, error)

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) { return t(r) }

func TestPausesGrowAndAreBounded(t *testing.T) {
	r := Retry{Base: time.Second, Max: 5 * time.Second}.withDefaults()
	for try := 1; try < 100; try++ {
		longest := min(time.Second<<min(try-1, 20), 5*time.Second)
		if pause, worth := r.pause(try, 0); pause > longest || !worth {
			t.Errorf("%v before try %d", pause, try+1)
		}
	}
	if pause, worth := r.pause(1, 5*time.Second); pause < 5*time.Second || !worth {
		t.Errorf("%v, where five seconds were asked for", pause)
	}
	if _, worth := r.pause(1, 6*time.Second); worth {
		t.Error("more than the longest pause is waited for")
	}
}

func TestRetryAfter(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"": 0, "7": 7 * time.Second, "-1": 0, "x": 0, "999999999999": 1 << 30 * time.Second, "Mon, 02 Jan 2006 15:04:05 GMT": 0,
	} {
		if got := retryAfter(text); got != want {
			t.Errorf("%q is %v", text, got)
		}
	}
	if got := retryAfter(time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)); got <= 0 || got > time.Hour {
		t.Errorf("in an hour is %v", got)
	}
}

// What is no problem of the service is told too.
func TestOtherAnswers(t *testing.T) {
	for _, c := range []struct{ body, want string }{
		{"<h1>Bad Gateway</h1>", "read: 500: <h1>Bad Gateway</h1>"},
		{"\xff\xfe", "read: 500: Internal Server Error"},
		{"", "read: 500: Internal Server Error"},
		{`{"code":"INVALID","detail":"No.","errors":[{"field":"a.b","code":"TOO_LONG","detail":"is long"}]}`, "read: 500 INVALID: No; a.b is long (TOO_LONG)"},
	} {
		s := service(t, "", Config{}, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(500)
			io.WriteString(w, c.body)
		})
		_, err := call[thing](t.Context(), s, request{operation: "read", method: "GET", path: "/v1/x"}, nil)
		if err == nil || err.Error() != c.want {
			t.Errorf("%q: %v", c.body, err)
		}
	}
	s := service(t, "", Config{MaxAnswer: 10}, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"name":"long"}`) })
	if _, err := call[thing](t.Context(), s, request{method: "GET", path: "/v1/x"}, nil); err == nil || !strings.Contains(err.Error(), "larger than 10 bytes") {
		t.Error(err)
	}
}

// A refresh whose answer is lost is sent once more; a call that is given up meanwhile does not stop it.
func TestRefreshGoesOn(t *testing.T) {
	var exchanges atomic.Int32
	begun, goOn := make(chan struct{}), make(chan struct{})
	web := &http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
		response, err := http.DefaultTransport.RoundTrip(r)
		if strings.HasSuffix(r.URL.Path, "/refresh") && r.Context().Err() != nil {
			t.Error("the exchange was given up")
		}
		return response, err
	})}
	s := service(t, "", Config{Tokens: KeepTokens(TokenPair{"old", "r1"}), HTTP: web}, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/auth/refresh" && exchanges.Add(1) == 1:
			close(begun)
			<-goOn
			panic(http.ErrAbortHandler)
		case r.URL.Path == "/auth/refresh":
			io.WriteString(w, `{"accessToken":"new","refreshToken":"r2","expiresIn":900,"tokenType":"Bearer"}`)
		case r.Header.Get("Authorization") != "Bearer new":
			w.WriteHeader(401)
			io.WriteString(w, `{"code":"UNAUTHENTICATED"}`)
		default:
			io.WriteString(w, `{"name":"ok"}`)
		}
	})
	ctx, cancel := context.WithCancel(t.Context())
	given := make(chan error)
	go func() { given <- discard(ctx, s, request{method: "GET", path: "/v1/x"}, nil) }()
	<-begun
	cancel()
	if err := <-given; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	close(goOn)
	got, err := call[thing](t.Context(), s, request{method: "GET", path: "/v1/x"}, nil)
	if err != nil || got.Name != "ok" || exchanges.Load() != 2 {
		t.Errorf("%+v, %d exchanges, %v", got, exchanges.Load(), err)
	}
}

// Calls that find at once that their token has ended wait for one exchange; one that finds so later takes what that brought.
func TestRefreshOnce(t *testing.T) {
	const calls = 8
	var exchanges, denied atomic.Int32
	know := make(chan struct{})
	s := service(t, "", Config{Tokens: KeepTokens(TokenPair{"old", "r1"})}, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/auth/refresh":
			exchanges.Add(1)
			io.WriteString(w, `{"accessToken":"new","refreshToken":"r2"}`)
		case r.Header.Get("Authorization") != "Bearer new":
			if denied.Add(1) == calls {
				close(know)
			}
			<-know // until all of them do
			w.WriteHeader(401)
			io.WriteString(w, `{"code":"UNAUTHENTICATED"}`)
		}
	})
	var all sync.WaitGroup
	for range calls {
		all.Go(func() {
			if err := discard(t.Context(), s, request{method: "GET", path: "/v1/x"}, nil); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if exchanges.Load() != 1 {
		t.Errorf("%d exchanges", exchanges.Load())
	}
	if again, err := s.renew(t.Context(), "old"); err != nil || !again || exchanges.Load() != 1 {
		t.Errorf("a late call: %v, %d exchanges, %v", again, exchanges.Load(), err)
	}
}

// A session that has ended is asked for once.
func TestSessionEnds(t *testing.T) {
	var exchanges atomic.Int32
	s := service(t, "", Config{Tokens: KeepTokens(TokenPair{"old", "r1"})}, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/auth/refresh" {
			exchanges.Add(1)
		}
		w.WriteHeader(401)
		io.WriteString(w, `{"code":"UNAUTHENTICATED"}`)
	})
	for range 3 {
		err := discard(t.Context(), s, request{method: "GET", path: "/v1/x"}, nil)
		if !errors.Is(err, ErrSignedOut) || !errors.Is(err, CodeUnauthenticated) {
			t.Error(err)
		}
	}
	if exchanges.Load() != 1 {
		t.Errorf("%d exchanges", exchanges.Load())
	}
}

// A store that fails fails the call.
func TestStoreFails(t *testing.T) {
	s := service(t, "", Config{Tokens: broken{}}, func(http.ResponseWriter, *http.Request) { t.Error("it was sent") })
	if err := discard(t.Context(), s, request{operation: "read", method: "GET", path: "/v1/x"}, nil); err == nil || err.Error() != "read: no disk" {
		t.Error(err)
	}
	if err := s.signOut(t.Context()); err == nil {
		t.Error("signed out")
	}
}

type broken struct{}

func (broken) Load(context.Context) (TokenPair, error) { return TokenPair{}, errors.New("no disk") }
func (broken) Save(context.Context, TokenPair) error   { return errors.New("no disk") }

func TestTenants(t *testing.T) {
	asked := make(chan string, 1)
	for where, want := range map[tenancy]string{"path:shops": "/shops/a%2Fb/v1/x", "header": "/v1/x a/b"} {
		s := service(t, where, Config{}, func(_ http.ResponseWriter, r *http.Request) {
			asked <- strings.TrimSpace(r.URL.EscapedPath() + " " + r.Header.Get("Tenant"))
		})
		if err := discard(t.Context(), s.in("a/b"), request{method: "GET", path: "/v1/x"}, nil); err != nil {
			t.Error(err)
		}
		if got := <-asked; got != want {
			t.Errorf("%s: %s", where, got)
		}
	}
	c, err := newCore("https://api.example:8443/base/", Config{}, "subdomain")
	if err != nil {
		t.Fatal(err)
	}
	if at, err := c.in("acme").locate(request{path: "/v1/x"}); err != nil || at != "https://acme.api.example:8443/base/v1/x" {
		t.Error(at, err)
	}
	if at, err := c.in("acme").locate(request{path: "/auth/sign-in"}); err != nil || at != "https://api.example:8443/base/auth/sign-in" {
		t.Error(at, err)
	}
	if _, err := c.in("evil.example/").locate(request{path: "/v1/x"}); err == nil {
		t.Error("a tenant that is another host")
	}
}

// The furthest of what writes were answered with goes along with reads, whichever answer came last.
func TestReadAfter(t *testing.T) {
	sent := make(chan string, 1)
	write := "ff"
	s := service(t, "", Config{}, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "GET" {
			sent <- r.Header.Get("Read-After")
			return
		}
		w.Header().Set("Read-After", write)
	})
	for _, step := range []struct{ write, want string }{{"", "0"}, {"ff", "ff"}, {"100", "100"}, {"fe", "100"}, {"x", "100"}} {
		if write = step.write; write != "" {
			if err := discard(t.Context(), s, request{method: "DELETE", path: "/v1/x"}, nil); err != nil {
				t.Fatal(err)
			}
		}
		if err := discard(t.Context(), s, request{method: "GET", path: "/v1/x"}, nil); err != nil {
			t.Fatal(err)
		}
		if got := <-sent; got != step.want {
			t.Errorf("after %q: %q", step.write, got)
		}
	}
}

func TestPages(t *testing.T) {
	pages := map[string]string{
		"":  `{"items":[{"id":"1"},{"id":"2"}],"next":"b","total":3}`,
		"b": `{"items":[],"next":"c"}`,
		"c": `{"items":[{"id":"3"}],"next":null}`,
	}
	s := service(t, "", Config{}, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, pages[r.URL.Query().Get("after")]) })
	var got string
	for row, err := range all(t.Context(), s, request{path: row("/v1/x", "k", "/things")}, Query[thing]{Count: true}, nil) {
		if err != nil {
			t.Fatal(err)
		}
		got += string(row.ID)
	}
	if got != "123" {
		t.Error(got)
	}
	for _, err := range all(t.Context(), s, request{path: "/v1/x"}, Query[thing]{Where: []ConditionOf[thing]{{err: errors.New("no")}}}, nil) {
		if err == nil {
			t.Error("a wrong condition was sent")
		}
	}
}

func TestConditions(t *testing.T) {
	text, moment := newTextField[thing, string]("name", ""), newMomentField[thing, time.Time]("at", "")
	number, flag := newOrderedField[thing, float64]("weight", ""), newBoolField[thing]("on", "")
	list, lead := newListField[thing, ID]("tags", ""), newReferenceField[thing]("next", "")
	part := newEqualField[thing, Decimal]("price.amount", "price")
	q := Query[thing]{
		Where: []ConditionOf[thing]{
			text.Eq("a&b=c"), text.Ne("x"), text.Contains("é"), text.StartsWith("s"), text.In("1", "2"), text.NotIn("3"), text.IsNull(false),
			moment.Gt(time.Date(2026, 1, 2, 3, 4, 5, 6000, time.FixedZone("", 3600))), number.Gte(1e21), number.Lt(0.5), number.Lte(-1),
			flag.Eq(true), flag.Ne(false), list.Has("a"), list.HasSome("a", "b"), list.HasEvery("c"), list.IsEmpty(true),
			lead.Eq("k"), lead.Ne("l"), lead.In("m", "n"), lead.NotIn("o"), part.Eq("1.50"),
		},
		Search: "two words", Order: []SortKey[thing]{text.Asc(), moment.Desc()}, Limit: 5, After: "z",
		Fields: []FieldOf[thing]{text, part, At[thing]("next.next.name")}, Include: []FieldOf[thing]{lead, newPlainField[thing]("things", "")},
	}
	v, err := q.values(nil)
	if err != nil {
		t.Fatal(err)
	}
	const want = "after=z&at.gt=2026-01-02T03%3A04%3A05.000006%2B01%3A00&fields=name%2Cprice%2Cnext.next.name&include=next%2Cthings&limit=5" +
		"&name.contains=%C3%A9&name.eq=a%26b%3Dc&name.in=1%2C2&name.isNull=false&name.ne=x&name.notIn=3&name.startsWith=s" +
		"&next.eq=k&next.in=m%2Cn&next.ne=l&next.notIn=o&on.eq=true&on.ne=false&order=name%2C-at&price.amount.eq=1.50&search=two+words" +
		"&tags.has=a&tags.hasEvery=c&tags.hasSome=a%2Cb&tags.isEmpty=true&weight.gte=1e%2B21&weight.lt=0.5&weight.lte=-1"
	if got := v.Encode(); got != want {
		t.Errorf("\n%s\n%s", got, want)
	}
	// As a client has it: fields of the design beside what is asked of the whole.
	value := struct {
		plain[thing]
		Amount EqualField[thing, Decimal]
	}{newPlainField[thing]("price", ""), part}
	leading := struct {
		reference[thing]
		Name TextField[thing, string]
	}{lead, text}
	if v, err := (Query[thing]{Fields: []FieldOf[thing]{value, leading, value.Amount}}).values(nil); err != nil || v.Encode() != "fields=price%2Cnext%2Cprice" {
		t.Error(v.Encode(), err)
	}
	for q, want := range map[*Query[thing]]string{{Before: "p", Limit: 2}: "before=p&limit=2", {Last: true}: "before="} {
		if v, err := q.values(nil); err != nil || v.Encode() != want {
			t.Error(v.Encode(), err)
		}
	}
	for _, c := range []ConditionOf[thing]{text.In(), list.HasSome()} {
		if _, err := (Query[thing]{Where: []ConditionOf[thing]{c}}).values(nil); err == nil {
			t.Errorf("%+v is sent", c)
		}
	}
	quoted, err := Query[thing]{Where: []ConditionOf[thing]{text.In("a, b", `"c`, `d"`), list.HasSome("e,")}}.values(nil)
	if got := quoted.Get("name.in") + " " + quoted.Get("tags.hasSome"); err != nil || got != `"a, b","""c",d" "e,"` {
		t.Error(got, err)
	}
	a := Aggregation[thing]{GroupBy: []ColumnOf[thing]{moment.Month(), moment.Day(), moment.Week(), moment.Year(), part}, Sum: []ColumnOf[thing]{number}, Zone: "Europe/Rome"}
	if v, err := a.values(); err != nil || v.Encode() != "groupBy=at.month%2Cat.day%2Cat.week%2Cat.year%2Cprice.amount&sum=weight&zone=Europe%2FRome" {
		t.Error(v.Encode(), err)
	}
	s := service(t, "", Config{}, func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, `{"groups":[{"name":"x"}],"next":null}`)
	})
	if got, err := aggregate[thing, thing](t.Context(), s, request{path: "/v1/x:aggregate"}, a, nil); err != nil || len(got.Groups) != 1 || got.Next != "" {
		t.Error(got, err)
	}
}

func TestArguments(t *testing.T) {
	var a arguments
	argument(&a, "n", 3)
	argumentOr(&a, "none", (*int)(nil))
	argumentOr(&a, "some", new(true))
	argumentOptional(&a, "null", Null[string]())
	argumentOptional(&a, "set", Set("x y"))
	argumentList(&a, "list", []ID{"a", "b"})
	argumentList(&a, "empty", []ID{})
	argumentList(&a, "no", []ID(nil))
	argumentJSON(&a, "json", map[string]int{"a": 1})
	argumentJSON(&a, "nothing", (*thing)(nil))
	argumentJSONList(&a, "jsons", []map[string]int{{"a": 1}, {"b": 2}})
	argumentJSONList(&a, "nojsons", []thing(nil))
	argumentBytes(&a, "bytes", []byte{0xff})
	argumentBytes(&a, "nobytes", nil)
	if got := a.values.Encode(); a.err != nil || got != "bytes=%2Fw%3D%3D&empty=&json=%7B%22a%22%3A1%7D&jsons=%7B%22a%22%3A1%7D%2C%7B%22b%22%3A2%7D&list=a%2Cb&n=3&set=x+y&some=true" {
		t.Error(got, a.err)
	}
	if argumentList(&a, "quoted", []string{"a,b"}); a.err != nil || a.values.Get("quoted") != `"a,b"` {
		t.Error(a.values, a.err)
	}
}

func TestValues(t *testing.T) {
	type all struct {
		Large Int64                     `json:"large"`
		List  []Int64                   `json:"list"`
		Span  *Duration                 `json:"span"`
		Left  Optional[string]          `json:"left,omitzero"`
		Null  Optional[string]          `json:"null,omitzero"`
		Set   Optional[[]string]        `json:"set,omitzero"`
		Raw   Optional[json.RawMessage] `json:"raw,omitzero"`
		Id    Ref[thing]                `json:"id"`
		Row   Ref[thing]                `json:"row"`
		Some  Ref[thing]                `json:"some"`
	}
	const text = `{"large":"9007199254740993","list":["-1"],"span":"1h0m0s","null":null,"set":[],"raw":{"a":1},"id":{"id":"x"},"row":{"id":"y","name":"Y"},"some":{"id":"","name":"Z"}}`
	var v all
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	if v.Large != 1<<53+1 || v.Id.Row != nil || v.Id.ID != "x" || v.Row.ID != "y" || v.Row.Row.Name != "Y" || v.Some.Row.Name != "Z" {
		t.Errorf("%+v", v)
	}
	if _, ok := v.Null.Get(); ok || !v.Left.IsZero() || v.Null.IsZero() {
		t.Errorf("%+v", v)
	}
	if got, err := json.Marshal(v); err != nil || string(got) != text {
		t.Errorf("%s, %v", got, err)
	}
	if r, ok := Decimal("12.50").Rat(); !ok || r.FloatString(2) != "12.50" {
		t.Error(r)
	}
	if at, err := Date("2026-03-29").In(time.UTC); err != nil || DateOf(at) != "2026-03-29" {
		t.Error(at, err)
	}
}

func TestSignInAndOut(t *testing.T) {
	var asked []string
	store := KeepTokens(TokenPair{})
	s := service(t, "", Config{Tokens: store, UserAgent: "test/1"}, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		asked = append(asked, r.URL.Path+" "+r.Header.Get("Authorization")+" "+string(body)+" "+r.UserAgent())
		if r.URL.Path == "/auth/sign-in" {
			io.WriteString(w, `{"accessToken":"a","refreshToken":"r"}`)
			return
		}
		w.WriteHeader(204)
	})
	if err := s.signIn(t.Context(), map[string]string{"email": "e"}); err != nil {
		t.Fatal(err)
	}
	if got, _ := store.Load(t.Context()); got != (TokenPair{"a", "r"}) {
		t.Error(got)
	}
	for range 2 { // the second time there is nothing to end
		if err := s.signOut(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	const want = "/auth/sign-in  {\"email\":\"e\"} test/1\n/auth/sign-out  {\"refreshToken\":\"r\"} test/1"
	if got := strings.Join(asked, "\n"); got != want {
		t.Errorf("%s", got)
	}
}

// What one caller chooses for a call is in that call alone.
func TestChoices(t *testing.T) {
	asked := make(chan http.Header, 1)
	s := service(t, "", Config{}, func(w http.ResponseWriter, r *http.Request) {
		asked <- r.Header
		w.Header().Set("ETag", `W/"1-x"`)
		if r.Header.Get("If-None-Match") != "" {
			w.WriteHeader(304)
		}
	})
	var info CallInfo
	text := newTextField[thing, string]("name", "")
	err := discard(t.Context(), s, request{method: "PATCH", path: "/v1/x", body: thing{}}, []CallOption{IfMatch(3), Into(&info), Fields[thing](text), Include[thing](text)})
	if h := <-asked; err != nil || h.Get("If-Match") != `W/"3"` || h.Get("Content-Type") != "application/json" || info.ETag != `W/"1-x"` || info.Tries != 1 {
		t.Error(h, info, err)
	}
	err = discard(t.Context(), s, request{method: "POST", path: "/v1/x", keyed: true}, []CallOption{IfAnyVersion(), IdempotencyKey("mine")})
	if h := <-asked; err != nil || h.Get("If-Match") != "*" || h.Get("Idempotency-Key") != "mine" {
		t.Error(h, err)
	}
	err = discard(t.Context(), s, request{method: "GET", path: "/v1/x"}, []CallOption{IfNoneMatch("t")})
	if h := <-asked; !errors.Is(err, ErrNotModified) || h.Get("If-None-Match") != "t" || h.Get("If-Match") != "" {
		t.Error(h, err)
	}
}

// A batch is sent once, refers to what it makes, and keeps its key when it fails.
func TestBatch(t *testing.T) {
	var keys, bodies []string
	fail := true
	s := service(t, "", Config{Retry: Retry{Tries: 1}}, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		keys, bodies = append(keys, r.Header.Get("Idempotency-Key")), append(bodies, string(body))
		if fail {
			w.WriteHeader(503)
			return
		}
		io.WriteString(w, `{"responses":[{"status":201,"body":{"id":"x","name":"first"}},{"status":200,"body":{"id":"y"}},{"status":204}]}`)
	})
	b := newBatch(s)
	first := add[thing](b, request{method: "POST", path: "/v1/things", body: map[string]any{"name": "first"}}, nil)
	second := add[thing](b, request{method: "PATCH", path: row("/v1/things", "k", ""), body: map[string]any{"next": first.ID()}},
		[]CallOption{IfMatch(2), Fields[thing](newPlainField[thing]("id", ""))})
	add[struct{}](b, request{method: "DELETE", path: row("/v1/things", "z", "")}, nil)
	if err := b.send(t.Context(), nil); !isStatus(err, 503) {
		t.Fatal(err)
	}
	if _, done := first.Get(); done {
		t.Error("a batch that failed is done")
	}
	fail = false
	if err := b.send(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	one, done := first.Get()
	two, _ := second.Get()
	if one.Name != "first" || two.ID != "y" || !done || keys[0] != keys[1] || keys[0] == "" {
		t.Error(one, two, done, keys)
	}
	const want = `{"requests":[{"method":"POST","path":"/v1/things","body":{"name":"first"}},` +
		`{"method":"PATCH","path":"/v1/things/k?fields=id","body":{"next":{"$id":0}},"ifMatch":"W/\"2\""},{"method":"DELETE","path":"/v1/things/z"}]}`
	if bodies[1] != want {
		t.Error(bodies[1])
	}
	if err := b.send(t.Context(), nil); err == nil || len(keys) != 2 {
		t.Error("sent twice")
	}
	if err := newBatch(s).send(t.Context(), nil); err != nil || len(keys) != 2 {
		t.Error("an empty batch is sent")
	}
	b = newBatch(s)
	add[thing](b, request{method: "DELETE", path: row("/v1/things", add[thing](b, request{}, nil).ID(), "")}, nil)
	if err := b.send(t.Context(), nil); err == nil || len(keys) != 2 {
		t.Error("a path of a row that there is not yet is sent")
	}
}

func isStatus(err error, status int) bool {
	var e *Error
	return errors.As(err, &e) && e.Status == status
}
