package golang

import (
	"path/filepath"
	"testing"
)

// Routes of go-zero stand in lists, with what is around all of them beside; those of hertz are registered as gin's are.
func TestRoutesOfFrameworks(t *testing.T) {
	for _, c := range []struct{ code, want string }{
		{`import (
	"net/http"

	"github.com/zeromicro/go-zero/rest"
)

func list() http.HandlerFunc { return func(w http.ResponseWriter, r *http.Request) {} }

func logged(next http.HandlerFunc) http.HandlerFunc { return next }

func routes(server *rest.Server, secret string) {
	server.AddRoutes([]rest.Route{{Method: http.MethodGet, Path: "/notes/:id", Handler: list()}}, rest.WithPrefix("/v1"), rest.WithJwt(secret))
	server.AddRoutes(rest.WithMiddlewares([]rest.Middleware{logged}, []rest.Route{{Method: "POST", Path: "/notes", Handler: list()}}...))
}
`, "http GET /v1/notes/{id} app.list.func1 [WithJwt]; http POST /notes app.list.func1 [logged]"},
		{`import (
	"context"

	"github.com/cloudwego/hertz/pkg/app"
	"github.com/cloudwego/hertz/pkg/app/server"
)

func list(ctx context.Context, c *app.RequestContext)     {}
func signedIn(ctx context.Context, c *app.RequestContext) {}

func routes() {
	h := server.Default()
	v1 := h.Group("/v1", signedIn)
	v1.GET("/notes/:id", list)
}
`, "http GET /v1/notes/{id} app.list [signedIn]"},
	} {
		dir := t.TempDir()
		write(t, filepath.Join(dir, "go.mod"), "module example.com/app\n\ngo 1.26\n")
		write(t, filepath.Join(dir, "app.go"), "package app\n\n"+c.code)
		if got := routesIn(t, dir); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
}
