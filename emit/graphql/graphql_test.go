package graphql_test

import (
	"os"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fettlehq/fettle/emit/emittest"
	"github.com/fettlehq/fettle/emit/graphql"
)

// The schema of the shop is one that another implementation of GraphQL accepts.
func TestValid(t *testing.T) {
	text := string(graphql.Emit(emittest.Shop()))
	if dump := os.Getenv("DUMP"); dump != "" {
		os.WriteFile(dump, []byte(text), 0o644)
	}
	if _, err := gqlparser.LoadSchema(&ast.Source{Name: "schema.graphql", Input: text}); err != nil {
		t.Fatal(err)
	}
}
