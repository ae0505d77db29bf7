package golang

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Groups of macaron and flamego are functions: what is registered within one is of it, also some calls below, and of each group that it is
// given to.
func TestNestedGroups(t *testing.T) {
	for _, c := range []struct{ imports, body, want string }{
		{
			`"gopkg.in/macaron.v1"`,
			`func use()   {}
			func outer() {}
			func inner() {}
			func combo() {}
			func own()   {}
			func h() {}
			func routes() {
				m := macaron.New()
				m.Use(use)
				hooks := func() { m.Post("/hooks/:id([0-9]+)$", own, h) }
				m.Group("/orgs", hooks, outer)
				m.Group("/v1", func() {
					below(m.Router)
					m.Group("/repos", hooks)
				}, outer)
			}
			func below(m *macaron.Router) {
				m.Group("/users", func() {
					m.Combo("/:name", combo).Get(h).Delete(own, h)
					m.Route("/all", "GET,POST", h)
				}, inner)
			}`,
			"DELETE /v1/users/{name} use outer inner combo own; GET /v1/users/all use outer inner; GET /v1/users/{name} use outer inner combo; " +
				"POST /orgs/hooks/{id} use outer own; POST /v1/repos/hooks/{id} use outer own; POST /v1/users/all use outer inner",
		},
		{
			`"github.com/flamego/flamego"`,
			`func outer() {}
			func h(c flamego.Context) {}
			func routes() {
				f := flamego.Classic()
				f.Group("/v1", func() {
					f.Combo("/users/{name: /[a-z]+/}").Get(h).Put(h)
					f.Any("/files/{**}", h)
				}, outer)
			}`,
			" /v1/files/{**} outer; GET /v1/users/{name} outer; PUT /v1/users/{name} outer",
		},
	} {
		dir := t.TempDir()
		write(t, filepath.Join(dir, "go.mod"), "module example.com/app\n\ngo 1.26\n")
		write(t, filepath.Join(dir, "app.go"), "package app\n\nimport "+c.imports+"\n\n"+c.body+"\n")
		lifted, err := Lift(dir, nil)
		if err != nil {
			t.Fatal(err)
		}
		var routes []string
		for _, r := range lifted.Facts.Routes {
			line := r.Method + " " + r.Path
			for _, g := range r.Guards {
				line += " " + g.Name
			}
			routes = append(routes, line)
		}
		slices.Sort(routes)
		if got := strings.Join(routes, "; "); got != c.want {
			t.Errorf("%s: %s, want %s", c.imports, got, c.want)
		}
	}
}

