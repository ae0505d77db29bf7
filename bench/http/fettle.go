package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// The service that is measured is examples/conduit as it stands, in production's configuration but for the access log: no
// contender writes one. Every request is that of a signed-in person: verifying the token and deciding by the policies
// what he may see are part of each figure.

// fettleContender asks at the GraphQL door, for exactly what the answer holds.
func fettleContender(favorites bool) contender {
	cursors := map[place]string{}
	c := fettle()
	c.name = "fettle"
	c.what = "examples/conduit by GraphQL; the token verified and policies applied in every request"
	c.ready = func(base string, d dataSet) error { return findCursors(base, d, cursors) }
	c.request = func(w workload, q question) *request { return fettleRequest(w, q, favorites, cursors) }
	c.read = readFettle
	return c
}

// fettleRESTContender asks at the REST door, for the fields that the answer holds.
func fettleRESTContender(favorites bool) contender {
	cursors := map[place]string{}
	c := fettle()
	c.name = "fettle-rest"
	c.what = "the same by REST, for the same fields; ids, versions and cursors come with them"
	c.ready = func(base string, d dataSet) error { return findCursors(base, d, cursors) }
	c.request = func(w workload, q question) *request { return fettleRESTRequest(w, q, favorites, cursors) }
	c.read = func(w workload, body []byte) (answer, error) { return readFettleREST(w, body, favorites) }
	return c
}

const (
	fettleSecret = "a secret of the bench that is long enough"
	fettleURL    = "http://bench.example.com"
	profileAddr  = "PPROF_ADDR"
)

func fettle() contender {
	run := func(folder, url, addr string, args ...string) *exec.Cmd {
		command := exec.Command(filepath.Join(folder, "conduit"), args...)
		command.Env = append(os.Environ(), "ENV=production", "DATABASE_URL="+url, "ADDR="+addr, "PUBLIC_URL="+fettleURL, "AUTH_SECRET="+fettleSecret,
			"SMTP_URL=smtp://127.0.0.1:1", "MAIL_FROM=bench@example.com", "LOG_LEVEL=warn")
		return command
	}
	return contender{
		build: buildFettle,
		tables: func(_ context.Context, folder, url string) error {
			if out, err := run(folder, url, "127.0.0.1:0", "migrate").CombinedOutput(); err != nil {
				return fmt.Errorf("migrate: %w: %s", err, out)
			}
			return nil
		},
		start: func(folder, url, addr string) *exec.Cmd { return run(folder, url, addr) },
	}
}

// profiler is laid over the service's main package, so that its CPU can be looked at without a change to it.
const profiler = `package main

import (
	"net/http"
	_ "net/http/pprof"
	"os"
)

func init() {
	if addr := os.Getenv("PPROF_ADDR"); addr != "" {
		go http.ListenAndServe(addr, nil)
	}
}
`

func buildFettle(ctx context.Context, folder string) error {
	example, err := filepath.Abs("examples/conduit")
	if err != nil {
		return err
	}
	source, overlay := filepath.Join(folder, "pprof.go"), filepath.Join(folder, "overlay.json")
	replaced, err := json.Marshal(map[string]any{"Replace": map[string]string{filepath.Join(example, "cmd", "conduit", "pprof.go"): source}})
	if err != nil {
		return err
	}
	if err := os.WriteFile(source, []byte(profiler), 0o644); err != nil {
		return err
	}
	if err := os.WriteFile(overlay, replaced, 0o644); err != nil {
		return err
	}
	build := exec.CommandContext(ctx, "go", "build", "-overlay", overlay, "-o", filepath.Join(folder, "conduit"), "./cmd/conduit")
	build.Dir = example
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build of %s: %w\n%s", example, err, out)
	}
	return nil
}

// The selections of GraphQL, in one place. An article shows how many people like it where that is asked for.
const (
	fettleAuthor   = `author { username bio image }`
	fettleFavorite = ` favoritesCount`
	fettleInList   = `slug title description createdAt updatedAt ` + fettleAuthor + ` tags { name }`
	fettleComments = ` comments(first: 5) { nodes { id body createdAt ` + fettleAuthor + ` } }`
)

func fettleRequest(w workload, q question, favorites bool, cursors map[place]string) *request {
	shown := fettleInList
	if favorites {
		shown += fettleFavorite
	}
	switch w {
	case oneArticle:
		return graphQL(q.author, `query($slug: String!) { article(slug: $slug) { body `+shown+` } }`, map[string]any{"slug": q.slug})
	case newest:
		return graphQL(q.author, `query { articles(first: 20) { nodes { `+shown+` } } }`, nil)
	case deep:
		return graphQL(q.author, `query($after: String!) { articles(first: 20, after: $after) { nodes { `+shown+` } } }`, map[string]any{"after": cursors[q.after]})
	case withComments:
		return graphQL(q.author, `query { articles(first: 20) { nodes { `+shown+fettleComments+` } } }`, nil)
	case createComment:
		return graphQL(q.author, `mutation($input: CreateCommentInput!) { createComment(input: $input) { id body createdAt `+fettleAuthor+` } }`,
			map[string]any{"input": map[string]string{"article": q.article, "body": q.body}})
	}
	return nil
}

func graphQL(who account, query string, variables map[string]any) *request {
	return &request{Method: http.MethodPost, Path: "/graphql", Header: signedIn(who), Body: jsonText(map[string]any{"query": query, "variables": variables})}
}

func jsonText(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // what the bench asks has a form
	}
	return string(text)
}

