package cli_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// replace changes a text in a file, which must be there.
//
//	replace FILE OLD NEW
func replace(ts *testscript.TestScript, neg bool, args []string) {
	text := ts.ReadFile(args[0])
	old, next := unescape(args[1]), unescape(args[2])
	if !strings.Contains(text, old) {
		ts.Fatalf("%s: has no %q", args[0], old)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.Replace(text, old, next, 1)), 0o644))
}

func unescape(text string) string { return strings.ReplaceAll(text, `\n`, "\n") }

// snap remembers the files of a folder, same compares the folder with what was remembered.
//
//	snap DIR NAME
func snap(ts *testscript.TestScript, neg bool, args []string) {
	ts.Check(os.CopyFS(ts.MkAbs(args[1]), os.DirFS(ts.MkAbs(args[0]))))
}

// same compares two folders to the byte.
//
//	same DIR DIR
func same(ts *testscript.TestScript, neg bool, args []string) {
	one, other := tree(ts, args[0]), tree(ts, args[1])
	for path, text := range one {
		if theirs, found := other[path]; !found || theirs != text {
			ts.Fatalf("%s differs", path)
		}
	}
	for path := range other {
		if _, found := one[path]; !found {
			ts.Fatalf("%s is only in %s", path, args[1])
		}
	}
}

func tree(ts *testscript.TestScript, dir string) map[string]string {
	files := map[string]string{}
	root := ts.MkAbs(dir)
	ts.Check(filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		files[strings.TrimPrefix(path, root)] = string(text)
		return err
	}))
	return files
}

// add appends one file to another.
//
//	append FILE FILE
func add(ts *testscript.TestScript, neg bool, args []string) {
	text := ts.ReadFile(args[0]) + ts.ReadFile(args[1])
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o644))
}
