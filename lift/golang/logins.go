package golang

import (
	"go/ast"
	"go/types"
	"regexp"
	"strings"
)

// dials are functions that are given the address of a database or a queue, in which its user and password stand, and at which place.
var dials = map[string]int{
	"database/sql.Open": 1, "github.com/jmoiron/sqlx.Open": 1, "github.com/jmoiron/sqlx.Connect": 1, "github.com/jmoiron/sqlx.ConnectContext": 2, "github.com/jmoiron/sqlx.MustConnect": 1,
	"github.com/jackc/pgx.Connect": 1, "github.com/jackc/pgx.ParseConfig": 0, "github.com/jackc/pgx/pgxpool.New": 1, "github.com/jackc/pgx/pgxpool.Connect": 1, "github.com/jackc/pgx/pgxpool.ParseConfig": 0,
	"github.com/lib/pq.NewListener": 0, "gorm.io/driver/postgres.Open": 0, "gorm.io/driver/mysql.Open": 0, "xorm.io/xorm.NewEngine": 1,
	"github.com/rabbitmq/amqp091-go.Dial": 0, "github.com/rabbitmq/amqp091-go.DialConfig": 0, "github.com/rabbitmq/amqp091-go.DialTLS": 0,
	"github.com/streadway/amqp.Dial": 0, "github.com/streadway/amqp.DialConfig": 0, "github.com/streadway/amqp.DialTLS": 0,
	"github.com/redis/go-redis.ParseURL": 0, "github.com/go-redis/redis.ParseURL": 0, "github.com/gomodule/redigo/redis.DialURL": 0,
}

var (
	majorVersion = regexp.MustCompile(`/v\d+(/|$)`)
	ofFile       = regexp.MustCompile(`(?i)(path|file|filename|dir|folder)$`)
)

// isLogin reports whether a variable or field holds an address with which the program logs in to a database or a queue, by what it is given to
// or what it is put into. The path of a file, as SQLite has it, is none.
func (l *lifter) isLogin(object types.Object) bool {
	if l.logins == nil {
		l.logins = map[types.Object]bool{}
		l.eachFile(l.findLogins)
	}
	return object != nil && l.logins[object]
}

func (l *lifter) findLogins(p place) {
	ast.Inspect(p.file, func(n ast.Node) bool {
		call, is := n.(*ast.CallExpr)
		if !is {
			return true
		}
		selector, is := ast.Unparen(call.Fun).(*ast.SelectorExpr)
		if !is {
			return true
		}
		path := strings.TrimSuffix(majorVersion.ReplaceAllString(p.packageOf(selector.X), "/"), "/")
		i, is := dials[path+"."+selector.Sel.Name]
		if is && i < len(call.Args) && (i == 0 || !strings.Contains(constantText(p.source, call.Args[i-1]), "sqlite")) {
			l.addLogin(p.source, call.Args[i], 0)
		}
		return true
	})
}

// asText are methods that write an address with the password in it.
var asText = map[string]bool{"String": true, "FormatDSN": true, "ConnString": true}

// textOf is the value that an expression writes as a text, u of u.String(); the expression itself where it calls nothing.
func textOf(e ast.Expr) ast.Expr {
	if call, is := ast.Unparen(e).(*ast.CallExpr); is && len(call.Args) == 0 && asText[calledName(call)] {
		if selector, is := ast.Unparen(call.Fun).(*ast.SelectorExpr); is {
			return selector.X
		}
	}
	return e
}

// addLogin notes what holds an address, and what that was taken from as it is.
func (l *lifter) addLogin(s *source, e ast.Expr, depth int) {
	e = textOf(e)
	switch ast.Unparen(e).(type) {
	case *ast.Ident, *ast.SelectorExpr:
	default:
		return
	}
	object, is := s.target(e).(*types.Var)
	if !is || l.logins[object] || depth > 3 || ofFile.MatchString(object.Name()) {
		return
	}
	l.logins[object] = true
	for _, d := range l.defs[object] {
		if d.kind == assigned && d.index <= 0 && d.expr != nil {
			l.addLogin(d.source, d.expr, depth+1)
		}
	}
}
