package golang

import (
	"go/ast"
	"go/types"
	"strings"
)

// kindOf is what kind of value an expression has.
func (s *source) kindOf(e ast.Expr) string {
	t := s.info.TypeOf(e)
	switch {
	case t == nil || t == types.Typ[types.Invalid]:
		return ""
	case isList(t):
		return "list"
	case isNumber(t):
		return "number"
	case isNamed(t, "context", "Context"):
		return "context"
	}
	if isString(t) {
		return "text"
	}
	return ""
}

func isList(t types.Type) bool {
	slice, is := t.Underlying().(*types.Slice)
	return is && !isBytes(slice)
}

// isNumber reports whether values of a type can hold no text of a stranger's choice.
func isNumber(t types.Type) bool {
	if t == nil {
		return false
	}
	if isNamed(t, "time", "Time") || isNamed(t, "github.com/google/uuid", "UUID") || isNamed(t, "github.com/gofrs/uuid", "UUID") {
		return true
	}
	if pointer, is := t.(*types.Pointer); is {
		t = pointer.Elem()
	}
	if slice, is := t.Underlying().(*types.Slice); is {
		if b, is := slice.Elem().Underlying().(*types.Basic); is && b.Kind() == types.Byte {
			return false
		}
		t = slice.Elem()
	}
	b, is := t.Underlying().(*types.Basic)
	return is && b.Info()&(types.IsNumeric|types.IsBoolean) != 0
}

func isPointer(t types.Type) bool {
	if t == nil {
		return false
	}
	_, is := t.Underlying().(*types.Pointer)
	return is
}

// isNamed reports whether a type, or what it points to, is the named one.
func isNamed(t types.Type, path, name string) bool {
	p, n := namedType(t)
	return p == path && n == name
}

// namedType is the package and name of a type, or of what it points to.
func namedType(t types.Type) (path, name string) {
	if pointer, is := types.Unalias(t).(*types.Pointer); is {
		t = pointer.Elem()
	}
	named, is := types.Unalias(t).(*types.Named)
	if !is || named.Obj().Pkg() == nil {
		return "", ""
	}
	return named.Obj().Pkg().Path(), named.Obj().Name()
}

func namedPath(t types.Type) string {
	path, _ := namedType(t)
	return path
}

// isRequest reports whether values of a type are what a client sent.
func (l *lifter) isRequest(t types.Type) bool {
	path, name := namedType(t)
	return l.isEngineContext(t) || path == "net/http" && name == "Request" || isRouterContext(path, name) || embedsRequest(t, 0)
}

// isRouterContext reports whether a type is what a router gives a handler.
func isRouterContext(path, name string) bool {
	switch {
	case strings.HasPrefix(path, "github.com/gin-gonic/gin") && name == "Context",
		path == "github.com/cloudwego/hertz/pkg/app" && name == "RequestContext",
		strings.HasPrefix(path, "github.com/labstack/echo") && name == "Context",
		strings.HasPrefix(path, "github.com/gofiber/fiber") && (name == "Ctx" || name == "Context"),
		strings.HasPrefix(path, "github.com/valyala/fasthttp") && name == "RequestCtx",
		isBeego(path) && (name == "Controller" || name == "Context" || name == "Input" || name == "BeegoInput"),
		path == "github.com/julienschmidt/httprouter" && name == "Params",
		isRestful(path) && name == "Request",
		(isMacaron(path) || path == "github.com/flamego/flamego") && (name == "Context" || name == "Request"):
		return true
	}
	return false
}

func isBeego(path string) bool {
	return path == "github.com/astaxie/beego" || path == "github.com/astaxie/beego/context" || strings.HasPrefix(path, "github.com/beego/beego")
}

func isMacaron(path string) bool {
	return strings.HasPrefix(path, "gopkg.in/macaron.") || path == "github.com/go-macaron/macaron"
}

// embedsRequest reports whether a struct is one of the code around what a router gives: type Context struct{ *gin.Context; … }.
func embedsRequest(t types.Type, depth int) bool {
	if t == nil || depth > 2 {
		return false
	}
	if pointer, is := t.(*types.Pointer); is {
		t = pointer.Elem()
	}
	structure, is := t.Underlying().(*types.Struct)
	if !is {
		return false
	}
	for i := range structure.NumFields() {
		field := structure.Field(i)
		if path, name := namedType(field.Type()); field.Embedded() && (isRouterContext(path, name) || embedsRequest(field.Type(), depth+1)) {
			return true
		}
	}
	return false
}

// isHandle reports whether values of a type lead to a database: a pool, a connection, a transaction, a session.
func isHandle(t types.Type) bool {
	if t == nil {
		return false
	}
	path, name := namedType(t)
	switch name {
	case "DB", "Tx", "Conn", "Pool", "Session", "Engine", "EngineGroup", "Interface", "IDB", "Connection":
		return path == "database/sql" || isXorm(path) || isGorm(path) || isPop(path) || isGoPg(path) || strings.HasPrefix(path, "github.com/jackc/pgx") ||
			strings.HasSuffix(path, "jmoiron/sqlx") || strings.HasPrefix(path, "github.com/uptrace/bun")
	case "DbMap", "Transaction", "SqlExecutor":
		if isGorp(path) {
			return true
		}
	}
	return types.IsInterface(t) && hasMethod(t, "QueryContext") && hasMethod(t, "ExecContext") // an interface of the code for a pool and its transactions
}

func hasMethod(t types.Type, name string) bool {
	object, _, _ := types.LookupFieldOrMethod(t, true, nil, name)
	_, is := object.(*types.Func)
	return is
}

func isMap(t types.Type) bool {
	if t == nil {
		return false
	}
	_, is := t.Underlying().(*types.Map)
	return is
}

func isTuple(t types.Type) bool {
	_, is := t.(*types.Tuple)
	return is
}

func isString(t types.Type) bool {
	b, is := t.Underlying().(*types.Basic)
	return is && b.Info()&types.IsString != 0
}

func typeOr(t types.Type) types.Type {
	if t == nil {
		return types.Typ[types.Invalid]
	}
	return t
}
