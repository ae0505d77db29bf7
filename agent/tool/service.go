package tool

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/fettlehq/fettle/pipeline"
)

var callService = &Tool{
	Name: "call_service", Title: "Run the service and call it",
	Description: "Builds and runs the project's own code with an empty SQLite database that is thrown away, asks 1 to 10 requests in order, and tells each answer with its SQL and times. {{1.id}} is a field of answer 1; as: EMAIL registers, proves the address and signs in.",
	Schema: json.RawMessage(`{"type":"object","additionalProperties":false,"required":["requests"],"properties":{
"requests":{"type":"array","minItems":1,"maxItems":10,"items":{"type":"object","additionalProperties":false,"required":["method","path"],"properties":{
"method":{"enum":["GET","POST","PUT","PATCH","DELETE"]},"path":{"type":"string","description":"/v1/notes, /graphql"},"body":{"description":"JSON"},"as":{"type":"string"}}}},
"page":{"type":"integer","minimum":1}}}`),
	run: runCall,
}

func runCall(ctx context.Context, p *Project, text json.RawMessage) (f Facts, err error) {
	var in struct {
		Requests []struct {
			Method string          `json:"method"`
			Path   string          `json:"path"`
			Body   json.RawMessage `json:"body"`
			As     string          `json:"as"`
		} `json:"requests"`
	}
	if err := arguments(text, &in); err != nil {
		return f, err
	}
	if p.edits() {
		return f, fmt.Errorf("the design is edited and not written yet, so its service cannot be run")
	}
	var requests []pipeline.Request
	for _, r := range in.Requests {
		switch r.Method {
		case "GET", "POST", "PUT", "PATCH", "DELETE":
		default:
			return f, fmt.Errorf("method %.20q: is none of GET, POST, PUT, PATCH, DELETE", r.Method)
		}
		requests = append(requests, pipeline.Request{Method: r.Method, Path: r.Path, Body: string(r.Body), As: r.As})
	}
	leave, err := p.building.enter(ctx, true)
	if err != nil {
		return f, err
	}
	defer leave()
	called, err := pipeline.Call(ctx, p.Dir, requests)
	if err != nil && (called == nil || len(called.Answers) == 0) {
		return f, err
	}
	if len(called.Problems) > 0 {
		f.Summary = count(len(called.Problems), "problem") + " in the design."
		f.problems(called.Problems, called.Texts)
		return f, nil
	}
	if !f.built(called.Built) {
		return f, nil
	}
	f.Summary = fmt.Sprintf("%d of %d requests answered.", len(called.Answers), len(requests))
	if err != nil {
		f.Summary += " Then: " + err.Error()
	}
	for i, a := range called.Answers {
		answered(&f, requests[i], a)
	}
	return f, nil
}

func answered(f *Facts, r pipeline.Request, a pipeline.Answer) {
	type statement struct {
		SQL    string `json:"sql"`
		Micros int64  `json:"micros"`
	}
	data := struct {
		Request    string      `json:"request"`
		Status     int         `json:"status"`
		Millis     int64       `json:"millis"`
		Body       string      `json:"body"`
		Trace      string      `json:"trace"`
		Statements []statement `json:"statements"`
	}{Request: r.Method + " " + r.Path, Status: a.Status, Millis: a.Took.Milliseconds(), Body: clip(a.Body, 2000), Trace: a.Trace, Statements: []statement{}}
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %d, %s, trace %s\n%s", data.Request, a.Status, a.Took.Round(time.Millisecond), a.Trace, strings.TrimSpace(data.Body))
	for _, s := range a.Statements {
		data.Statements = append(data.Statements, statement{clip(s.SQL, 1000), s.Took.Microseconds()})
		fmt.Fprintf(&b, "\n  %s  %s", s.Took.Round(time.Microsecond), clip(s.SQL, 1000))
	}
	f.Items = append(f.Items, Item{b.String(), data})
}

var explain = &Tool{
	Name: "explain", Title: "Explain a code, a rule, a query or an access", ReadOnly: true,
	Description: "One of: code (a problem's, such as G005, or a rule of review, such as n-plus-one); query (GraphQL: its SQL and the database's plans, for as); row with verb and as (which clauses of which rules let an account at it). Databases are asked in a session, or on a copy, that cannot be written.",
	Schema: json.RawMessage(`{"type":"object","additionalProperties":false,"properties":{
"code":{"type":"string"},"query":{"type":"string"},
"row":{"type":"string","description":"Note/KEY"},"verb":{"enum":["READ","UPDATE","DELETE"]},"as":{"type":"string","description":"login or id; left out: nobody"},"tenant":{"type":"string"},
"page":{"type":"integer","minimum":1}}}`),
	run: runExplain,
}

func runExplain(ctx context.Context, p *Project, text json.RawMessage) (f Facts, err error) {
	var in struct{ Code, Query, Row, Verb, As, Tenant string }
	if err := arguments(text, &in); err != nil {
		return f, err
	}
	given := 0
	for _, one := range []string{in.Code, in.Query, in.Row} {
		if one != "" {
			given++
		}
	}
	if given != 1 {
		return f, fmt.Errorf("say one of code, query and row")
	}
	if in.Code != "" {
		meaning, err := p.Meaning(in.Code)
		if err != nil {
			return f, err
		}
		f.Summary = in.Code
		for part := range chunks(meaning, maxItem/2) {
			f.add(part, "%s", part)
		}
		return f, nil
	}
	if p.edits() {
		return f, fmt.Errorf("the design is edited and not written yet, so its service cannot be asked")
	}
	leave, err := p.building.enter(ctx, true)
	if err != nil {
		return f, err
	}
	defer leave()
	var asked *pipeline.Asked
	if in.Query != "" {
		asked, err = pipeline.Plan(ctx, p.Dir, in.Query, in.As)
	} else {
		switch in.Verb {
		case "":
			in.Verb = "READ"
		case "READ", "UPDATE", "DELETE":
		default:
			return f, fmt.Errorf("verb %.20q: is none of READ, UPDATE, DELETE", in.Verb)
		}
		asked, err = pipeline.Access(ctx, p.Dir, in.Verb, in.Row, in.As, in.Tenant)
	}
	if err != nil {
		return f, err
	}
	if len(asked.Problems) > 0 {
		f.Summary = count(len(asked.Problems), "problem") + " in the design."
		f.problems(asked.Problems, asked.Texts)
		return f, nil
	}
	if !f.built(asked.Built) {
		return f, nil
	}
	f.Summary = strings.TrimSpace("As the service tells it. " + asked.Unfilled())
	for part := range chunks(asked.Text, maxItem/2) {
		f.add(part, "%s", part)
	}
	return f, nil
}
