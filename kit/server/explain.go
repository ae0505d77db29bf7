package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/graphql"
	"github.com/fettlehq/fettle/kit/query"
	"github.com/fettlehq/fettle/kit/sqldb"
)

// explain tells how a query is answered, or why a row is seen.
func (p *program) explain() error {
	if len(p.args) > 0 && p.args[0] == "access" {
		return p.access(p.args[1:])
	}
	return p.plan()
}

// plan runs a GraphQL query and prints each statement that it sent to the database, with the database's plan for it.
func (p *program) plan() error {
	asked, err := explainArguments(p.args)
	if err != nil {
		return err
	}
	return p.with(func(s *Server) error {
		if strings.Contains(asked.as, "@") {
			account, err := s.accountOf(p.ctx, asked.as)
			if err != nil {
				return s.orTables(p.ctx, err)
			}
			asked.viewer.ID = account.ID
		}
		tell := s.Explain
		if asked.json {
			tell = s.explainJSON
		}
		return s.orTables(p.ctx, tell(p.ctx, p.stdout, asked.viewer, asked.query))
	}, (*Server).openDatabase, (*Server).migrate, (*Server).makeEngine)
}

// orTables is an error, or that the database has not the tables of this version, where that may be why.
func (s *Server) orTables(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if tables := s.checkTables(ctx); tables != nil {
		return problemError{tables}
	}
	return err
}

// explained is what explain plan was asked.
type explained struct {
	viewer kit.Viewer
	as     string
	query  string
	json   bool
}

func explainArguments(args []string) (asked explained, err error) {
	usage := problemError{errors.New("explain: want: explain plan [--as ACCOUNT] [--in TENANT] [--format json] 'QUERY', or explain access VERB ENTITY/KEY")}
	if len(args) == 0 || args[0] != "plan" {
		return asked, usage
	}
	for args = args[1:]; len(args) > 2; args = args[2:] {
		switch {
		case args[0] == "--as":
			asked.as, asked.viewer.ID = args[1], kit.ID(args[1])
		case args[0] == "--in":
			asked.viewer.Tenant = args[1]
		case args[0] == "--format" && args[1] == "json":
			asked.json = true
		default:
			return asked, usage
		}
	}
	if len(args) != 1 {
		return asked, usage
	}
	asked.query = args[0]
	return asked, nil
}

// Explain runs a GraphQL query as viewer may, and writes to out each of its statements with its plan.
func (s *Server) Explain(ctx context.Context, out io.Writer, viewer kit.Viewer, text string) error {
	statements, err := s.statements(ctx, viewer, text)
	if err != nil {
		return err
	}
	if len(statements) == 0 {
		whom := "somebody who is not signed in"
		if viewer.ID != "" {
			whom = "this account"
		}
		fmt.Fprintf(out, "-- no statement: what %s may see of this is known without asking the database; --as ACCOUNT asks as somebody\n", whom)
	}
	for i, statement := range statements {
		plan, err := s.plan(ctx, statement)
		if err != nil {
			return fmt.Errorf("plan of statement %d: %w", i+1, err)
		}
		fmt.Fprintf(out, "-- statement %d of %d%s\n%s\n\n%s\n", i+1, len(statements), arguments(statement.args), statement.sql, plan)
	}
	return nil
}

// explainJSON writes the statements themselves, for programs: an array of {"sql", "args"}.
func (s *Server) explainJSON(ctx context.Context, out io.Writer, viewer kit.Viewer, text string) error {
	statements, err := s.statements(ctx, viewer, text)
	if err != nil {
		return err
	}
	type one struct {
		SQL  string `json:"sql"`
		Args []any  `json:"args"`
	}
	list := []one{}
	for _, statement := range statements {
		list = append(list, one{statement.sql, statement.args})
	}
	return json.NewEncoder(out).Encode(list)
}

