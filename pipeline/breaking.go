package pipeline

import (
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/breaking"
	"github.com/fettlehq/fettle/design"
	"github.com/fettlehq/fettle/diag"
	"github.com/fettlehq/fettle/emit/graphql"
	"github.com/fettlehq/fettle/emit/openapi"
	"github.com/fettlehq/fettle/emit/proto"
	"github.com/fettlehq/fettle/model"
	"github.com/fettlehq/fettle/model/build"
)

// contracts are what clients keep to, each with the way to compare two versions of it. Those of a door that a project has not
// are not in it.
var contracts = []struct {
	path    string
	code    diag.Code
	emit    func(*model.Model, proto.Numbers) []byte
	compare func(before, after []byte) ([]breaking.Change, error)
}{
	{"api/openapi.json", BreaksREST, func(m *model.Model, _ proto.Numbers) []byte { return openapi.Emit(m) }, breaking.REST},
	{"api/schema.graphql", BreaksGraphQL, func(m *model.Model, _ proto.Numbers) []byte { return graphql.Emit(m) }, breaking.GraphQL},
	{"api/descriptors.binpb", BreaksGRPC, func(m *model.Model, n proto.Numbers) []byte { return proto.Emit(m, n).Descriptors }, breaking.Proto},
}

// CheckAgainst is Check, and when there are no mistakes it compares the contracts of the design with those that the project
// had at a revision of git: what breaks clients of these is a problem at the declaration that it comes from.
func CheckAgainst(dir, revision string) (*Checked, error) {
	c, err := Check(dir)
	if err != nil || len(c.Problems) > 0 {
		return c, err
	}
	if strings.HasPrefix(revision, "-") {
		return nil, fmt.Errorf("%s: is no revision", revision)
	}
	if _, err := git(dir, "rev-parse", "--verify", "--quiet", revision+"^{commit}"); err != nil {
		return nil, fmt.Errorf("%s: is no revision of git in %s", revision, filepath.Clean(dir))
	}
	l, err := readLock(dir)
	if err != nil {
		return nil, err
	}
	was := version{contracts: map[string][]byte{}}
	for _, contract := range contracts {
		listed, err := git(dir, "ls-tree", "--name-only", revision, "--", contract.path)
		if err != nil {
			return nil, err
		}
		if len(listed) == 0 {
			c.Notes = append(c.Notes, fmt.Sprintf("%s: is not in %s, so nothing of it can break", contract.path, revision))
			continue
		}
		if was.contracts[contract.path], err = git(dir, "show", revision+":./"+contract.path); err != nil {
			return nil, err
		}
	}
	if was.model, err = modelAt(dir, revision); err != nil {
		return nil, err
	}
	if was.model == nil {
		c.Notes = append(c.Notes, fmt.Sprintf("design/: is not in %s as this version reads it, so what contracts do not say is not compared", revision))
	}
	if err := c.against(was, l.Numbers); err != nil {
		return nil, err
	}
	return c, nil
}

// version is what clients were given: the contracts by their path, and the model that they follow from, nil where it is not known.
type version struct {
	contracts map[string][]byte
	model     *model.Model
}

// against reports what breaks clients of the version that was.
func (c *Checked) against(was version, numbers proto.Numbers) error {
	for _, contract := range contracts {
		before, ok := was.contracts[contract.path]
		if !ok {
			continue
		}
		after := contract.emit(c.Model, numbers)
		if contract.path == openAPIFile && c.openAPI != nil {
			after = c.openAPI
		}
		changes, err := contract.compare(before, after)
		if err != nil {
			return fmt.Errorf("%s: %w", contract.path, err)
		}
		report(&c.Problems, c.Model, contract.code, changes)
	}
	if was.model != nil {
		report(&c.Problems, c.Model, BreaksPromise, breaking.Design(was.model, c.Model))
	}
	c.Problems.Sort()
	return nil
}

