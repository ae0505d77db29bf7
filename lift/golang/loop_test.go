package golang

import (
	"path/filepath"
	"testing"

	"github.com/fettlehq/fettle/facts"
)

// What gives many values of itself is data, whatever else it can do; what gives few and is called with a context is a part of the program.
func TestLoopsOverInterfaces(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "go.mod"), "module example.com/app\n\ngo 1.26\n")
	write(t, filepath.Join(dir, "app.go"), `package app

import "context"

type Task interface {
	ID() int
	Name() string
	Paused() bool
	Owner() string
	Pipeline() int
	Run(ctx context.Context) error
}

type Check interface {
	Name() string
	Run(ctx context.Context) error
}

func run(ctx context.Context, tasks []Task, checks []Check) {
	for _, t := range tasks {
		t.Run(ctx)
	}
	for _, c := range checks {
		c.Run(ctx)
	}
}
`)
	lifted, err := Lift(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]facts.LoopKind{"tasks": facts.OverItems, "checks": facts.OverConstant}
	for _, f := range lifted.Facts.Functions {
		for _, loop := range f.Loops {
			if loop.Kind != want[loop.Over] {
				t.Errorf("the loop over %s is of kind %v, want %v", loop.Over, loop.Kind, want[loop.Over])
			}
			delete(want, loop.Over)
		}
	}
	if len(want) > 0 {
		t.Errorf("no loop over %v", want)
	}
}
