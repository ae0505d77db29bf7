package pipeline

import (
	"fmt"
	"path"
	"path/filepath"
	"strings"
	"time"

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
	if was.design, was.model, err = modelAt(dir, revision); err != nil {
		return nil, err
	}
	if was.model == nil {
		c.Notes = append(c.Notes, fmt.Sprintf("design/: is not in %s as this version reads it, so what contracts do not say is not compared", revision))
	}
	if err := c.against(was, l.Numbers, time.Now()); err != nil {
		return nil, err
	}
	return c, nil
}

// version is what clients were given: the contracts by their path, and the model that they follow from, nil where it is not known.
type version struct {
	contracts map[string][]byte
	design    *design.Design
	model     *model.Model
}

// against reports what breaks clients of the version that was. What was said to go by today, and is gone, is compared as though it were
// still there: its clients were told.
func (c *Checked) against(was version, numbers proto.Numbers, today time.Time) error {
	ended := c.ended(was, today)
	for _, e := range ended.all {
		c.Notes = append(c.Notes, fmt.Sprintf("%s: is gone, as was said for %s: that breaks nobody who was told", e.name, e.on.Format(time.DateOnly)))
	}
	for _, contract := range contracts {
		before, ok := was.contracts[contract.path]
		if !ok {
			continue
		}
		after := contract.emit(ended.model, numbers)
		if contract.path == openAPIFile && c.openAPI != nil {
			after, _ = openapi.Join(ended.model, partFile, []byte(c.Texts[partFile]))
		}
		changes, err := contract.compare(before, after)
		if err != nil {
			return fmt.Errorf("%s: %w", contract.path, err)
		}
		c.report(was.model, ended, contract.code, changes)
	}
	if was.model != nil {
		c.report(was.model, ended, BreaksPromise, breaking.Design(was.model, ended.model, today))
	}
	c.Problems.Sort()
	return nil
}

// modelAt is the design at a revision and its model; nil where there is none, or none that this version of the tool understands.
func modelAt(dir, revision string) (*design.Design, *model.Model, error) {
	listed, err := git(dir, "ls-tree", "--name-only", revision, "--", "design/")
	if err != nil {
		return nil, nil, err
	}
	var sources []design.Source
	for name := range strings.Lines(string(listed)) {
		name = strings.TrimSpace(name)
		if path.Ext(name) != ".graphql" || path.Base(name) == "prelude.graphql" {
			continue
		}
		text, err := git(dir, "show", revision+":./"+name)
		if err != nil {
			return nil, nil, err
		}
		sources = append(sources, design.Source{Name: name, Text: string(text)})
	}
	var problems diag.List
	d := design.Parse(sources, &problems)
	m := build.Model(d, &problems)
	if len(problems) > 0 {
		return nil, nil, nil
	}
	return d, m, nil
}
