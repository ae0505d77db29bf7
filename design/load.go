package design

import (
	"fmt"
	"os"
	"path/filepath"
)

// Load reads the design of the project in a folder: its design/*.graphql in the order of their names, without the prelude.
// Errors name the file or folder that cannot be read.
func Load(dir string) ([]Source, error) {
	folder := filepath.Join(dir, "design")
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, fmt.Errorf("design of %q: %w", dir, err)
	}
	var files []Source
	for _, entry := range entries {
		name := entry.Name()
		if entry.IsDir() || filepath.Ext(name) != ".graphql" || name == "prelude.graphql" {
			continue
		}
		text, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			return nil, fmt.Errorf("design file: %w", err)
		}
		files = append(files, Source{Name: "design/" + name, Text: string(text)})
	}
	return files, nil
}
