package grpc_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"

	"github.com/fettlehq/fettle/kit/grpc"
	"github.com/fettlehq/fettle/kit/query"
)

// What is read is the same over all protocols.
func TestReads(t *testing.T) {
	c := newClient(t)
	for _, p := range protocols {
		t.Run(p.name, func(t *testing.T) {
			c := *c
			c.T, c.codec = t, p.options
			c.expect("", "GetArticle", `{"id":"alpha","readMask":"slug,title,price,author.username,tags.name"}`,
				`{"article":{"slug":"alpha","title":"Alpha","price":{"amount":"0","currency":"EUR"},"author":{"username":"ann"},"tags":[{"name":"go"},{"name":"sql"}]}}`)
			c.expect("", "GetArticle", `{"id":"draft"}`, "not_found NOT_FOUND")
			c.expect("ann", "GetArticle", `{"id":"draft","readMask":"status,title"}`, `{"article":{"title":"Draft","status":"STATUS_DRAFT"}}`)
			c.expect("ann", "GetArticle", `{"id":"alpha","readMask":"comments.items.body"}`,
				`{"article":{"comments":{"items":[{"body":"nice"},{"body":"thanks"}]}}}`)
			c.expect("", "GetUser", `{"id":"ann","readMask":"username,email"}`, `{"user":{"username":"ann"}}`)
			c.expect("ann", "GetUser", `{"id":"ann","readMask":"email"}`, `{"user":{"email":"ann@example.com"}}`)
			c.expect("", "ListArticles", `{"readMask":"title","orderBy":["ARTICLE_ORDER_TITLE_DESC"],"includeTotal":true}`,
				`{"articles":[{"title":"Gamma"},{"title":"Beta"},{"title":"Alpha"}],"totalSize":"3"}`)
			c.expect("", "ListArticles", `{"readMask":"title","filter":{"or":[{"title":{"startsWith":"B"}},{"slug":{"in":{"values":["gamma"]}}}]},"orderBy":["ARTICLE_ORDER_TITLE_ASC"]}`,
				`{"articles":[{"title":"Beta"},{"title":"Gamma"}]}`)
			c.expect("", "ListArticles", `{"readMask":"title","filter":{"slug":{"in":{}}}}`, `{}`)
			c.expect("", "ListArticles", `{"readMask":"title","filter":{"author":{"username":{"eq":"ann"}},"comments":{"some":{"body":{"eq":"nope"}}}}}`, `{}`)
			c.expect("", "ListArticles", `{"readMask":"title","search":"alpha"}`, `{"articles":[{"title":"Alpha"}]}`)
			c.expect("", "AggregateArticles", `{"groupBy":["ARTICLE_GROUP_BY_STATUS","ARTICLE_GROUP_BY_CREATED_AT_YEAR"],"readMask":"max.title,sum.views"}`,
				`{"groups":[{"group":{"status":"STATUS_OPEN","createdAtYear":"2030-01-01"},"count":"3","sum":{"views":"0"},"max":{"title":"Gamma"}}]}`)
			c.expect("", "AggregateArticles", `{}`, `{"groups":[{"count":"3"}]}`)
			c.expect("", "Latest", `{"count":2,"readMask":"title"}`, `{"articles":[{"title":"Gamma"},{"title":"Beta"}]}`)
		})
	}
}

func TestPages(t *testing.T) {
	c := newClient(t)
	first := c.call("", "ListArticles", `{"readMask":"title","pageSize":2}`)
	_, rest, _ := strings.Cut(first, `"nextPageToken":"`)
	token, _, _ := strings.Cut(rest, `"`)
	if !strings.HasPrefix(first, `{"articles":[{"title":"Gamma"},{"title":"Beta"}],`) || token == "" {
		t.Fatal(first)
	}
	c.expect("", "ListArticles", `{"readMask":"title","pageSize":2,"pageToken":"`+token+`"}`, `{"articles":[{"title":"Alpha"}]}`)
	c.expect("", "ListArticles", `{"pageToken":"nonsense"}`, "invalid_argument MALFORMED")
	c.expect("", "ListArticles", `{"pageSize":101}`, "invalid_argument INVALID page_size WRONG_FORMAT")
	c.expect("", "ListArticles", `{"orderBy":["ARTICLE_ORDER_UNSPECIFIED"]}`, "invalid_argument INVALID order_by UNKNOWN_FIELD")
}

