package breaking_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/fettlehq/fettle/breaking"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// Each case is a contract before and after, and what is told of it: nothing, where the change is one that clients need not notice.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		golden, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		parts := map[string]*txtar.File{}
		for i := range golden.Files {
			parts[golden.Files[i].Name] = &golden.Files[i]
		}
		compare := breaking.GraphQL
		before, after := parts["before.graphql"], parts["after.graphql"]
		if before == nil {
			compare, before, after = breaking.REST, parts["before.json"], parts["after.json"]
		}
		changes, err := compare(before.Data, after.Data)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		var got strings.Builder
		for _, c := range changes {
			fmt.Fprintf(&got, "%s: %s [%s]\n", c.At, c.Text, c.Rule)
		}
		want := parts["changes"]
		if *update {
			want.Data = []byte(got.String())
			if err := os.WriteFile(file, txtar.Format(golden), 0o644); err != nil {
				t.Fatal(err)
			}
		} else if got.String() != string(want.Data) {
			t.Errorf("%s: got\n%s", file, &got)
		}
	}
}
