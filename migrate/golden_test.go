package migrate_test

import (
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/fettlehq/fettle/migrate"
	"github.com/fettlehq/fettle/schema"
)

var update = flag.Bool("update", false, "rewrite testdata")

// A golden file has two schemas as JSON, "from" and "to", then what is planned: the steps, the losses, the files.
func TestGolden(t *testing.T) {
	paths, _ := filepath.Glob("testdata/*.txtar")
	if len(paths) == 0 {
		t.Fatal("no testdata")
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			from, to := readSchema(t, archive.Files[0].Data), readSchema(t, archive.Files[1].Data)
			planned := &txtar.Archive{Comment: archive.Comment, Files: slices.Concat(archive.Files[:2:2], plan(from, to))}
			got := txtar.Format(planned)
			if *update {
				if err := os.WriteFile(path, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if want := txtar.Format(archive); string(got) != string(want) && !*update {
				t.Errorf("planned\n%s\nwanted\n%s", got, want)
			}
		})
	}
}

func readSchema(t *testing.T, text []byte) *schema.Schema {
	var s schema.Schema
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatal(err)
	}
	return &s
}

func plan(from, to *schema.Schema) (files []txtar.File) {
	p, err := migrate.Between(from, to, migrate.Options{AcceptLoss: true, Service: "shop"})
	if err != nil {
		return []txtar.File{{Name: "error", Data: []byte(err.Error() + "\n")}}
	}
	var steps, losses strings.Builder
	for _, step := range p.Steps {
		steps.WriteString(step.Text + "\n")
	}
	for _, loss := range p.Losses {
		losses.WriteString(loss.Text + "\n")
	}
	files = append(files, txtar.File{Name: "steps", Data: []byte(steps.String())})
	if losses.Len() > 0 {
		files = append(files, txtar.File{Name: "losses", Data: []byte(losses.String())})
	}
	written := migrate.Files(p, 3, "")
	for _, name := range slices.Sorted(maps.Keys(written)) {
		files = append(files, txtar.File{Name: name, Data: written[name]})
	}
	return files
}
