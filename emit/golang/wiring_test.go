package golang

import (
	"testing"

	"github.com/fettlehq/fettle/model"
)

// main.go is the team's, so what a module that comes or goes changes in it is told, not written.
func TestRewired(t *testing.T) {
	notes, extra, types := &model.Module{Name: "notes"}, &model.Module{Name: "extra"}, &model.Module{Name: "types"}
	for _, m := range []*model.Module{notes, extra} {
		m.Operations = []*model.Operation{{Name: "do", Module: m}}
	}
	types.Enums = []*model.Enum{{Name: "Kind"}}
	m := &model.Model{Name: "notes", GoModule: "example.com/notes", Modules: []*model.Module{notes, extra, types}}
	const before, after = "package main\nfunc main() { service := app.New(", ") }"
	const want = `import "example.com/notes/extra"
import "example.com/notes/notes"

service := app.New(extra.New(), notes.New())
`
	for args, want := range map[string]string{
		"notes.New()": want, "a.New(1), b, c": want, "": want, "extra.New(), notes.New(x)": "", "notes.New(), ": want, "((": "",
	} {
		if got := Rewired(m, []byte(before+args+after)); got != want {
			t.Errorf("with %q: got %q", args, got)
		}
	}
}
