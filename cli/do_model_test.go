package cli_test

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const registration = "Create a user registration endpoint with email verification"

// A person who asks for registration in words gets it from nothing, without a model and with one, and is told in the shop that it is there:
// the plan and the difference first, then the service, its tests and its review.
func TestRegistration(t *testing.T) {
	if testing.Short() {
		t.Skip("builds services")
	}
	t.Run("empty", func(t *testing.T) {
		dir := place(t, "")
		r := in(t, dir)
		if code, out := r.do(registration); code != 2 || !strings.Contains(out, "there is no terminal") || len(contents(t, dir)) > 0 {
			t.Errorf("%d\n%s", code, out)
		}
		if code, out := r.do(registration, "--yes"); code != 0 || !strings.Contains(out, "3 passed, 0 failed") {
			t.Errorf("%d\n%s", code, out)
		}
		if code, out := r.do(registration, "--yes"); code != 0 || !strings.Contains(out, "nothing changes") {
			t.Errorf("twice is not once: %d\n%s", code, out)
		}
		if !strings.Contains(sum(t, filepath.Join(dir, "api", "openapi.json")), `"/auth/register"`) {
			t.Error("there is no endpoint")
		}
		if code, out := said("generate", "--check", dir); code != 0 {
			t.Error(out)
		}
		r.is("registration-empty")
	})
	t.Run("empty, with a model", func(t *testing.T) {
		dir := place(t, "")
		r := in(t, dir)
		m := scripted(t, r, step{tool: "check_design", arguments: `{"recipes":true}`}, step{tool: "edit_design", arguments: `{"recipe":"registration"}`},
			step{tool: "check_design", arguments: `{}`}, step{words: "People register by POST /auth/register, prove their address and sign in."})
		if code, out := r.do(registration, "--yes", "--model", m.URL+"/v1/messages"); code != 0 || !strings.Contains(out, "tried in a copy: 3 tests passed, no finding") || !strings.Contains(out, "notes: done;") {
			t.Errorf("%d\n%s", code, out)
		}
		if !strings.Contains(sum(t, filepath.Join(dir, "api", "openapi.json")), `"/auth/register"`) {
			t.Error("there is no endpoint")
		}
		r.is("registration-empty-model")
	})
	t.Run("shop", func(t *testing.T) {
		dir := place(t, "../examples/shop")
		before := contents(t, dir)
		r := in(t, dir)
		if code, out := r.do(registration); code != 0 || !strings.Contains(out, "nothing changes") {
			t.Errorf("%d\n%s", code, out)
		}
		r.is("registration-shop")
		r = in(t, dir)
		m := scripted(t, r, step{tool: "check_design", arguments: `{}`}, step{tool: "edit_design", arguments: `{"recipe":"registration"}`},
			step{words: "The shop has registration with a proof of the address already."})
		if code, out := r.do(registration, "--model", m.URL+"/v1"); code != 0 || !strings.Contains(out, "nothing changes") {
			t.Errorf("%d\n%s", code, out)
		}
		r.is("registration-shop-model")
		if !maps.Equal(before, contents(t, dir)) {
			t.Error("the shop was written")
		}
	})
}

