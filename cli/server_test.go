package cli_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// server is "fettle dev" as a script runs it.
type server struct {
	command *exec.Cmd
	ended   chan error
	url     string

	mu   sync.Mutex
	said bytes.Buffer // since the last told
}

type serverKey struct{}

func serverOf(ts *testscript.TestScript) *server { return ts.Value(serverKey{}).(*server) }

func (s *server) Write(text []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.said.Write(text)
}

// await waits until what was said matches, and takes it up to there.
func (s *server) await(pattern string, within time.Duration) (match []string, said string) {
	re := regexp.MustCompile("(?m)" + pattern)
	for end := time.Now().Add(within); ; time.Sleep(20 * time.Millisecond) {
		s.mu.Lock()
		said = s.said.String()
		match = re.FindStringSubmatch(said)
		if match != nil {
			s.said.Next(re.FindStringIndex(said)[1])
		}
		s.mu.Unlock()
		if match != nil || time.Now().After(end) {
			return match, said
		}
	}
}

// start runs "fettle dev" with the given arguments on a free port, and sets URL once it listens.
//
//	start DIR [FLAG...]
func start(ts *testscript.TestScript, neg bool, args []string) {
	s := serverOf(ts)
	s.ended = make(chan error, 1)
	s.command = exec.Command("fettle", append([]string{"dev", "--addr", "127.0.0.1:0", "--env", "LOG_LEVEL=warn"}, args...)...)
	path, err := exec.LookPath("fettle")
	ts.Check(err)
	s.command.Path, s.command.Err = path, nil
	s.command.Dir = ts.MkAbs(".")
	s.command.Env = scriptEnv(ts)
	s.command.Stdout, s.command.Stderr = s, s
	ts.Check(s.command.Start())
	go func() { s.ended <- s.command.Wait() }()
	ts.Defer(func() {
		s.command.Process.Kill()
	})
	if neg {
		return
	}
	match, said := s.await(`^listening on (http://\S+)$|nothing serves yet`, 5*time.Minute)
	if match == nil || match[1] == "" {
		ts.Fatalf("it does not listen:\n%s", said)
	}
	ts.Logf("%s", said)
	s.url = match[1]
	ts.Setenv("URL", s.url)
}

func scriptEnv(ts *testscript.TestScript) []string {
	var env []string
	for _, name := range []string{"PATH", "HOME", "WORK", "TMPDIR", "GOCACHE", "GOMODCACHE", "GOPATH", "GOPROXY", "GOFLAGS", "GOTOOLCHAIN", "NO_COLOR"} {
		env = append(env, name+"="+ts.Getenv(name))
	}
	return env
}

// told waits until dev has said something that matches, since the last time.
//
//	told PATTERN
func told(ts *testscript.TestScript, neg bool, args []string) {
	match, said := serverOf(ts).await(args[0], time.Minute)
	if match == nil {
		ts.Fatalf("nothing matches %q in:\n%s", args[0], said)
	}
	ts.Logf("%s", said)
}

// halt sends SIGTERM to dev and wants it to end well, and nothing to answer any more.
func halt(ts *testscript.TestScript, neg bool, args []string) {
	s := serverOf(ts)
	ts.Check(s.command.Process.Signal(syscall.SIGTERM))
	select {
	case err := <-s.ended:
		if err != nil {
			ts.Fatalf("dev: %v\n%s", err, s.said.String())
		}
	case <-time.After(30 * time.Second):
		ts.Fatalf("dev does not end:\n%s", s.said.String())
	}
	if s.url != "" {
		if _, err := http.Get(s.url + "/healthz"); err == nil {
			ts.Fatalf("%s still answers", s.url)
		}
	}
}

// request asks the service, wants a status, and leaves the answer's body in the file body. TOKEN signs it where set.
//
//	http STATUS METHOD PATH [BODY]
func request(ts *testscript.TestScript, neg bool, args []string) {
	status, err := strconv.Atoi(args[0])
	ts.Check(err)
	var body io.Reader
	if len(args) > 3 {
		body = strings.NewReader(args[3])
	}
	path := args[2]
	if !strings.HasPrefix(path, "http") {
		path = ts.Getenv("URL") + path
	}
	r, err := http.NewRequest(args[1], path, body)
	ts.Check(err)
	switch {
	case len(args) > 3 && !strings.HasPrefix(args[3], "{"):
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	case body != nil:
		r.Header.Set("Content-Type", "application/json")
	}
	r.Header.Set("Accept", "application/json")
	if token := ts.Getenv("TOKEN"); token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := (&http.Client{Timeout: 30 * time.Second}).Do(r)
	ts.Check(err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("body"), text, 0o644))
	if answer.StatusCode != status {
		ts.Fatalf("%s %s: %s\n%s", args[1], path, answer.Status, text)
	}
}

// extract sets a variable to a part of the last body.
//
//	json PATH VARIABLE [PATTERN]     such as items.0.id; of a pattern, its group
func extract(ts *testscript.TestScript, neg bool, args []string) {
	var value any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("body")), &value))
	for _, step := range strings.Split(args[0], ".") {
		switch at := value.(type) {
		case map[string]any:
			value = at[step]
		case []any:
			i, err := strconv.Atoi(step)
			ts.Check(err)
			if i >= len(at) {
				ts.Fatalf("%s: only %d elements in %s", args[0], len(at), ts.ReadFile("body"))
			}
			value = at[i]
		default:
			ts.Fatalf("%s: no %s in %s", args[0], step, ts.ReadFile("body"))
		}
	}
	text := fmt.Sprint(value)
	if len(args) > 2 {
		match := regexp.MustCompile(args[2]).FindStringSubmatch(text)
		if match == nil {
			ts.Fatalf("%s: %s does not match %q", args[0], text, args[2])
		}
		text = match[1]
	}
	ts.Setenv(args[1], text)
}