// Routes of beego name methods of controllers, beside the path or in comments; filters stand around what their patterns match.
func TestBeegoRoutes(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "go.mod"), "module example.com/app\n\ngo 1.26\n")
	write(t, filepath.Join(dir, "app.go"), `package app

import (
	beego "github.com/beego/beego/v2/server/web"
	"github.com/beego/beego/v2/server/web/context"
)

type base struct{ beego.Controller }

func (c *base) Prepare() { c.GetSession("user") }

type users struct{ base }

func (c *users) List()   {}
func (c *users) Add()    {}
func (c *users) Delete() {}

// Search finds users.
// @router /search [get,post]
func (c *users) Search() {}

type plain struct{ beego.Controller }

func (c *plain) Get() {}

func all(ctx *context.Context)    {}
func admins(ctx *context.Context) {}
func before(ctx *context.Context) {}

func routes() {
	beego.InsertFilter("*", beego.BeforeRouter, all)
	beego.InsertFilter("/api/admin/*", beego.BeforeRouter, admins)
	beego.AddNamespace(beego.NewNamespace("/api",
		beego.NSBefore(before),
		beego.NSNamespace("/admin", beego.NSRouter("/users/:id", &users{}, "get:List;put,post:Add")),
		beego.NSInclude(&users{}),
	))
	beego.Router("/users", &users{}, "*:List")
	beego.Router("/plain", &plain{})
	beego.Get("/now", func(ctx *context.Context) {})
}
`)
	lifted, err := Lift(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	var routes []string
	for _, r := range lifted.Facts.Routes {
		line := r.Method + " " + r.Path + " " + r.Handler.Name
		for _, g := range r.Guards {
			line += " " + g.Name
			if g.Auth {
				line += "!"
			}
		}
		routes = append(routes, line)
	}
	slices.Sort(routes)
	const want = ` /users (*users).List all (*base).Prepare!
GET /api/admin/users/{id} (*users).List all admins! before (*base).Prepare!
GET /api/search (*users).Search all before (*base).Prepare!
GET /now app.routes.func1 all
GET /plain (*plain).Get all
POST /api/admin/users/{id} (*users).Add all admins! before (*base).Prepare!
POST /api/search (*users).Search all before (*base).Prepare!
PUT /api/admin/users/{id} (*users).Add all admins! before (*base).Prepare!`
	if got := strings.Join(routes, "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// Gin and fiber put a slash between the path of a group and that of its route, said or not; the other routers take both
// as they are.
func TestPathsBelowGroups(t *testing.T) {
	for _, c := range []struct{ imports, body, want string }{
		{
			`"github.com/gin-gonic/gin"`,
			`r := gin.New()
			r.GET("version", func(c *gin.Context) {})
			g := r.Group("api")
			g.GET("", func(c *gin.Context) {})
			g.GET("users", func(c *gin.Context) {})
			g.Group("users/").GET(":id", func(c *gin.Context) {})`,
			"/api /api/users /api/users/{id} /version",
		},
		{
			`"github.com/gofiber/fiber/v2"`,
			`r := fiber.New()
			g := r.Group("/api")
			g.Get("users", func(c *fiber.Ctx) error { return nil })
			g.Get("/users/:id", func(c *fiber.Ctx) error { return nil })`,
			"/api/users /api/users/{id}",
		},
		{
			"\"github.com/julienschmidt/httprouter\"\n\t\"net/http\"",
			`r := httprouter.New()
			r.GET("/users/:id", func(w http.ResponseWriter, r *http.Request, ps httprouter.Params) {})
			r.HandlerFunc("POST", "/users/:id/*rest", func(w http.ResponseWriter, r *http.Request) {})`,
			"/users/{id} /users/{id}/*rest",
		},
		{
			`"net/http"`,
			`r := http.NewServeMux()
			r.HandleFunc("GET example.com/users", func(http.ResponseWriter, *http.Request) {})`,
			"example.com/users",
		},
	} {
		dir := t.TempDir()
		write(t, filepath.Join(dir, "go.mod"), "module example.com/app\n\ngo 1.26\n")
		write(t, filepath.Join(dir, "app.go"), "package app\n\nimport (\n\t"+c.imports+"\n)\n\nfunc routes() {\n"+c.body+"\n}\n")
		lifted, err := Lift(dir, nil)
		if err != nil {
			t.Fatal(err)
		}
		var paths []string
		for _, r := range lifted.Facts.Routes {
			paths = append(paths, r.Path)
		}
		slices.Sort(paths)
		if got := strings.Join(paths, " "); got != c.want {
			t.Errorf("%s: %s, want %s", c.imports, got, c.want)
		}
	}
}

// Parts of an application that register themselves by one interface look as if each called itself: the router that one is given is looked for
// outside it. Two that hand a router on to each other have none.
func TestRoutersHandedOn(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "go.mod"), "module example.com/app\n\ngo 1.26\n")
	write(t, filepath.Join(dir, "app.go"), `package app

import (
	"net/http"

	"github.com/gorilla/mux"
)

type part interface{ Register(r *mux.Router) }

type store struct{ charts part }

func (s store) Register(r *mux.Router) {
	below := r.PathPrefix("/charts").Subrouter()
	s.charts.Register(below)
	r.Path("/stores").HandlerFunc(h).Methods("GET")
}

func h(w http.ResponseWriter, r *http.Request) {}

func routes(p part) {
	root := mux.NewRouter()
	pages := root.NewRoute().Subrouter()
	pages.HandleFunc("/pages", h).Methods("POST")
	p.Register(root.PathPrefix("/api").Subrouter())
}

func even(r *mux.Router, depth int) {
	r.Path("/even").HandlerFunc(h).Methods("GET")
	if depth > 0 {
		odd(r.PathPrefix("/down").Subrouter(), depth-1)
	}
}

func odd(r *mux.Router, depth int) {
	r.Path("/odd").HandlerFunc(h).Methods("GET")
	even(r.PathPrefix("/up").Subrouter(), depth)
}
`)
	lifted, err := Lift(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	var routes []string
	for _, r := range lifted.Facts.Routes {
		routes = append(routes, r.Method+" "+r.Path)
	}
	slices.Sort(routes)
	if got, want := strings.Join(routes, "; "), "GET /api/stores; GET /down/odd; GET /even; POST /pages"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// A web service of go-restful says its path before its routes or behind them, and what stands around them is said by the chain of a route, the
// service and the container that it is added to, by way of what a function or a method of several types answers with too.
func TestRestfulRoutes(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "go.mod"), "module example.com/app\n\ngo 1.26\n")
	write(t, filepath.Join(dir, "app.go"), `package app

import "github.com/emicklei/go-restful/v3"

type api interface{ service() *restful.WebService }

type (
	users  struct{}
	groups struct{}
)

func log(req *restful.Request, resp *restful.Response, chain *restful.FilterChain)      {}
func signedIn(req *restful.Request, resp *restful.Response, chain *restful.FilterChain) {}
func owner(req *restful.Request, resp *restful.Response, chain *restful.FilterChain)    {}

func find(req *restful.Request, resp *restful.Response)   {}
func change(req *restful.Request, resp *restful.Response) {}

func finding() restful.RouteFunction {
	return func(req *restful.Request, resp *restful.Response) {}
}

func (users) service() *restful.WebService {
	ws := new(restful.WebService)
	ws.Route(described(ws.GET("/{id:[0-9]+}").To(find)).Filter(owner))
	ws.Route(ws.Method("PUT").Path("/{id}").Filter(owner).To(change).Doc("changes"))
	ws.Path("/users").Consumes(restful.MIME_JSON).Filter(signedIn)
	return ws
}

func (groups) service() *restful.WebService {
	ws := new(restful.WebService).Path("/groups").Produces(restful.MIME_JSON)
	ws.Route(route(ws, "GET", "").To(finding()))
	return ws
}

func route(ws *restful.WebService, method, path string) *restful.RouteBuilder {
	return ws.Method(method).Path(path)
}

func described(r *restful.RouteBuilder) *restful.RouteBuilder { return r.Doc("finds") }

func hooks() (*restful.WebService, error) {
	ws := &restful.WebService{}
	ws.Path("/hooks")
	ws.Route(ws.POST("/").To(change))
	return ws, nil
}

func run() error {
	container := restful.NewContainer()
	container.Filter(log)
	for _, a := range []api{users{}, groups{}} {
		container.Add(a.service())
	}
	ws, err := hooks()
	if err != nil {
		return err
	}
	restful.Filter(signedIn)
	restful.Add(ws)
	return nil
}
`)
	lifted, err := Lift(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	var routes []string
	for _, r := range lifted.Facts.Routes {
		line := r.Method + " " + r.Path + " " + r.Handler.Name
		for _, g := range r.Guards {
			line += " " + g.Name
		}
		routes = append(routes, line)
	}
	slices.Sort(routes)
	want := "GET /groups/ app.finding.func1 log; GET /users/{id} app.find log signedIn owner; POST /hooks/ app.change signedIn; PUT /users/{id} app.change log signedIn owner"
	if got := strings.Join(routes, "; "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
