// Command dev measures how soon a saved edit runs.
//
//	fettle new ─▶ fettle dev ─▶ save ─▶ "serving …" ─▶ milliseconds, -n times for business code and for the design
//
// From the root of the repository:
//
//	go build -o /tmp/fettle . && go run ./bench/dev -fettle /tmp/fettle
//
// A business edit changes a text in notes/notes.go; a design edit adds a field, so it writes and runs a migration, too.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() {
	log.SetFlags(0)
	tool := flag.String("fettle", "fettle", "the tool to measure")
	n := flag.Int("n", 20, "edits of each kind")
	flag.Parse()
	if err := measure(*tool, *n); err != nil {
		log.Fatal(err)
	}
}

func measure(tool string, n int) error {
	root, err := os.MkdirTemp("", "fettle-dev")
	if err != nil {
		return err
	}
	defer os.RemoveAll(root)
	project := filepath.Join(root, "diary")
	if out, err := exec.Command(tool, "new", project).CombinedOutput(); err != nil {
		return fmt.Errorf("new: %w\n%s", err, out)
	}
	lines, stop, err := dev(tool, project)
	if err != nil {
		return err
	}
	defer stop()
	began := time.Now()
	if err := await(lines, "listening on "); err != nil {
		return err
	}
	fmt.Printf("first start: %d ms\n", time.Since(began).Milliseconds())
	business := filepath.Join(project, "notes", "notes.go")
	if err := edits(lines, "business", n, business, func(text string, i int) string {
		return replaceBetween(text, `"This note is done already`, `."`, fmt.Sprintf(" (%d)", i))
	}); err != nil {
		return err
	}
	design := filepath.Join(project, "design", "notes.graphql")
	return edits(lines, "design", n, design, func(text string, i int) string {
		return strings.Replace(text, "  due: Date\n", fmt.Sprintf("  due: Date\n  extra%d: String\n", i), 1)
	})
}

// dev starts the tool and gives what it says, line by line.
func dev(tool, project string) (lines <-chan string, stop func(), err error) {
	command := exec.Command(tool, "dev", project, "--addr", "127.0.0.1:0", "--env", "LOG_LEVEL=error")
	read, write := io.Pipe()
	command.Stdout, command.Stderr = write, write
	if err := command.Start(); err != nil {
		return nil, nil, err
	}
	said := make(chan string, 1000)
	go func() {
		for scan := bufio.NewScanner(read); scan.Scan(); {
			said <- scan.Text()
		}
	}()
	return said, func() {
		_ = command.Process.Signal(syscall.SIGTERM)
		_ = command.Wait()
	}, nil
}

// edits saves a file n times and prints how long each version took to serve.
func edits(lines <-chan string, kind string, n int, path string, edit func(text string, i int) string) error {
	var took []time.Duration
	for i := range n {
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		saved := time.Now()
		if err := os.WriteFile(path, []byte(edit(string(text), i)), 0o644); err != nil {
			return err
		}
		if err := await(lines, "serving "); err != nil {
			return err
		}
		took = append(took, time.Since(saved))
	}
	slices.Sort(took)
	fmt.Printf("%s edit: median %d ms, fastest %d, slowest %d, of %d\n", kind, took[n/2].Milliseconds(), took[0].Milliseconds(), took[n-1].Milliseconds(), n)
	return nil
}

// await reads lines until one has the prefix; what was said until then is the error when none comes.
func await(lines <-chan string, prefix string) error {
	var said []string
	end := time.After(5 * time.Minute)
	for {
		select {
		case line := <-lines:
			if strings.HasPrefix(line, prefix) {
				return nil
			}
			said = append(said, line)
		case <-end:
			return fmt.Errorf("no line %q in:\n%s", prefix, strings.Join(said, "\n"))
		}
	}
}

func replaceBetween(text, from, to, by string) string {
	before, rest, _ := strings.Cut(text, from)
	_, after, _ := strings.Cut(rest, to)
	return before + from + by + to + after
}
