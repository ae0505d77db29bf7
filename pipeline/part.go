package pipeline

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/fettlehq/fettle/diag"
	"github.com/fettlehq/fettle/emit/openapi"
)

const (
	openAPIFile = "api/openapi.json"
	partFile    = "api/openapi.part.yaml" // what a team describes of its own handlers
)

// joinPart makes the OpenAPI document of a project that describes handlers of its own (decision 0043).
func (c *Checked) joinPart() {
	if len(c.Problems) > 0 {
		return
	}
	part, err := os.ReadFile(filepath.Join(c.Dir, filepath.FromSlash(partFile)))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return
	case err != nil:
		c.Problems.Add(diag.Pos{File: partFile, Line: 1, Column: 1}, BadPart, "", "cannot be read: %v", err)
		return
	}
	c.Texts[partFile] = string(part)
	var mistakes []openapi.Mistake
	c.openAPI, mistakes = openapi.Join(c.Model, partFile, part)
	for _, m := range mistakes {
		c.Problems.Add(m.Pos, BadPart, m.Hint, "%s", m.Message)
	}
}
