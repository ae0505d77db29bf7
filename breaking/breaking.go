// Package breaking tells what a new version of a contract takes from clients of the old one.
//
//	api/openapi.json, before and after ─▶ REST    ─┐
//	api/schema.graphql, before and after ─▶ GraphQL ─┼▶ []Change ─▶ pipeline: diagnostics at the design's declarations
//	api/descriptors.binpb, before and after ─▶ Proto ─┤
//	the models, before and after ─▶ Design           ─┘
//
// Only what can break a client that keeps to the old contract is a Change: what is added, and what is promised beyond before, is
// none. Design tells what no contract can say (decision 0085); a further contract is a further function.
package breaking

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oasdiff/oasdiff/checker"
	"github.com/oasdiff/oasdiff/diff"
	"github.com/oasdiff/oasdiff/load"

	"github.com/fettlehq/fettle/emit/door"
)

// Change is one thing that a client may miss.
type Change struct {
	Rule   string // stable: "api-path-removed-without-deprecation" as oasdiff calls it, "FIELD_REMOVED"
	At     string // where in the contract: "GET /v1/articles", "Article.note"
	Type   string // of GraphQL and gRPC: "Article"; else empty
	Member string // of Type; of REST the operationId, of a method the operation; may be empty
	Text   string // for a person

	Names []string // of REST: what the change is about, as paths of members from the body or parameter on: "items/items/author/name"
}

// REST compares two OpenAPI documents, by oasdiff.
func REST(before, after []byte) ([]Change, error) {
	old, err := read("the contract as it was", before)
	if err != nil {
		return nil, err
	}
	now, err := read("the contract as it is", after)
	if err != nil {
		return nil, err
	}
	difference, sources, err := diff.GetWithOperationsSourcesMap(diff.NewConfig(), old, now)
	if err != nil {
		return nil, fmt.Errorf("openapi.json: %w", err)
	}
	var changes []Change
	words := checker.NewDefaultLocalizer()
	for _, c := range checker.CheckBackwardCompatibilityUntilLevel(checker.NewConfig(checker.GetAllChecks()), difference, sources, checker.INFO) {
		if c.GetLevel() != checker.ERR && (!narrower.MatchString(c.GetId()) || takesAll(c)) {
			continue
		}
		change := Change{
			Rule: c.GetId(), At: c.GetOperation() + " " + c.GetPath(), Member: c.GetOperationId(), Text: c.GetUncolorizedText(words),
		}
		for _, arg := range c.GetArgs() {
			if name, ok := arg.(string); ok {
				change.Names = append(change.Names, name)
			}
		}
		changes = append(changes, change)
	}
	return sorted(changes), nil
}

// narrower are warnings that count: what a client may send has another pattern, of which cannot be said in general whether it takes
// less, so it is for a person to say; what it may send is gone, which these services refuse as UNKNOWN_FIELD; and what an answer has
// where it is asked for, by include, is gone.
var narrower = regexp.MustCompile(
	`^(request-(property|parameter)-pattern-(added|changed)|request-(property|parameter)-removed|response-optional-property-removed)$`)

// takesAll tells whether a pattern was changed to one that every text has, or every key: the last that is said of the change.
func takesAll(c checker.Change) bool {
	args := c.GetArgs()
	return len(args) > 0 && (args[len(args)-1] == door.AnyText || args[len(args)-1] == door.AnyKey)
}

func read(name string, text []byte) (*load.SpecInfo, error) {
	info, err := load.NewSpecInfoFromData(openapi3.NewLoader(), text, "openapi.json")
	if err != nil {
		return nil, fmt.Errorf("%s: openapi.json: %w", name, err)
	}
	return info, nil
}

func sorted(changes []Change) []Change {
	slices.SortFunc(changes, func(a, b Change) int {
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Text, b.Text))
	})
	return slices.CompactFunc(changes, func(a, b Change) bool { return a.At == b.At && a.Rule == b.Rule && a.Text == b.Text })
}