func fettleRESTRequest(w workload, q question, favorites bool, cursors map[place]string) *request {
	fields := "slug,title,description,createdAt,updatedAt,author.username,author.bio,author.image,tags.name"
	if favorites {
		fields += ",favoritesCount"
	}
	get := func(path string) *request {
		return &request{Method: http.MethodGet, Path: path, Header: signedIn(q.author)}
	}
	switch w {
	case oneArticle:
		return get("/v1/articles/" + q.slug + "?fields=body," + fields)
	case newest:
		return get("/v1/articles?limit=20&fields=" + fields)
	case deep:
		return get("/v1/articles?limit=20&fields=" + fields + "&after=" + url.QueryEscape(cursors[q.after]))
	case createComment:
		return &request{
			Method: http.MethodPost, Path: "/v1/comments?include=author", Header: signedIn(q.author),
			Body: jsonText(map[string]string{"article": q.article, "body": q.body}),
		}
	}
	return nil // a page of comments inside an article has its default size
}

// signedIn is an access token as the service gives one at sign-in, for an hour.
func signedIn(who account) map[string]string {
	if who.id == "" {
		who.id = idText(userTable, 1)
	}
	now := time.Now()
	part := func(claims map[string]any) string {
		return base64.RawURLEncoding.EncodeToString([]byte(jsonText(claims)))
	}
	text := part(map[string]any{"alg": "HS256", "typ": "JWT"}) + "." + part(map[string]any{
		"iss": fettleURL, "sub": who.id, "sid": idText(userTable, 0), "jti": "bench", "iat": now.Unix(), "exp": now.Add(3 * time.Hour).Unix(),
	})
	signature := hmac.New(sha256.New, []byte(fettleSecret))
	signature.Write([]byte(text))
	return map[string]string{"Authorization": "Bearer " + text + "." + base64.RawURLEncoding.EncodeToString(signature.Sum(nil))}
}

// findCursors asks for the cursors behind which W3k's pages begin: of the row there, the first of those up to it.
func findCursors(base string, d dataSet, cursors map[place]string) error {
	for _, q := range d.questions(deep) {
		ask := graphQL(account{}, `query($at: DateTime!) { articles(first: 1, where: {createdAt: {lte: $at}}) { pageInfo { endCursor } } }`,
			map[string]any{"at": q.after.createdAt.Format(time.RFC3339Nano)})
		body, err := send(base, *ask)
		if err != nil {
			return err
		}
		var said struct {
			Data struct {
				Articles struct{ PageInfo struct{ EndCursor string } }
			}
		}
		if err := json.Unmarshal(body, &said); err != nil {
			return err
		}
		if cursors[q.after] = said.Data.Articles.PageInfo.EndCursor; cursors[q.after] == "" {
			return fmt.Errorf("no cursor at %v: %s", q.after, body)
		}
	}
	return nil
}

// fettleArticle is an article at both doors. Comments are a page at GraphQL, where alone they are asked for.
type fettleArticle struct {
	article
	Tags     []struct{ Name string }   `json:"tags"`
	Comments struct{ Nodes []comment } `json:"comments"`
}

func (a fettleArticle) plain() article {
	plain := a.article
	plain.Comments, plain.Tags = a.Comments.Nodes, []string{}
	for _, tag := range a.Tags {
		plain.Tags = append(plain.Tags, tag.Name)
	}
	return plain
}

func readFettle(w workload, body []byte) (said answer, err error) {
	var all struct {
		Data struct {
			Article       *fettleArticle
			Articles      struct{ Nodes []fettleArticle }
			CreateComment *comment
		}
		Errors json.RawMessage
	}
	if err := json.Unmarshal(body, &all); err != nil || all.Errors != nil {
		return said, fmt.Errorf("%w: %s", err, bytes.TrimSpace(body))
	}
	if all.Data.Article != nil {
		said.Articles = append(said.Articles, all.Data.Article.plain())
	}
	for _, a := range all.Data.Articles.Nodes {
		said.Articles = append(said.Articles, a.plain())
	}
	said.Comment = all.Data.CreateComment
	return said, nil
}

func readFettleREST(w workload, body []byte, favorites bool) (said answer, err error) {
	var page struct{ Items []fettleArticle }
	switch w {
	case createComment:
		return said, json.Unmarshal(body, &said.Comment)
	case oneArticle:
		page.Items = make([]fettleArticle, 1)
		err = json.Unmarshal(body, &page.Items[0])
	default:
		err = json.Unmarshal(body, &page)
	}
	for _, a := range page.Items {
		plain := a.plain()
		if w != oneArticle {
			plain.Body = ""
		}
		if !favorites {
			plain.FavoritesCount = nil
		}
		said.Articles = append(said.Articles, plain)
	}
	return said, err
}

// send asks once and gives the answer's body.
func send(base string, r request) ([]byte, error) {
	ask, err := http.NewRequest(r.Method, base+r.Path, strings.NewReader(r.Body))
	if err != nil {
		return nil, err
	}
	if r.Body != "" {
		ask.Header.Set("Content-Type", "application/json")
	}
	for name, value := range r.Header {
		ask.Header.Set(name, value)
	}
	answer, err := http.DefaultClient.Do(ask)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	var body bytes.Buffer
	if _, err := body.ReadFrom(answer.Body); err != nil {
		return nil, err
	}
	if answer.StatusCode >= 300 {
		return nil, fmt.Errorf("%s %s: status %d: %s", r.Method, r.Path, answer.StatusCode, &body)
	}
	return body.Bytes(), nil
}
