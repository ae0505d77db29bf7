package pipeline

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/fettlehq/fettle/internal/child"
)

// Tested is what the tests of a project said: those that follow from its design, and the team's.
type Tested struct {
	*Checked
	Built  *Built // why they do not compile; nil where they do
	Passed int    // tests, parts of tests among them
	Failed []Failure
	Took   time.Duration
}

// Failure is a test that failed, or a package whose tests could not be run.
type Failure struct {
	Test   string // "app.TestDesign/nobody makes a note without signing in"
	Output string // its last words, at most 4 KiB
}

// Bounds of Test.
const (
	testTimeout = 5 * time.Minute
	maxOutput   = 4 << 10
	maxFailures = 20
)

// Test runs the tests of the project in a folder: what its design promises (app/design_test.go), and what the team wrote. Nothing
// of the environment's settings reaches them but those of Go.
func Test(ctx context.Context, dir string) (*Tested, error) {
	checked, err := Check(dir)
	if none := (*NoDesign)(nil); errors.As(err, &none) && none.Module {
		checked, err = &Checked{Dir: dir}, nil // the team's tests are all there are
	}
	if err != nil {
		return nil, err
	}
	t := &Tested{Checked: checked}
	if len(checked.Problems) > 0 {
		return t, nil
	}
	ctx, cancel := context.WithTimeout(ctx, testTimeout)
	defer cancel()
	command := child.Command(ctx, "go", "test", "-json", "-timeout", testTimeout.String(), "./...")
	command.Dir = dir
	command.Env = goEnv("GOWORK=off")
	var stderr bytes.Buffer
	command.Stderr = &stderr
	stdout, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	began := time.Now()
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("go test: %w", err)
	}
	compiled := t.read(bufio.NewScanner(stdout))
	err = command.Wait()
	t.Took = time.Since(began)
	if !compiled && ctx.Err() == nil && checked.Model != nil {
		if t.Built, err = Build(ctx, dir, checked.Model); err != nil || len(t.Built.Problems) > 0 {
			return t, err
		}
		t.Built = nil // the service builds: what does not compile is a test, which is told as one that failed
		return t, nil
	}
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return t, fmt.Errorf("go test: not done after %s", testTimeout)
	case ctx.Err() != nil:
		return t, ctx.Err()
	case err != nil && len(t.Failed) == 0:
		return t, fmt.Errorf("go test: %w\n%s", err, strings.TrimSpace(stderr.String()))
	}
	return t, nil
}

// read gathers what the go command tells of each test, and whether all of it compiled.
func (t *Tested) read(lines *bufio.Scanner) (compiled bool) {
	compiled = true
	lines.Buffer(nil, 4<<20)
	said := map[string]*strings.Builder{}
	under := map[string]bool{} // tests of which a part failed: the part tells it
	for lines.Scan() {
		var e struct{ Action, Package, ImportPath, Test, Output string }
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			continue
		}
		if e.Package == "" {
			e.Package, _, _ = strings.Cut(e.ImportPath, " ")
		}
		pkg := e.Package[strings.LastIndex(e.Package, "/")+1:]
		at := strings.TrimSuffix(pkg+"."+strings.ReplaceAll(e.Test, "_", " "), ".")
		switch e.Action {
		case "output", "build-output":
			if said[at] == nil {
				said[at] = &strings.Builder{}
			}
			if out := said[at]; out.Len() < maxOutput && !strings.HasPrefix(strings.TrimSpace(e.Output), "=== ") {
				out.WriteString(e.Output)
			}
		case "pass":
			if e.Test != "" {
				t.Passed++
			}
		case "fail", "build-fail":
			compiled = compiled && e.Action != "build-fail"
			if cut := strings.LastIndexAny(at, "/"); cut > 0 {
				under[at[:cut]] = true
			}
			failed := under[at]
			under[pkg], under[at] = true, true
			if !failed && len(t.Failed) < maxFailures {
				output := ""
				if said[at] != nil {
					output = strings.TrimSpace(said[at].String())
				}
				t.Failed = append(t.Failed, Failure{at, output})
			}
		}
	}
	return compiled
}

// goEnv is an environment for the go command, and for programs that are to know nothing of this one's settings.
func goEnv(settings ...string) []string {
	for _, setting := range os.Environ() {
		for _, prefix := range []string{"GO", "CGO_", "CC=", "XDG_CACHE_HOME=", "CI="} {
			if strings.HasPrefix(setting, prefix) {
				settings = append(settings, setting)
			}
		}
	}
	return scratchEnv(settings...)
}
