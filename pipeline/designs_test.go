package pipeline_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/fettlehq/fettle/pipeline"
)

// The five designs are the measure of the language: a project of each checks without a problem, its Go names included.
func TestDesignsCheck(t *testing.T) {
	files, err := filepath.Glob("../design/testdata/designs/*.graphql")
	if err != nil || len(files) != 5 {
		t.Fatalf("want five designs, have %d (%v)", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			if err := os.Mkdir(filepath.Join(dir, "design"), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "design", filepath.Base(file)), text, 0o644); err != nil {
				t.Fatal(err)
			}
			checked, err := pipeline.Check(dir)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range checked.Problems {
				t.Errorf("%v: %s [%s]", d.Pos, d.Message, d.Code)
			}
		})
	}
}