// A model's first edit breaks a test of the team: it is told which, and mends it. One that leaves code of the team that does not compile is
// given up, and nothing that it made is left in the project.
func TestModelMends(t *testing.T) {
	if testing.Short() {
		t.Skip("builds services")
	}
	dir := place(t, "")
	if code, out := said("new", dir, "--kit", "../kit"); code != 0 {
		t.Fatal(out)
	}
	put(t, filepath.Join(dir, "app", "titles_test.go"), `package app_test

import (
	"strings"
	"testing"

	"example.com/notes/app"
	"github.com/fettlehq/fettle/kit/designtest"
)

// TestTitles: a title of 120 characters is one that our printers take.
func TestTitles(t *testing.T) {
	account := designtest.Account{Login: "email", Fields: `+"`"+`{"name":"{name}"}`+"`"+`}
	designtest.Run(t, app.New(nil), account, []designtest.Promise{
		{Title: "a title has up to 120 characters", As: "ada", Ask: "POST /v1/notes", Body: `+"`"+`{"title":"`+"`"+` + strings.Repeat("x", 120) + `+"`"+`"}`+"`"+`, Want: 201},
	})
}
`)
	before := contents(t, dir)
	bound := func(from, to int) step {
		return step{tool: "edit_design", arguments: fmt.Sprintf(`{"replace":[{"file":"design/notes.graphql","old":"title: String! @length(min: 1, max: %d)","new":"title: String! @length(min: 1, max: %d)"}]}`, from, to)}
	}
	const told = "failed: app.TestTitles/a title has up to 120 characters"

	r := in(t, dir)
	renamed := step{tool: "edit_design", arguments: `{"replace":[{"file":"design/notes.graphql","old":"status: Status!","new":"state: Status!"}]}`}
	m := scripted(t, r, renamed, step{words: "The status is called state now."}, step{words: "I would leave it so."}, step{words: "It is done."})
	code, out := r.do("Call the status of a note its state", "--yes", "--model", m.URL+"/v1")
	const uncompiled = "note.Status undefined"
	if code != 1 || !strings.Contains(out, uncompiled) || !strings.Contains(out, "what it made was tried 3 times and is still wrong; nothing was written") || strings.Count(m.heard(), uncompiled) != 2 {
		t.Errorf("%d\n%s", code, out)
	}
	if !maps.Equal(before, contents(t, dir)) {
		t.Error("something was written")
	}
	r.is("unmended")

	r = in(t, dir)
	m = scripted(t, r, bound(200, 100), step{words: "Titles have 100 characters at most."}, bound(100, 120), step{words: "Titles have 120 characters at most."})
	code, out = r.do("Titles of notes are too long for our printers", "--yes", "--model", m.URL+"/v1/messages")
	if code != 0 || strings.Count(m.heard(), told) != 1 || !strings.Contains(out, "notes: done;") || !strings.Contains(sum(t, filepath.Join(dir, "design", "notes.graphql")), "max: 120)") {
		t.Errorf("%d\n%s", code, out)
	}
	r.is("mended")

	// What would lose data is shown, and done where a person says so; that everything is agreed to is not enough.
	if err := os.Mkdir(filepath.Join(dir, "data"), 0o755); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(dir, "data", "notes.db"), "a database that has run the first migration")
	before = contents(t, dir)
	r = in(t, dir)
	steps := []step{{tool: "edit_design", arguments: `{"replace":[{"file":"design/notes.graphql","old":"  due: Date\n","new":""}]}`}, {words: "Notes are due no more; what was there is lost."}}
	code, out = r.do("Notes need no due date", "--yes", "--model", scripted(t, r, steps...).URL+"/v1")
	wants(t, code, 2, out, "loses data: column notes.due is dropped with its data", "nothing was written: it would lose the data that is named above; --accept-loss does it all the same")
	if !maps.Equal(before, contents(t, dir)) {
		t.Error("something was written")
	}
	code, out = r.do("Notes need no due date", "--yes", "--accept-loss", "--model", scripted(t, r, steps...).URL+"/v1")
	wants(t, code, 0, out, "loses data: column notes.due is dropped with its data", "notes: done;")
	if strings.Contains(sum(t, filepath.Join(dir, "design", "notes.graphql")), "due: Date") {
		t.Error("nothing was written")
	}
	r.is("lossy")
}

// Where nothing came of what a model wanted, and no tool did it, the exit code says so, and the person reads why.
func TestModelRefused(t *testing.T) {
	dir := place(t, "")
	r := in(t, dir)
	m := scripted(t, r, step{tool: "edit_design", arguments: `{"replace":[{"file":"design/notes.graphql","new":"type Note @entity { title: Strin! }"}]}`}, step{words: "It is done."})
	code, out := r.do("Add notes", "--yes", "--model", m.URL+"/v1/messages")
	wants(t, code, 1, out, "edit_design was not taken: Nothing was written: the design would have", "no type Strin [D101]", "nothing changes", "edit_design did not do what the model wanted")
	if code, out = said("do", "--help"); code != 0 || !strings.Contains(strings.Join(strings.Fields(out), " "), "https://api.anthropic.com/v1/messages") {
		t.Error("which address is whose form is told nowhere:", out)
	}
}

// place is a folder called as its project, as far from the kit as the shop is, whose go.mod leads there; a copy of a project, or empty.
func place(t *testing.T, project string) string {
	t.Helper()
	tmp := t.TempDir()
	name := "notes"
	if project != "" {
		name = filepath.Base(project)
	}
	dir := filepath.Join(tmp, "examples", name)
	kit, err := filepath.Abs("../kit")
	if err := errors.Join(err, os.MkdirAll(dir, 0o755), os.Symlink(kit, filepath.Join(tmp, "kit"))); err != nil {
		t.Fatal(err)
	}
	if project != "" {
		if err := os.CopyFS(dir, os.DirFS(project)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// contents are the files of a project, by their paths in it.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		files[strings.TrimPrefix(path, dir)] = sum(t, path)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
