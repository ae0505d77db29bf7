package cli

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/pipeline"
)

type explainCommand struct {
	Plan   explainPlan   `cmd:"" help:"Show the SQL that answers a GraphQL query, and the database's plan for it."`
	Access explainAccess `cmd:"" help:"Tell which clauses of which rules let a viewer at a row, or hold it back."`
	Code   explainCode   `cmd:"" default:"withargs" help:"Say what the code of a problem, or a rule of review, means."`
}

// Help is examples.
func (explainCommand) Help() string {
	return "Examples:\n  fettle explain G005\n  fettle explain plan '{ products(first: 5) { nodes { title } } }' examples/shop\n" +
		"  fettle explain access READ Article/some-slug examples/conduit --as ada@example.com"
}

type explainPlan struct {
	Query string `arg:"" help:"GraphQL query."`
	Dir   string `arg:"" optional:"" default:"." help:"Folder of the project."`
	As    string `placeholder:"ACCOUNT" help:"Who asks: how an account signs in, or its id; without it, nobody."`
}

// Help is an example.
func (explainPlan) Help() string {
	return "Example: fettle explain plan '{ products(first: 5) { nodes { title } } }' examples/shop"
}

// Run builds the service and asks it how it would read. It changes no database, and makes none.
func (c explainPlan) Run(ctx context.Context, s streams) error {
	asked, err := pipeline.Plan(ctx, c.Dir, c.Query, c.As)
	if refused := (*pipeline.Refusal)(nil); errors.As(err, &refused) {
		fmt.Fprintln(s.err, refused)
		return errProblems
	}
	if err != nil {
		return err
	}
	if err := s.problems("text", asked.Problems, asked.Texts); err != nil {
		return err
	}
	if err := s.broken(asked.Built); err != nil {
		return err
	}
	fmt.Fprint(s.out, asked.Text)
	if asked.Empty != "" {
		s.notes([]string{asked.Unfilled()})
	}
	return nil
}

type explainAccess struct {
	Verb   string `arg:"" help:"READ, CREATE, UPDATE or DELETE."`
	Row    string `arg:"" help:"Entity and key or id of the row, such as Article/some-slug; of a CREATE the entity alone."`
	Dir    string `arg:"" optional:"" default:"." help:"Folder of the project."`
	As     string `help:"Login or id of the account that asks; nobody unless given." placeholder:"LOGIN"`
	In     string `help:"Key or id of the tenant in which it asks." placeholder:"TENANT"`
	Input  string `help:"What is created or changed, as JSON." placeholder:"JSON"`
	Format string `help:"How to print." enum:"text,json" default:"text"`
}

// Help is examples.
func (explainAccess) Help() string {
	return "For operators: it shows rows and values that the viewer may not see. What is written to find out is undone.\n\nExamples:\n" +
		"  fettle explain access READ Article/some-slug examples/conduit --as ada@example.com\n" +
		"  fettle explain access CREATE Comment --input '{\"article\":\"some-slug\",\"body\":\"Hi\"}' --as ada@example.com"
}

// Run builds the service and asks it what its rules say.
func (c explainAccess) Run(ctx context.Context, s streams) error {
	checked, err := pipeline.Check(c.Dir)
	if err != nil {
		return err
	}
	if err := s.problems("text", checked.Problems, checked.Texts); err != nil {
		return err
	}
	if file := filepath.Join("data", checked.Model.Name+".db"); os.Getenv("DATABASE_URL") == "" && !exists(filepath.Join(c.Dir, file)) {
		return fmt.Errorf("%s: there is no database yet to ask; fettle dev makes one, or DATABASE_URL names one", file)
	}
	args := []string{"explain", "access", "--format", c.Format}
	for _, option := range [][2]string{{"--as", c.As}, {"--in", c.In}, {"--input", c.Input}} {
		if option[1] != "" {
			args = append(args, option[0], option[1])
		}
	}
	return s.service(ctx, c.Dir, checked.Model, append(args, c.Verb, c.Row)...)
}

type explainCode struct {
	Code string `arg:"" help:"Code of a problem, such as D204, or name of a rule, such as n-plus-one."`
}

// Help is an example.
func (explainCode) Help() string {
	return "Examples:\n  fettle explain D204\n  fettle explain n-plus-one"
}

// codes are the comments of the constants of all codes, by code; the test of this file keeps them current.
//
//go:embed codes.json
var codes []byte

// Run prints what the source says about a code.
func (c explainCode) Run(s streams) error {
	text, err := meaning(c.Code)
	if err != nil {
		return err
	}
	_, err = fmt.Fprint(s.out, text)
	return err
}

// meaning is what the code of a problem, or a rule of review, means.
func meaning(of string) (string, error) {
	var texts map[string]string
	if err := json.Unmarshal(codes, &texts); err != nil {
		return "", fmt.Errorf("codes: %w", err)
	}
	if r := pipeline.Rule(strings.ToLower(of)); r != nil {
		return r.Document, nil
	}
	code := strings.ToUpper(of)
	text, found := texts[code]
	if !found {
		known := slices.Sorted(maps.Keys(texts))
		return "", fmt.Errorf("%.60s: no such code or rule; there are %s, and the rules %s", of, strings.Join(known, " "), strings.Join(pipeline.RuleNames(), " "))
	}
	return fmt.Sprintf("%s  %s", code, text), nil
}
