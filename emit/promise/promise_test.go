package promise_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/fettlehq/fettle/design"
	"github.com/fettlehq/fettle/diag"
	"github.com/fettlehq/fettle/emit/promise"
	"github.com/fettlehq/fettle/model/build"
)

var update = flag.Bool("update", false, "rewrite expected output")

// Each file of testdata is a design and what its service surely answers. That it does answer so is tested with the examples and the
// designs of package pipeline, whose services are run.
func TestPromises(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var problems diag.List
			head := "extend schema @backend(name: \"notes\", module: \"example.com/notes\")\n"
			m := build.Model(design.Parse([]design.Source{{Name: "design/a.graphql", Text: head + string(archive.Files[0].Data)}}, &problems), &problems)
			for _, p := range problems {
				t.Fatalf("%v: %s", p.Pos, p.Message)
			}
			var out strings.Builder
			last := ""
			for _, p := range promise.Of(m) {
				if p.Title != last {
					fmt.Fprintf(&out, "%s\n", p.Title)
				}
				last = p.Title
				body := p.Body.Before
				if p.Body.Times > 0 {
					body += fmt.Sprintf("x*%d", p.Body.Times) + p.Body.After
				}
				fmt.Fprintf(&out, "  %s\n", strings.Join(strings.Fields(fmt.Sprint(p.As, " ", p.Ask, " ", body, " = ", p.Want, " ", p.Says, " ", p.Keep)), " "))
			}
			if *update {
				archive.Files = append(archive.Files[:1], txtar.File{Name: "promises", Data: []byte(out.String())})
				if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if len(archive.Files) != 2 || !bytes.Equal(archive.Files[1].Data, []byte(out.String())) {
				t.Errorf("got\n%s", out.String())
			}
		})
	}
}
