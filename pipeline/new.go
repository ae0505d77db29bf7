package pipeline

import (
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/fettlehq/fettle/diag"
)

// starter is the project that New begins with. NAME and MODULE stand for the backend's own.
//
//go:embed all:starter
var starter embed.FS

var backendName = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

// New makes a project with a small design in a folder that does not exist or is empty, and generates its service. The
// backend is named after the folder. An empty goModule stands for example.com/NAME.
func New(dir, goModule, kit string) (*Generated, error) {
	full, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	name := filepath.Base(full)
	if !backendName.MatchString(name) {
		return nil, fmt.Errorf("%s: a backend is named in lower case letters and digits, starting with a letter", name)
	}
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return nil, fmt.Errorf("%s: is not empty", dir)
	}
	if goModule == "" {
		goModule = "example.com/" + name
	}
	if _, err := findKit(dir, kit); err != nil {
		return nil, err
	}
	begun, err := begin(name, goModule)
	if err != nil {
		return nil, err
	}
	g, err := settle(dir, kit, begun)
	if err != nil {
		os.RemoveAll(dir) // it was not there, or empty
		return nil, err
	}
	g.Changes = append(begun, g.Changes...)
	g.Notes = append(g.Notes, portability(dir)...)
	return g, nil
}

// settle writes the files of a new project and what follows from them.
func settle(dir, kit string, begun []Change) (*Generated, error) {
	if err := write(dir, begun); err != nil {
		return nil, err
	}
	g, err := Generate(dir, Options{Kit: kit, fresh: true})
	if err != nil {
		return nil, err
	}
	if len(g.Problems) > 0 {
		var text strings.Builder
		_ = diag.Text(&text, g.Problems, g.Texts, false)
		return nil, fmt.Errorf("the starting design:\n%s", text.String())
	}
	return g, g.Write()
}

// begin is the files of a new project that are the team's.
func begin(name, goModule string) ([]Change, error) {
	var files []Change
	err := fs.WalkDir(starter, "starter", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(starter, path)
		if err != nil {
			return err
		}
		content := strings.NewReplacer("NAME", name, "MODULE", goModule).Replace(string(text))
		path = strings.TrimSuffix(strings.TrimPrefix(path, "starter/"), ".txt") // so that it is no Go file of the tool
		files = append(files, Change{path, []byte(content)})
		return nil
	})
	return files, err
}