func TestMasks(t *testing.T) {
	c := newClient(t)
	for mask, want := range map[string]string{
		`titel`:                       "invalid_argument INVALID read_mask UNKNOWN_FIELD",
		`title.x`:                     "invalid_argument INVALID read_mask UNKNOWN_FIELD",
		`price`:                       `{"article":{"price":{"amount":"0","currency":"EUR"}}}`,
		`price.amount`:                "invalid_argument INVALID read_mask UNKNOWN_FIELD", // it would bring the currency too
		`author.articles.items.title`: `{"article":{"author":{"articles":{"items":[{"title":"Gamma"},{"title":"Beta"},{"title":"Alpha"}]}}}}`,
		`author.articles.nodes.title`: "invalid_argument INVALID read_mask UNKNOWN_FIELD",
		`author.articles.items.author.articles.items.author.username`:                                   "invalid_argument INVALID read_mask TOO_LONG",
		`author.articles.items.comments.items.author.id,author.articles.items.tags.articles.items.tags`: "invalid_argument INVALID read_mask TOO_LONG",
	} {
		c.expect("", "GetArticle", `{"id":"alpha","readMask":"`+mask+`"}`, want)
	}
	if got := c.call("", "GetArticle", `{"id":"alpha"}`); !strings.Contains(got, `"author":{"id":"`) || strings.Contains(got, "tags") {
		t.Error(got)
	}
	if before := c.world.Queries(); c.call("", "GetArticle", `{"id":"alpha","readMask":"author.id"}`) == "" || c.world.Queries() != before+1 {
		t.Error("an id that the row has itself takes a statement of its own")
	}
}

func TestStreams(t *testing.T) {
	c := newClient(t)
	client, m := c.connect("StreamArticles")
	read := func(text string) (titles []string, last string, err error) {
		stream, err := client.CallServerStream(context.Background(), c.request(m, "", text))
		if err != nil {
			t.Fatal(err)
		}
		defer stream.Close()
		for stream.Receive() {
			answer := plain(t, stream.Msg())
			title, _, _ := strings.Cut(strings.TrimPrefix(answer, `{"article":{"title":"`), `"`)
			titles = append(titles, title)
			if _, token, ok := strings.Cut(answer, `"pageToken":"`); ok {
				last = strings.TrimSuffix(token, `"}`)
			}
		}
		return titles, last, stream.Err()
	}
	titles, _, err := read(`{"readMask":"title","orderBy":["ARTICLE_ORDER_TITLE_ASC"]}`)
	if strings.Join(titles, " ") != "Alpha Beta Gamma" || err != nil {
		t.Error(titles, err)
	}
	titles, token, err := read(`{"readMask":"title","orderBy":["ARTICLE_ORDER_TITLE_ASC"],"limit":2}`)
	if strings.Join(titles, " ") != "Alpha Beta" || token == "" || err != nil {
		t.Error(titles, token, err)
	}
	titles, _, err = read(`{"readMask":"title","orderBy":["ARTICLE_ORDER_TITLE_ASC"],"pageToken":"` + token + `"}`)
	if strings.Join(titles, " ") != "Gamma" || err != nil {
		t.Error(titles, err)
	}
	deep := `{"body":{"eq":"x"}}`
	for range 4 {
		deep = `{"article":{"comments":{"some":` + deep + `}}}`
	}
	_, _, err = read(`{"filter":{"comments":{"none":` + deep + `}}}`)
	if got := told(t, err); got != "invalid_argument INVALID filter.comments.none"+strings.Repeat(".article.comments.some", 4)+" TOO_LARGE" {
		t.Error(got)
	}
	_, _, err = read(`{"filter":{"id":{"eq":"x"}}}`)
	if got := told(t, err); got != "invalid_argument INVALID filter.id.eq WRONG_FORMAT" {
		t.Error(got)
	}
}

