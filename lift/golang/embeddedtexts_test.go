package golang

import (
	"path/filepath"
	"testing"
)

// A statement in a file of its own is read where a variable holds it; what leads out of the folder, or is no SQL, is not.
func TestEmbeddedTexts(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{
		"go.mod":       "module example.com/app\n\ngo 1.26\n",
		"sql/find.sql": "SELECT id FROM users WHERE email = ?;\n",
		"list.sql":     "SELECT id FROM notes",
		"store/store.go": `package store

import (
	"context"
	"database/sql"
	_ "embed"
)

//go:embed ../list.sql
var list string

var (
	//go:embed sql/find.sql
	find string
	//go:embed sql/find.sql
	bytes []byte
)

func Find(ctx context.Context, db *sql.DB, email string) {
	db.QueryRowContext(ctx, find, email)
	db.QueryContext(ctx, list)
}
`,
		"store/sql/find.sql": "SELECT id FROM users WHERE email = ?;\n",
	} {
		write(t, filepath.Join(dir, name), content)
	}
	lifted, err := Lift(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, f := range lifted.Facts.Functions {
		for _, q := range f.Queries {
			texts = append(texts, q.Text)
		}
	}
	if len(texts) != 2 || texts[0] != "SELECT id FROM users WHERE email = ?" || texts[1] != "" {
		t.Errorf("texts %q", texts)
	}
}
