package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/input"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/query"
	"github.com/fettlehq/fettle/kit/sqldb"
)

// accessUsage is how explain access is called.
const accessUsage = "explain: want: explain access [--as LOGIN] [--in TENANT] [--input JSON] [--format json] VERB ENTITY/KEY"

// question is what explain access was asked.
type question struct {
	as, tenant, input, format string
	verb                      meta.Verb
	entity                    *meta.Entity
	key                       string
}

var verbsByName = map[string]meta.Verb{"READ": meta.Read, "CREATE": meta.Create, "UPDATE": meta.Update, "DELETE": meta.Delete}

func (s *Server) question(args []string) (q question, err error) {
	flags := flag.NewFlagSet("explain access", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&q.as, "as", "", "")
	flags.StringVar(&q.tenant, "in", "", "")
	flags.StringVar(&q.input, "input", "", "")
	flags.StringVar(&q.format, "format", "text", "")
	if err := flags.Parse(args); err != nil || flags.NArg() != 2 || q.format != "text" && q.format != "json" {
		return q, problemError{errors.New(accessUsage)}
	}
	verb, known := verbsByName[flags.Arg(0)]
	if !known {
		return q, problemError{fmt.Errorf("%s: is no verb: READ, CREATE, UPDATE or DELETE", flags.Arg(0))}
	}
	name, key, _ := strings.Cut(flags.Arg(1), "/")
	q.verb, q.key, q.entity = verb, key, s.service.Backend.Entity(name)
	switch {
	case q.entity == nil:
		var names []string
		for _, e := range s.service.Backend.Entities {
			names = append(names, e.Name)
		}
		return q, problemError{fmt.Errorf("no entity %q%s", name, input.DidYouMean(name, names))}
	case verb == meta.Create && (q.input == "" || key != ""):
		return q, problemError{fmt.Errorf("CREATE asks about a row that is not there yet: explain access --input '{…}' CREATE %s", name)}
	case verb != meta.Create && key == "":
		return q, problemError{fmt.Errorf("%s asks about a row: %s/KEY, by its %s or its id", flags.Arg(0), name, q.entity.Key)}
	case q.input != "" && verb != meta.Create && verb != meta.Update:
		return q, problemError{fmt.Errorf("%s takes no --input", flags.Arg(0))}
	}
	return q, nil
}

// access explains what an account may do with a row.
func (p *program) access(args []string) error {
	return p.with(func(s *Server) error {
		q, err := s.question(args)
		if err != nil {
			return err
		}
		return s.orTables(p.ctx, s.explainAccess(p.ctx, p.stdout, q))
	}, (*Server).openDatabase, (*Server).makeEngine)
}

func (s *Server) explainAccess(ctx context.Context, out io.Writer, q question) error {
	viewer, err := s.accountOf(ctx, q.as)
	if err != nil {
		return err
	}
	viewer.Tenant = q.tenant
	changes, err := q.changes()
	if err != nil {
		return err
	}
	access, err := s.engine.Access(ctx, viewer, q.entity, q.verb, q.key, changes)
	var problem *kit.Problem
	switch {
	case errors.As(err, &problem):
		return problemError{fmt.Errorf("%s %q: there is none, deleted or not", q.entity.Name, q.key)}
	case err != nil:
		return err
	}
	if q.format == "json" {
		encoder := json.NewEncoder(out)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		return encoder.Encode(access)
	}
	var text bytes.Buffer
	writeAccess(&text, access, q)
	_, err = out.Write(text.Bytes())
	return err
}

// accountOf finds who is called so: by an id, or by the login. Nobody is called nothing.
func (s *Server) accountOf(ctx context.Context, as string) (kit.Viewer, error) {
	if as == "" {
		return kit.Viewer{}, nil
	}
	missing := problemError{fmt.Errorf("--as %s: there is no such account", as)}
	a := s.service.Backend.Account
	if a == nil {
		return kit.Viewer{}, problemError{errors.New("--as: nobody signs in to this backend")}
	}
	e := s.service.Backend.Entity(a.Entity)
	column := e.Field(a.Login).Column
	if _, wrong := input.Value(&meta.Field{Kind: meta.ID}, as); wrong == nil {
		column = "id"
	}
	condition := `a."` + column + `" = $1`
	if column != "id" {
		condition = `lower(a."` + column + `") = lower($1)`
	}
	var id string
	err := s.engine.DB().Read(ctx, func(c sqldb.Conn) error {
		rows, err := c.Query(ctx, "SELECT a.id FROM "+s.engine.Living(e)+" a WHERE "+condition, as)
		if err != nil {
			return err
		}
		defer rows.Close()
		if !rows.Next() {
			return errors.Join(rows.Err(), missing)
		}
		return rows.Scan(&id)
	})
	return kit.Viewer{ID: kit.ID(id)}, err
}

