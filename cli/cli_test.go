package cli_test

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/fettlehq/fettle/cli"
)

var update = flag.Bool("update", false, "rewrite expected output")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"fettle": func() { os.Exit(cli.Do(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) },
	})
}

// TestCommands runs the scripts of testdata, each in a folder of its own, with the real program and the real go
// command, but no network.
func TestCommands(t *testing.T) {
	goEnv := goEnvironment(t)
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		UpdateScripts:       *update,
		Setup: func(env *testscript.Env) error {
			env.Vars = append(env.Vars, goEnv...)
			env.Values[serverKey{}] = &server{}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"start":   start,
			"told":    told,
			"halt":    halt, // testscript has a stop, which ends the script
			"http":    request,
			"json":    extract,
			"replace": replace,
			"append":  add,
			"snap":    snap,
			"same":    same,
		},
	})
}

// goEnvironment lets scripts build with the caches of whoever runs the tests.
func goEnvironment(t *testing.T) []string {
	out, err := exec.Command("go", "env", "GOCACHE", "GOMODCACHE", "GOPATH").Output()
	if err != nil {
		t.Fatal(err)
	}
	places := strings.Split(strings.TrimSpace(string(out)), "\n")
	kit, err := filepath.Abs("../kit")
	if err != nil {
		t.Fatal(err)
	}
	return []string{
		"GOCACHE=" + places[0], "GOMODCACHE=" + places[1], "GOPATH=" + places[2],
		"GOPROXY=off", "GOFLAGS=-mod=mod", "GOTOOLCHAIN=local", "NO_COLOR=1", "KIT=" + kit,
	}
}
