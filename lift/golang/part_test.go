package golang

import (
	"path/filepath"
	"testing"
)

// Code without a go.mod names its packages by the path that its files import each other by.
func TestModuleNamedByImports(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"main.go":             "package main\n\nimport (\n\t\"example.com/people/app/models\"\n\t\"example.com/people/app/routes\"\n)\n\nfunc main() { models.Open(); routes.Register() }\n",
		"models/models.go":    "package models\n\nfunc Open() {}\n",
		"routes/routes.go":    "package routes\n\nimport (\n\t\"example.com/other/models\"\n\tours \"example.com/people/app/models\"\n)\n\nfunc Register() { models.Close(); ours.Open() }\n",
		"routes/api/admin.go": "package api\n",
	} {
		write(t, filepath.Join(dir, filepath.FromSlash(name)), text)
	}
	lifted, err := Lift(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	calls := map[string]int{}
	for _, f := range lifted.Facts.Functions {
		for _, call := range f.Calls {
			for _, callee := range call.Callees {
				calls[f.Name+" "+callee.Name]++
			}
		}
	}
	for _, want := range []string{"main.main models.Open", "main.main routes.Register", "routes.Register models.Open"} {
		if calls[want] != 1 {
			t.Errorf("%q is not called: %v", want, calls)
		}
	}
}