// statements runs a GraphQL query as viewer may, and returns what was sent to the database.
func (s *Server) statements(ctx context.Context, viewer kit.Viewer, text string) ([]statement, error) {
	recorded := &recorder{Database: s.db}
	engine, err := query.New(s.service.Backend, recorded, query.Options{Log: s.log, Handlers: s.service.Handlers})
	if err != nil {
		return nil, err
	}
	door := graphql.New(engine, s.service.SDL, graphql.Options{
		Viewer: func(*http.Request) (kit.Viewer, error) { return viewer, nil },
	})
	// By GET, since that refuses mutations.
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "/graphql?query="+url.QueryEscape(text), nil)
	if err != nil {
		return nil, err
	}
	answer := &memory{header: http.Header{}}
	door.ServeHTTP(answer, r)
	if err := answer.problem(); err != nil {
		return nil, err
	}
	return recorded.statements, nil
}

func arguments(args []any) string {
	text := ""
	for i, a := range args {
		text += fmt.Sprintf(" · $%d = %v", i+1, a)
	}
	return text
}

// plan asks the database how it runs a statement.
func (s *Server) plan(ctx context.Context, of statement) (string, error) {
	var plan strings.Builder
	err := s.db.Read(ctx, func(c sqldb.Conn) error {
		if s.db.Dialect() == sqldb.SQLite {
			return planRows(ctx, c, &plan, "EXPLAIN QUERY PLAN "+of.sql, of.args, 3)
		}
		return planRows(ctx, c, &plan, "EXPLAIN "+of.sql, of.args, 0)
	})
	return plan.String(), err
}

// planRows writes the text column of a plan. SQLite's has the number of each step and of its parent before it, in
// columns 0 and 1, which give its depth.
func planRows(ctx context.Context, c sqldb.Conn, plan *strings.Builder, sql string, args []any, column int) error {
	rows, err := c.Query(ctx, sql, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	depth := map[int64]int{}
	for rows.Next() {
		values := make([]any, column+1)
		dest := make([]any, column+1)
		for i := range values {
			dest[i] = &values[i]
		}
		if err := rows.Scan(dest...); err != nil {
			return err
		}
		indent := 0
		if column > 0 {
			step, _ := values[0].(int64)
			parent, _ := values[1].(int64)
			indent = depth[parent] + 1
			depth[step] = indent
			indent--
		}
		fmt.Fprintf(plan, "--   %s%v\n", strings.Repeat("  ", indent), values[column])
	}
	return rows.Err()
}

// recorder keeps the reads that go through it.
type recorder struct {
	sqldb.Database
	statements []statement
}

type statement struct {
	sql  string
	args []any
}

func (r *recorder) Read(ctx context.Context, do func(sqldb.Conn) error) error {
	return r.Database.Read(ctx, func(c sqldb.Conn) error { return do(recording{c, r}) })
}

type recording struct {
	sqldb.Conn
	recorder *recorder
}

func (r recording) Query(ctx context.Context, sql string, args ...any) (sqldb.Rows, error) {
	r.recorder.statements = append(r.recorder.statements, statement{sql, args})
	return r.Conn.Query(ctx, sql, args...)
}

// memory is the answer to a request that came from no network.
type memory struct {
	header http.Header
	body   bytes.Buffer
}

func (m *memory) Header() http.Header         { return m.header }
func (m *memory) WriteHeader(int)             {}
func (m *memory) Write(p []byte) (int, error) { return m.body.Write(p) }

// problem is what a GraphQL answer says went wrong.
func (m *memory) problem() error {
	var answer struct {
		Errors []struct {
			Message string
			Path    []any
		}
	}
	if err := json.Unmarshal(m.body.Bytes(), &answer); err != nil {
		return fmt.Errorf("answer: %w", err)
	}
	var wrong []error
	for _, e := range answer.Errors {
		wrong = append(wrong, errors.New(e.Message))
	}
	if wrong == nil {
		return nil
	}
	return problemError{errors.Join(wrong...)}
}
