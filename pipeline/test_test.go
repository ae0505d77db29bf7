package pipeline

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A service that breaks what its design promises fails the test that was written for it, by the title of the promise; what it keeps
// passes. Each break is one edit of generated code.
func TestBrokenPromises(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a service")
	}
	dir := filepath.Join(t.TempDir(), "notes")
	if _, err := New(dir, "", "../kit"); err != nil {
		t.Fatal(err)
	}
	for _, broken := range []struct{ file, from, to string }{
		{"notes/module.gen.go", `meta.Eq(meta.This("owner"), meta.Viewer()), meta.Read,`, `meta.Const(true), meta.Read,`}, // who may see
		{"notes/module.gen.go", `MinLength: 1, MaxLength: 200`, `MinLength: 1`},                                           // how long a title may be (that it is required, the database knows too)
		{"notes/module.gen.go", `When:   meta.Eq(meta.Arg("note", "owner"), meta.Viewer()),`, `When: meta.Const(true),`},  // who may do
		{"app/app.gen.go", `Verify: meta.BeforeSignIn`, `Verify: meta.Later`},                                             // that an address is proven
	} {
		file := filepath.Join(dir, filepath.FromSlash(broken.file))
		have := string(text(t, file))
		if strings.Count(have, broken.from) != 1 {
			t.Fatalf("%s does not say %s once", broken.file, broken.from)
		}
		put(t, file, []byte(strings.Replace(have, broken.from, broken.to, 1)))
	}
	tested, err := Test(t.Context(), dir)
	if err != nil || tested.Built != nil {
		t.Fatal(tested.Built, err)
	}
	var failed []string
	for _, f := range tested.Failed {
		failed = append(failed, strings.TrimPrefix(f.Test, "app.TestDesign/"))
	}
	want := []string{
		"an address is proven before it signs in",
		"a note is not there for those who may not see it",
		"a note is not there for who is not signed in",
		"what a note may not hold is told by field",
		"finishNote is for those who have signed in",
	}
	if !slices.Equal(failed, want) || tested.Passed == 0 {
		t.Errorf("%d passed; failed:\n%s", tested.Passed, strings.Join(failed, "\n"))
	}
}
