package golang

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

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
			`"net/http"`,
			`r := http.NewServeMux()
			r.HandleFunc("GET example.com/users", func(http.ResponseWriter, *http.Request) {})`,
			"example.com/users",
		},
	} {
		dir := t.TempDir()
		write(t, filepath.Join(dir, "go.mod"), "module example.com/app\n\ngo 1.26\n")
		write(t, filepath.Join(dir, "app.go"), "package app\n\nimport "+c.imports+"\n\nfunc routes() {\n"+c.body+"\n}\n")
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
