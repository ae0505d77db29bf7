package kit_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// doc/correctness.md lists what decodes and its fuzz target, as rows "| file | what it reads | target |", where the target is
// "FuzzName in package", or "none: " and a reason.
var row = regexp.MustCompile("(?m)^\\| `([a-z/]+\\.go)` \\| .+ \\| (?:`(Fuzz\\w+)` in `([a-z/]+)`|none: .+) \\|$")

// decodes are the calls by which a file reads what it did not write.
var decodes = regexp.MustCompile(`input\.Parse\(|protowire\.Consume|json\.(Unmarshal|NewDecoder)\(|url\.Parse(Query)?\(|ParseQueryWithTokenLimit|base64\.[A-Za-z.]+DecodeString|(gzip|zstd)\.NewReader|gzip\.Reader|mime\.ParseMediaType`)

// Each file of kit that decodes stands in the list, and each target that the list names is there.
func TestEveryDecoderHasAFuzzTarget(t *testing.T) {
	page, err := os.ReadFile("../doc/correctness.md")
	if err != nil {
		t.Skip("no documents beside the module")
	}
	var listed []string
	for _, m := range row.FindAllStringSubmatch(string(page), -1) {
		listed = append(listed, m[1])
		if m[2] == "" {
			continue
		}
		tests, _ := filepath.Glob(m[3] + "/*_test.go")
		if !slices.ContainsFunc(tests, func(file string) bool {
			text, err := os.ReadFile(file)
			return err == nil && strings.Contains(string(text), "func "+m[2]+"(f *testing.F)")
		}) {
			t.Errorf("%s: there is no %s in %s", m[1], m[2], m[3])
		}
	}
	var found []string
	err = filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		if decodes.Match(text) {
			found = append(found, filepath.ToSlash(path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range found {
		if !slices.Contains(listed, file) {
			t.Errorf("%s decodes something, and is not in the list of doc/correctness.md", file)
		}
	}
	for _, file := range listed {
		if !slices.Contains(found, file) {
			t.Errorf("%s is in the list of doc/correctness.md, and decodes nothing", file)
		}
	}
}