// modelAt is the model of the design at a revision; nil where there is none, or none that this version of the tool understands.
func modelAt(dir, revision string) (*model.Model, error) {
	listed, err := git(dir, "ls-tree", "--name-only", revision, "--", "design/")
	if err != nil {
		return nil, err
	}
	var sources []design.Source
	for name := range strings.Lines(string(listed)) {
		name = strings.TrimSpace(name)
		if path.Ext(name) != ".graphql" || path.Base(name) == "prelude.graphql" {
			continue
		}
		text, err := git(dir, "show", revision+":./"+name)
		if err != nil {
			return nil, err
		}
		sources = append(sources, design.Source{Name: name, Text: string(text)})
	}
	var problems diag.List
	m := build.Model(design.Parse(sources, &problems), &problems)
	if len(problems) > 0 {
		return nil, nil
	}
	return m, nil
}

// report adds a problem for each declaration that changes come from, with the first of them and the number of the others: what a
// field loses, its filters, orders and inputs lose too.
func report(problems *diag.List, m *model.Model, code diag.Code, changes []breaking.Change) {
	origins := map[diag.Pos][]breaking.Change{}
	var order []diag.Pos
	for _, c := range changes {
		at := origin(m, c)
		if origins[at] == nil {
			order = append(order, at)
		}
		origins[at] = append(origins[at], c)
	}
	for _, at := range order {
		var told []string
		for i, c := range origins[at] {
			if i == mostTold {
				told = append(told, fmt.Sprintf("and %d more", len(origins[at])-i))
				break
			}
			told = append(told, fmt.Sprintf("%s: %s (%s)", c.At, c.Text, c.Rule))
		}
		problems.Add(at, code, "keep it, mark it @deprecated, and take it away when nobody asks for it", "breaks clients: %s", strings.Join(told, "; "))
	}
}

const mostTold = 5

// origin is the declaration that a change comes from, nowhere of what is gone from the design.
func origin(m *model.Model, c breaking.Change) diag.Pos {
	for _, module := range m.Modules {
		for _, o := range slices.Concat(module.Operations, module.Subscriptions) {
			if (o.Name == c.Member || "subscribe"+strings.ToUpper(o.Name[:1])+o.Name[1:] == c.Member) && rootType(c.Type) {
				return o.Pos
			}
		}
		for _, e := range module.Enums {
			if e.Name == c.Type {
				return e.Pos
			}
		}
		for _, s := range slices.Concat(module.Values, module.Inputs) {
			if s.Name == c.Type {
				return fieldOr(s.Fields, c.Member, s.Pos)
			}
		}
	}
	var best *model.Entity // the one with the longest name, since CreateOrderLineInput is not of Order
	for _, e := range m.Entities {
		named := c.Type == e.Name || derived(c.Type, e.Name)
		if rootType(c.Type) {
			named = served(c.Member, e)
		}
		if named && (best == nil || len(e.Name) > len(best.Name)) {
			best = e
		}
	}
	if best == nil {
		return diag.Pos{}
	}
	return fieldOr(best.Fields, c.Member, best.Pos)
}

// rootType tells whether what has this type is an operation: of REST it has none.
func rootType(name string) bool {
	return name == "" || name == "Query" || name == "Mutation" || name == "Subscription"
}

// derived tells whether a type of the contract is made of an entity: ArticleFilter, UpdateArticleInput, ArticleConnection.
func derived(typ, entity string) bool {
	rest, found := strings.CutPrefix(typ, entity)
	for _, verb := range []string{"Create", "Update"} {
		if !found {
			rest, found = strings.CutPrefix(typ, verb+entity)
		}
	}
	return found && (rest == "" || rest[0] >= 'A' && rest[0] <= 'Z')
}

// served tells whether a generated operation is one of e.
func served(operation string, e *model.Entity) bool {
	switch operation {
	case e.Singular, e.Plural, e.Plural + "Aggregate", e.Singular + "History",
		"create" + e.Name, "update" + e.Name, "delete" + e.Name, "restore" + e.Name:
		return true
	}
	plural := strings.ToUpper(e.Plural[:1]) + e.Plural[1:]
	switch operation { // of the gRPC door
	case "get" + e.Name, "list" + plural, "stream" + plural, "aggregate" + plural, "list" + e.Name + "History":
		return true
	}
	return false
}

func fieldOr(fields []*model.Field, name string, otherwise diag.Pos) diag.Pos {
	for _, f := range fields {
		if f.Name == name && f.Pos.Line > 0 {
			return f.Pos
		}
	}
	return otherwise
}
