// Package tracker_test calls the tracker as members of two workspaces do, over HTTP.
package tracker_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"example.com/tracker/app"
	"example.com/tracker/tracker"
	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/account"
	"github.com/fettlehq/fettle/kit/grpc"
	"github.com/fettlehq/fettle/kit/kittest"
	"github.com/fettlehq/fettle/kit/openapitest"
	"github.com/fettlehq/fettle/kit/postgres"
	"github.com/fettlehq/fettle/kit/query"
	"github.com/fettlehq/fettle/kit/server"
	"github.com/fettlehq/fettle/kit/sqldb"
	"github.com/fettlehq/fettle/kit/sqlite"
)

type object = map[string]any

// desk is a running tracker. Ann owns the workspace acme and bob bolt, cat is a member of both, dan a guest of one project of
// acme, eve of none.
type desk struct {
	*testing.T
	url                     string
	ann, bob, cat, dan, eve client
	acme, bolt              side
}

// side is what there is in a workspace.
type side struct {
	handle, id, project, todo, done, label, issue, comment, member string
}

func (s side) in(path string) string { return "/workspaces/" + s.handle + path }

func onBoth(t *testing.T, test func(d *desk)) {
	t.Run("sqlite", func(t *testing.T) { test(start(t, "sqlite:"+filepath.Join(t.TempDir(), "tracker.db"))) })
	t.Run("postgres", func(t *testing.T) { test(start(t, kittest.Postgres(t))) })
}

