package golang

import (
	"embed"
	"strings"
)

// declarationTexts are the declarations of libraries through which backends are entered and reach their data, as far
// as facts need them. They stand in for a library whose source is not at hand.
//
//go:embed declarations
var declarationTexts embed.FS

// declarations finds what is kept of a library, whatever its major version.
func declarations(importPath string) (text string, found bool) {
	name := importPath
	if other, known := sameAs[importPath]; known {
		name = other
	}
	content, err := declarationTexts.ReadFile("declarations/" + strings.ReplaceAll(name, "/", "+") + ".txt")
	return string(content), err == nil
}

// sameAs are other import paths of the same library.
var sameAs = map[string]string{
	"github.com/go-chi/chi":           "github.com/go-chi/chi/v5",
	"github.com/jackc/pgx/v4":         "github.com/jackc/pgx/v5",
	"github.com/jackc/pgconn":         "github.com/jackc/pgx/v5/pgconn",
	"github.com/jackc/pgx/v4/pgxpool": "github.com/jackc/pgx/v5/pgxpool",
	"github.com/gofiber/fiber":        "github.com/gofiber/fiber/v2",
	"github.com/labstack/echo":        "github.com/labstack/echo/v4",
	"github.com/labstack/echo/v5":     "github.com/labstack/echo/v4",
	"github.com/jinzhu/gorm":          "gorm.io/gorm",
	"github.com/go-gorp/gorp":         "github.com/go-gorp/gorp/v3",
	"github.com/go-gorp/gorp/v2":      "github.com/go-gorp/gorp/v3",
	"gopkg.in/gorp.v1":                "github.com/go-gorp/gorp/v3",
	"gopkg.in/gorp.v2":                "github.com/go-gorp/gorp/v3",
	"gopkg.in/go-gorp/gorp.v2":        "github.com/go-gorp/gorp/v3",
	"github.com/gobuffalo/pop":        "github.com/gobuffalo/pop/v6",
	"github.com/gobuffalo/pop/v5":     "github.com/gobuffalo/pop/v6",
	"github.com/ory/pop/v5":           "github.com/gobuffalo/pop/v6",
	"github.com/ory/pop/v6":           "github.com/gobuffalo/pop/v6",
	"github.com/doug-martin/goqu":     "github.com/doug-martin/goqu/v9",
	"github.com/go-xorm/xorm":         "xorm.io/xorm",
	"github.com/beego/beego":          "github.com/astaxie/beego",
	"github.com/beego/beego/context":  "github.com/astaxie/beego/context",
	"github.com/emicklei/go-restful":  "github.com/emicklei/go-restful/v3",
	"github.com/go-macaron/macaron":   "gopkg.in/macaron.v1",
}
