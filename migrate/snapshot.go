package migrate

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/fettlehq/fettle/schema"
)

// ReadSnapshot reads a file such as migrations/schema.json: the schema that the migration files beside it lead to. A
// file that does not exist is an empty schema.
func ReadSnapshot(path string) (*schema.Schema, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return &schema.Schema{}, nil
	}
	if err != nil {
		return nil, err
	}
	var s schema.Schema
	if err := json.Unmarshal(text, &s); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &s, nil
}

// WriteSnapshot writes the schema that ReadSnapshot is to give when the next plan is made.
func WriteSnapshot(path string, s *schema.Schema) error {
	text, err := Snapshot(s)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return os.WriteFile(path, text, 0o644)
}

// Snapshot is the bytes of the file that WriteSnapshot writes, for who collects files before writing them.
func Snapshot(s *schema.Schema) ([]byte, error) {
	text, err := json.MarshalIndent(s, "", "  ")
	return append(text, '\n'), err
}