// changes reads the input as the REST door would.
func (q question) changes() ([]query.Change, error) {
	if q.input == "" {
		return nil, nil
	}
	raw, err := input.Parse([]byte(q.input))
	object, isObject := raw.(input.Object)
	if err != nil || !isObject {
		return nil, problemError{errors.New("--input: it is no JSON object")}
	}
	fields := query.CreateFields(q.entity)
	if q.verb == meta.Update {
		fields = query.UpdateFields(q.entity)
	}
	values, wrong := input.Fields(fields, object, func(name string) bool { return q.entity.Field(name) != nil })
	if wrong != nil {
		return nil, problemError{fmt.Errorf("--input: %s %s", wrong[0].Field, wrong[0].Detail)}
	}
	var changes []query.Change
	for _, f := range fields {
		if v, given := values[f]; given {
			changes = append(changes, query.Change{Field: f, Value: v})
		}
	}
	return changes, nil
}

// writeAccess is an explanation for a person.
func writeAccess(out *bytes.Buffer, a *query.Access, q question) {
	what := a.Verb + " " + a.Entity
	if q.key != "" {
		what += "/" + q.key
	}
	who := "nobody"
	if a.Viewer != "" {
		who = q.as
		if who != a.Viewer {
			who += " (" + a.Viewer + ")"
		}
	}
	if q.tenant != "" {
		who += " in " + q.tenant
	}
	fmt.Fprintf(out, "%s as %s: %s", what, who, a.Answer)
	if a.Detail != "" {
		fmt.Fprintf(out, " (%s)", a.Detail)
	}
	fmt.Fprintf(out, "\nthis is for operators: it shows rows and values that the viewer may not see\n")
	for _, why := range a.Hidden {
		fmt.Fprintf(out, "\nnot there: %s\n", why)
	}
	if a.Refused != "" {
		fmt.Fprintf(out, "\nrefused before any rule is asked: %s\n", a.Refused)
		return
	}
	if a.Seen != nil {
		fmt.Fprintf(out, "\nto see it, one of\n")
		writeDecisions(out, a.Seen)
	}
	if len(a.Rules) == 0 {
		fmt.Fprintf(out, "\nno rule allows %s\n", a.Verb)
	} else {
		fmt.Fprintf(out, "\nto %s it, one of\n", a.Verb)
		writeDecisions(out, a.Rules)
	}
	field := ""
	for i, d := range a.Fields {
		if d.Field != field {
			field = d.Field
			fmt.Fprintf(out, "\nits %s, one of\n", field)
		}
		writeDecisions(out, a.Fields[i:i+1])
	}
}

func writeDecisions(out *bytes.Buffer, decisions []query.Decision) {
	for _, d := range decisions {
		if d.Later {
			fmt.Fprintf(out, "  ?    %s\n       it names old: --input '{…}' says what is changed\n", d.Source)
			continue
		}
		fmt.Fprintf(out, "  %s %s\n", yesNo(d.Holds), d.Source)
		for _, c := range d.Clauses {
			writeClause(out, c, "       ", strings.HasSuffix(d.Source, c.Text))
		}
	}
}

// writeClause writes a part of a rule, without its text where that was just said.
func writeClause(out *bytes.Buffer, c query.Clause, indent string, said bool) {
	if !said {
		fmt.Fprintf(out, "%s%s %s\n", indent, yesNo(c.Holds), c.Text)
		indent += "     "
	}
	for _, v := range c.Values {
		value := "null"
		if v.Value != nil {
			value = fmt.Sprint(v.Value)
		}
		fmt.Fprintf(out, "%s%s = %s\n", indent, v.Path, value)
	}
	for _, inner := range c.Clauses {
		writeClause(out, inner, indent, false)
	}
}

func yesNo(holds bool) string {
	if holds {
		return "yes "
	}
	return "no  "
}