func start(t *testing.T, database string) *desk {
	t.Helper()
	service := app.New(tracker.New())
	service.Drivers = []sqldb.Driver{sqlite.Driver, postgres.Driver}
	service.GRPC = grpc.Open
	config, err := server.ReadConfig("tracker", func(name string) string {
		return map[string]string{"DATABASE_URL": database, "LOG_LEVEL": "error", "STATEMENT_BUDGET": "30"}[name]
	})
	if err != nil {
		t.Fatal(err)
	}
	s, err := server.New(t.Context(), service, config)
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(openapitest.Handler(t, service.OpenAPI, s.Handler()))
	t.Cleanup(func() {
		web.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	d := &desk{T: t, url: web.URL}
	for name, c := range map[string]*client{"ann": &d.ann, "bob": &d.bob, "cat": &d.cat, "dan": &d.dan, "eve": &d.eve} {
		*c = d.person(s, name)
	}
	d.acme = d.workspace(d.ann, "acme")
	d.bolt = d.workspace(d.bob, "bolt")
	d.join(d.ann, d.acme, "cat", "MEMBER", d.cat)
	d.join(d.bob, d.bolt, "cat", "MEMBER", d.cat)
	return d
}

const password = "correct horse battery"

func (d *desk) person(s *server.Server, name string) client {
	d.Helper()
	email := name + "@desk.example"
	err := s.Engine().Write(d.Context(), kit.Viewer{}, func(ctx context.Context, qtx *query.Tx) error {
		tx := tracker.NewTx(qtx.System())
		id, err := tx.Users.Create(ctx, tracker.NewUser{Email: email, Name: name})
		if err != nil {
			return err
		}
		return account.SetPassword(ctx, tx.Tx, id, password)
	})
	if err != nil {
		d.Fatal(err)
	}
	var tokens struct{ AccessToken string }
	client{d, ""}.want(200, "POST", "/auth/sign-in", object{"email": email, "password": password}, &tokens)
	return client{d, tokens.AccessToken}
}

func (d *desk) workspace(owner client, handle string) side {
	d.Helper()
	s := side{handle: handle}
	s.id = owner.made(200, "/v1/create-workspace", object{"handle": handle, "name": strings.ToUpper(handle)})
	s.project = owner.made(201, s.in("/v1/projects"), object{"prefix": "AB", "name": "Project of " + handle})
	s.todo = owner.made(201, s.in("/v1/statuses"), object{"project": s.project, "name": "Open", "kind": "TODO", "position": 1})
	s.done = owner.made(201, s.in("/v1/statuses"), object{"project": s.project, "name": "Done", "kind": "DONE", "position": 2})
	s.label = owner.made(201, s.in("/v1/labels"), object{"project": s.project, "name": "bug of " + handle, "colour": "#ff0000"})
	s.issue = owner.made(201, s.in("/v1/issues"), object{"project": s.project, "status": s.todo, "title": "Kettle of " + handle, "labels": []string{s.label}})
	s.comment = owner.made(201, s.in("/v1/comments"), object{"issue": s.issue, "body": "tea at " + handle})
	var members struct{ Items []object }
	owner.want(200, "GET", s.in("/v1/members"), nil, &members)
	s.member = members.Items[0]["id"].(string)
	return s
}

func (d *desk) join(owner client, s side, name, role string, who client) {
	d.Helper()
	invitation := owner.made(201, s.in("/v1/invitations"), object{"email": name + "@desk.example", "role": role})
	who.made(200, "/v1/accept-invitation", object{"token": invitation})
}

func TestMembersSeeTheirWorkspaceOnly(t *testing.T) {
	onBoth(t, func(d *desk) {
		for _, path := range []string{"issues", "projects", "statuses", "labels", "comments", "members", "invitations"} {
			d.ann.want(200, "GET", d.acme.in("/v1/"+path), nil, nil)
			_, there := d.ann.call("GET", d.bolt.in("/v1/"+path), nil)
			status, missing := d.ann.call("GET", "/workspaces/nowhere/v1/"+path, nil)
			if status != 404 || blind(there) != blind(missing) {
				d.Errorf("%s of another workspace: %s, of none: %d %s", path, there, status, missing)
			}
			_, all := d.ann.call("GET", "/v1/"+path, nil)
			if strings.Contains(string(all), "bolt") || strings.Contains(string(all), d.bolt.id) {
				d.Errorf("%s without a workspace: %s", path, all)
			}
		}
		d.titles(d.cat, d.acme.in("/v1/issues"), "Kettle of acme")
		d.titles(d.cat, d.bolt.in("/v1/issues?search=kettle"), "Kettle of bolt")
		d.titles(d.cat, "/v1/issues?order=title", "Kettle of acme", "Kettle of bolt")
		d.titles(d.eve, "/v1/issues")
		d.eve.wantProblem(404, "NOT_FOUND", "GET", d.acme.in("/v1/issues"), nil)
		client{d, ""}.wantProblem(404, "NOT_FOUND", "GET", d.acme.in("/v1/issues"), nil)
		// People are seen by those who share a workspace with them: in one, by its members.
		d.names(d.cat, "/v1/users?order=name", "ann", "bob", "cat")
		d.names(d.cat, d.acme.in("/v1/users?order=name"), "ann", "cat")
	})
}

func TestNothingOfAnotherWorkspaceIsReachedByItsID(t *testing.T) {
	onBoth(t, func(d *desk) {
		for path, id := range map[string]string{
			"issues": d.bolt.issue, "projects": d.bolt.project, "statuses": d.bolt.todo, "labels": d.bolt.label,
			"comments": d.bolt.comment, "members": d.bolt.member, "workspaces": d.bolt.handle,
		} {
			for _, c := range []client{d.ann, d.cat} {
				for _, method := range []string{"GET", "PATCH", "DELETE"} {
					var change any
					if method == "PATCH" {
						change = object{}
					}
					if path == "attachments" || path == "members" && method == "PATCH" {
						change = object{"role": "GUEST"}
					}
					status, text := c.call(method, d.acme.in("/v1/"+path+"/"+id), change)
					if status != 404 {
						d.Errorf("%s %s: %d %s", method, path, status, text)
					}
				}
			}
		}
		d.cat.wantProblem(404, "NOT_FOUND", "GET", d.acme.in("/v1/issues/"+d.bolt.issue+"/history"), nil)
		d.cat.wantProblem(404, "NOT_FOUND", "POST", d.acme.in("/v1/issues/"+d.bolt.issue+"/restore"), nil)
		d.titles(d.cat, d.bolt.in("/v1/issues"), "Kettle of bolt")
	})
}

func TestNothingLinksWorkspaces(t *testing.T) {
	onBoth(t, func(d *desk) {
		issue := func(with object) object {
			all := object{"project": d.acme.project, "status": d.acme.todo, "title": "x"}
			for name, value := range with {
				all[name] = value
			}
			return all
		}
		for _, at := range []string{"/v1/issues", d.acme.in("/v1/issues")} {
			d.cat.wantField(422, "status", "POST", at, issue(object{"status": d.bolt.todo}))
			d.cat.wantField(422, "parent", "POST", at, issue(object{"parent": d.bolt.issue}))
			d.cat.wantField(422, "labels.0", "POST", at, issue(object{"labels": []string{d.bolt.label}}))
			d.cat.wantField(422, "parent", "PATCH", at+"/"+d.acme.issue, object{"parent": d.bolt.issue})
			d.cat.wantField(422, "status", "PATCH", at+"/"+d.acme.issue, object{"status": d.bolt.todo})
			d.cat.wantField(422, "labels.0", "PATCH", at+"/"+d.acme.issue, object{"labels": []string{d.bolt.label}})
		}
		d.cat.wantField(422, "project", "POST", d.acme.in("/v1/issues"), issue(object{"project": d.bolt.project}))
		d.cat.wantField(422, "issue", "POST", d.acme.in("/v1/comments"), object{"issue": d.bolt.issue, "body": "x"})
		d.ann.wantField(422, "workspace", "POST", d.acme.in("/v1/projects"), object{"prefix": "XY", "name": "x", "workspace": "bolt"})
		d.ann.wantField(422, "workspace", "POST", "/v1/projects", object{"prefix": "XY", "name": "x", "workspace": "bolt"})
		d.ann.wantField(422, "workspace", "POST", "/v1/projects", object{"prefix": "XY", "name": "x"})
		d.ann.made(201, "/v1/projects", object{"prefix": "XY", "name": "x", "workspace": "acme"})
		// Within a workspace the design's own checks hold.
		other := d.ann.made(201, d.acme.in("/v1/projects"), object{"prefix": "CD", "name": "Other"})
		status := d.ann.made(201, d.acme.in("/v1/statuses"), object{"project": other, "name": "Open", "kind": "TODO", "position": 1})
		d.cat.wantCode("STATUS_OF_OTHER_PROJECT", "POST", d.acme.in("/v1/issues"), issue(object{"status": status}))
		// A batch is in the workspace of its request, and done as a whole or not at all.
		batch := object{"requests": []object{
			{"method": "POST", "path": "/v1/issues", "body": issue(object{"title": "first"})},
			{"method": "POST", "path": "/v1/comments", "body": object{"issue": d.bolt.issue, "body": "x"}},
		}}
		d.cat.wantProblem(422, "INVALID", "POST", d.acme.in("/v1/batch"), batch)
		d.titles(d.cat, d.acme.in("/v1/issues"), "Kettle of acme")
	})
}

func TestWorkspacesAreAlike(t *testing.T) {
	onBoth(t, func(d *desk) {
		// The same prefix, label and number stand in both.
		d.ann.wantProblem(409, "CONFLICT", "POST", d.acme.in("/v1/projects"), object{"prefix": "AB", "name": "again"})
		for _, s := range []side{d.acme, d.bolt} {
			var issue object
			d.cat.want(201, "POST", s.in("/v1/issues"), object{"project": s.project, "status": s.todo, "title": "second"}, &issue)
			if issue["number"] != 2.0 {
				d.Errorf("the second issue of %s is %v", s.handle, issue["number"])
			}
		}
		// A key of a request is for one workspace.
		for _, s := range []side{d.acme, d.bolt, d.acme} {
			body := object{"project": s.project, "status": s.todo, "title": "once", "assignee": d.me(d.cat)}
			status, text := d.cat.call("POST", s.in("/v1/issues"), body, "Idempotency-Key", "k1")
			if status != 201 {
				d.Errorf("once in %s: %d %s", s.handle, status, text)
			}
		}
		d.titles(d.cat, "/v1/issues?order=title&title=once", "once", "once")
		d.titles(d.cat, "/v1/my-issues", "once", "once")
		d.titles(d.cat, d.bolt.in("/v1/my-issues"), "once")
		// Numbers of what is open, and seats, are those of one.
		var project, workspace object
		d.cat.want(200, "GET", d.acme.in("/v1/projects/"+d.acme.project), nil, &project)
		d.cat.want(200, "GET", d.acme.in("/v1/workspaces/acme"), nil, &workspace)
		if project["open"] != 3.0 || workspace["seats"] != 2.0 || workspace["mine"] != "MEMBER" {
			d.Errorf("%v of %v", project, workspace)
		}
	})
}

func TestPagesAndNewRowsStayInTheirWorkspace(t *testing.T) {
	onBoth(t, func(d *desk) {
		for i := range 3 {
			d.cat.made(201, d.acme.in("/v1/issues"), object{"project": d.acme.project, "status": d.acme.todo, "title": fmt.Sprint(i)})
		}
		path, titles := d.acme.in("/v1/issues?limit=2&order=title"), []string{}
		for path != "" {
			response := d.cat.send("GET", path, nil)
			var page struct{ Items []object }
			if err := json.NewDecoder(response.Body).Decode(&page); err != nil {
				d.Fatal(err)
			}
			response.Body.Close()
			for _, row := range page.Items {
				titles = append(titles, row["title"].(string))
			}
			path = ""
			for _, link := range response.Header.Values("Link") {
				if to, next := strings.CutSuffix(link, `>; rel="next"`); next {
					path = strings.TrimPrefix(to, "<")
				}
			}
		}
		if !slices.Equal(titles, []string{"0", "1", "2", "Kettle of acme"}) {
			d.Errorf("page by page: %q", titles)
		}
		response := d.cat.send("POST", d.acme.in("/v1/comments"), object{"issue": d.acme.issue, "body": "x"})
		response.Body.Close()
		at := response.Header.Get("Location")
		if !strings.HasPrefix(at, "/workspaces/acme/v1/comments/") {
			d.Errorf("it is at %s", at)
		}
		d.cat.want(200, "GET", at, nil, nil)
	})
}

func TestGraphQLIsInAWorkspaceToo(t *testing.T) {
	onBoth(t, func(d *desk) {
		const all = `{ issues(order: title_ASC) { nodes { title number status { name } labels { name } comments { nodes { body } } project { workspace { handle seats } open } } } workspaces { nodes { handle } } }`
		got := d.cat.graphql(d.acme.in("/graphql"), all)
		if strings.Contains(got, "bolt") || !strings.Contains(got, `"title":"Kettle of acme"`) || !strings.Contains(got, "tea at acme") {
			d.Errorf("in acme: %s", got)
		}
		if got := d.cat.graphql("/graphql", all); !strings.Contains(got, "Kettle of acme") || !strings.Contains(got, "Kettle of bolt") {
			d.Errorf("in none: %s", got)
		}
		for _, path := range []string{d.bolt.in("/graphql"), "/workspaces/nowhere/graphql"} {
			if got := d.ann.graphql(path, all); !strings.Contains(got, "NOT_FOUND") || strings.Contains(got, "bolt") {
				d.Errorf("%s: %s", path, got)
			}
		}
		move := fmt.Sprintf(`mutation { updateIssue(id: "%s", input: {status: "%s"}) { id } }`, d.acme.issue, d.bolt.todo)
		if got := d.cat.graphql("/graphql", move); !strings.Contains(got, "INVALID") {
			d.Errorf("a status of another workspace: %s", got)
		}
		if got := d.cat.graphql(d.bolt.in("/graphql"), move); !strings.Contains(got, "NOT_FOUND") {
			d.Errorf("an issue of another workspace: %s", got)
		}
		create := fmt.Sprintf(`mutation { createProject(input: {prefix: "QL", name: "by GraphQL"}) { workspace { handle } } }`)
		if got := d.ann.graphql(d.acme.in("/graphql"), create); !strings.Contains(got, `"handle":"acme"`) {
			d.Errorf("a project is made in its workspace: %s", got)
		}
	})
}

func TestDeletedRowsAndHistoriesStayInTheirWorkspace(t *testing.T) {
	onBoth(t, func(d *desk) {
		d.ann.want(200, "PATCH", d.acme.in("/v1/issues/"+d.acme.issue), object{"title": "Pot"}, nil)
		var history struct{ Items []object }
		d.cat.want(200, "GET", d.acme.in("/v1/issues/"+d.acme.issue+"/history"), nil, &history)
		if len(history.Items) != 2 {
			d.Errorf("history: %v", history.Items)
		}
		d.ann.want(204, "DELETE", d.acme.in("/v1/issues/"+d.acme.issue), nil, nil)
		d.titles(d.cat, d.acme.in("/v1/issues"))
		d.bob.wantProblem(404, "NOT_FOUND", "POST", d.bolt.in("/v1/issues/"+d.acme.issue+"/restore"), nil)
		d.ann.want(200, "POST", d.acme.in("/v1/issues/"+d.acme.issue+"/restore"), nil, nil)
		d.titles(d.cat, d.acme.in("/v1/issues"), "Pot")
	})
}

func TestBusinessActsInItsWorkspace(t *testing.T) {
	onBoth(t, func(d *desk) {
		d.join(d.ann, d.acme, "dan", "GUEST", d.dan)
		d.titles(d.dan, d.acme.in("/v1/issues")) // a guest of no project
		d.ann.want(200, "PATCH", d.acme.in("/v1/projects/"+d.acme.project), object{"name": "Shared"}, nil)
		member := func(c client, s side, name string) string {
			var members struct{ Items []object }
			c.want(200, "GET", s.in("/v1/members?include=user"), nil, &members)
			for _, m := range members.Items {
				if m["user"].(object)["name"] == name {
					return m["id"].(string)
				}
			}
			return ""
		}
		// A member of bolt is nobody in acme.
		catAtBolt, catAtAcme := member(d.bob, d.bolt, "cat"), member(d.ann, d.acme, "cat")
		status, text := d.ann.call("POST", d.acme.in("/v1/workspaces/acme/hand-over"), object{"to": catAtBolt})
		if status != 404 {
			d.Errorf("handed over to another workspace: %d %s", status, text)
		}
		d.bob.wantProblem(404, "NOT_FOUND", "POST", d.bolt.in("/v1/workspaces/acme/hand-over"), object{"to": catAtBolt})
		d.ann.want(200, "POST", d.acme.in("/v1/workspaces/acme/hand-over"), object{"to": catAtAcme}, nil)
		var workspace object
		d.cat.want(200, "GET", "/v1/workspaces/acme", nil, &workspace)
		if workspace["mine"] != "OWNER" {
			d.Errorf("cat is %v", workspace["mine"])
		}
		// A workspace is made where none is named.
		d.ann.wantProblem(403, "FORBIDDEN", "POST", d.acme.in("/v1/create-workspace"), object{"handle": "inner", "name": "x"})
		d.ann.wantProblem(404, "NOT_FOUND", "POST", d.bolt.in("/v1/create-workspace"), object{"handle": "inner", "name": "x"})
	})
}

// client is somebody who calls.
type client struct {
	d     *desk
	token string
}

func (d *desk) me(c client) string {
	d.Helper()
	var page struct{ Items []object }
	c.want(200, "GET", d.acme.in("/v1/users?email=cat@desk.example"), nil, &page)
	return page.Items[0]["id"].(string)
}

func (d *desk) titles(c client, path string, want ...string) {
	d.Helper()
	d.column(c, path, "title", want)
}
func (d *desk) names(c client, path string, want ...string) {
	d.Helper()
	d.column(c, path, "name", want)
}

func (d *desk) column(c client, path, field string, want []string) {
	d.Helper()
	var page struct{ Items []object }
	c.want(200, "GET", path, nil, &page)
	var got []string
	for _, row := range page.Items {
		got = append(got, row[field].(string))
	}
	if !slices.Equal(got, want) {
		d.Errorf("%s: %q, want %q", path, got, want)
	}
}

// blind is a problem without what differs from request to request.
func blind(answer []byte) string {
	var problem object
	if err := json.Unmarshal(answer, &problem); err != nil {
		return string(answer)
	}
	delete(problem, "instance")
	return fmt.Sprint(problem)
}

func (c client) made(status int, path string, body any) string {
	c.d.Helper()
	var row object
	c.want(status, "POST", path, body, &row)
	id, _ := row["id"].(string)
	return id
}

func (c client) graphql(path, query string) string {
	c.d.Helper()
	_, body := c.call("POST", path, object{"query": query})
	return string(body)
}

func (c client) want(status int, method, path string, body, answer any) {
	c.d.Helper()
	got, text := c.call(method, path, body)
	if got != status {
		c.d.Fatalf("%s %s: want %d, got %d: %s", method, path, status, got, text)
	}
	if answer != nil {
		if err := json.Unmarshal(text, answer); err != nil {
			c.d.Fatalf("%s %s: %v: %s", method, path, err, text)
		}
	}
}

func (c client) wantProblem(status int, code, method, path string, body any) {
	c.d.Helper()
	got, text := c.call(method, path, body)
	if got != status || !strings.Contains(string(text), `"code":"`+code+`"`) {
		c.d.Errorf("%s %s: want %d %s, got %d: %s", method, path, status, code, got, text)
	}
}

// wantField wants a row that is not there in one field.
func (c client) wantField(status int, field, method, path string, body any) {
	c.d.Helper()
	got, text := c.call(method, path, body)
	var problem struct{ Errors []struct{ Field, Code string } }
	if err := json.Unmarshal(text, &problem); err != nil || got != status || len(problem.Errors) != 1 || problem.Errors[0].Field != field {
		c.d.Errorf("%s %s %v: want %d at %s, got %d: %s", method, path, body, status, field, got, text)
	}
}

func (c client) wantCode(code, method, path string, body any) {
	c.d.Helper()
	if got, text := c.call(method, path, body); got != 422 || !strings.Contains(string(text), code) {
		c.d.Errorf("%s %s: want %s, got %d: %s", method, path, code, got, text)
	}
}

func (c client) call(method, path string, body any, headers ...string) (status int, answer []byte) {
	c.d.Helper()
	response := c.send(method, path, body, headers...)
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		c.d.Fatal(err)
	}
	return response.StatusCode, answer
}

func (c client) send(method, path string, body any, headers ...string) *http.Response {
	c.d.Helper()
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			c.d.Fatal(err)
		}
		content = bytes.NewReader(text)
	}
	r, err := http.NewRequest(method, c.d.url+path, content)
	if err != nil {
		c.d.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if method == "PATCH" {
		r.Header.Set("Content-Type", "application/merge-patch+json")
	}
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		c.d.Fatal(err)
	}
	return response
}