// A stream of a list ends with its caller: when he goes away, and when his deadline has passed, also where he does not read.
func TestStreamsEndWithTheirCallers(t *testing.T) {
	c := newClient(t, grpc.Options{MaxRows: 8})
	article := c.world.Engine.Backend().Entity("Article")
	err := c.world.Engine.Write(t.Context(), c.world.Ann, func(ctx context.Context, tx *query.Tx) error {
		for i := range 60 {
			_, err := tx.Create(ctx, article, []query.Change{
				{Field: article.Field("title"), Value: fmt.Sprint("Long ", i)},
				{Field: article.Field("slug"), Value: fmt.Sprint("long-", i)},
				{Field: article.Field("note"), Value: strings.Repeat("x", 16<<10)},
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	c.http = &http.Client{Transport: c.narrow(false)}
	for _, p := range lively {
		c.codec = append([]connect.ClientOption{connect.WithAcceptCompression("gzip", nil, nil)}, p.options...)
		client, m := c.connect("StreamArticles")
		for _, deadline := range []time.Duration{patience, 200 * time.Millisecond} {
			before := c.world.Queries()
			ctx, cancel := context.WithTimeout(t.Context(), deadline)
			stream, err := client.CallServerStream(ctx, c.request(m, "ann", `{}`))
			if err == nil && !stream.Receive() {
				err = stream.Err()
			}
			if deadline == patience {
				cancel()
			} else if connect.CodeOf(err) == connect.CodeDeadlineExceeded { // it had passed before anything came
				err = nil
			}
			if err != nil {
				t.Fatal(p.name, err)
			}
			for end := time.Now().Add(patience); c.under.Load() != 0; time.Sleep(time.Millisecond) {
				if time.Now().After(end) {
					t.Fatalf("%s: the call goes on", p.name)
				}
			}
			if pages := c.world.Queries() - before; pages > 3 {
				t.Errorf("%s: %d pages were read for nobody", p.name, pages)
			}
			cancel()
			if stream == nil {
				continue
			}
			for stream.Receive() {
			}
			if code := connect.CodeOf(stream.Err()); code != connect.CodeCanceled && code != connect.CodeDeadlineExceeded {
				t.Errorf("%s: %v", p.name, stream.Err())
			}
			stream.Close()
		}
	}
}

func TestFailures(t *testing.T) {
	c := newClient(t)
	for _, p := range protocols {
		c.codec = p.options
		c.expect("eve", "ListArticles", `{}`, "unauthenticated UNAUTHENTICATED")
		c.expect("", "Broken", `{}`, "internal INTERNAL")
		c.expect("", "Crash", `{}`, "internal INTERNAL")
		c.expect("", "CreateTag", `{"input":{"name":"x"}}`, "unauthenticated UNAUTHENTICATED")
		c.expect("bob", "UpdateArticle", `{"id":"alpha","input":{"title":"Mine"}}`, "permission_denied FORBIDDEN")
		c.expect("ann", "UpdateArticle", `{"id":"alpha","input":{"title":""},"version":1}`, "invalid_argument INVALID input.title TOO_SHORT")
		c.expect("ann", "UpdateArticle", `{"id":"alpha","input":{"title":"A"},"version":9}`, "aborted STALE")
		c.expect("ann", "CreateArticle", `{"input":{"tags":["nope"]}}`, "invalid_argument INVALID input.title REQUIRED input.tags[0] NOT_FOUND")
		c.expect("", "Quote", `{"input":{"amount":"1"}}`, "failed_precondition NO_COUNTRY")
	}
	if strings.Count(c.log.String(), "a secret") != 2*len(protocols) {
		t.Error("a failure that is ours is logged once, with its cause", strings.Count(c.log.String(), "a secret"))
	}
}

func TestDeadlines(t *testing.T) {
	c := newClient(t)
	for _, p := range protocols {
		c.codec = p.options
		client, m := c.connect("Slow")
		ctx, cancel := context.WithTimeout(context.Background(), 100_000_000)
		_, err := client.CallUnary(ctx, c.request(m, "", `{}`))
		cancel()
		if connect.CodeOf(err) != connect.CodeDeadlineExceeded {
			t.Error(p.name, err)
		}
		r := c.request(m, "", `{}`) // of which the client does not know that it has a deadline
		r.Header().Set("Grpc-Timeout", "100m")
		r.Header().Set("Connect-Timeout-Ms", "100")
		if _, err := client.CallUnary(context.Background(), r); told(t, err) != "deadline_exceeded TIMEOUT" {
			t.Error(p.name, told(t, err))
		}
	}
	if c.log.Len() > 0 {
		t.Errorf("logged: %s", c.log)
	}
}
