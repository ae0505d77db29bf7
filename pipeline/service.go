package pipeline

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/fettlehq/fettle/diag"
	"github.com/fettlehq/fettle/internal/child"
	"github.com/fettlehq/fettle/model"
)

// Built is a service as a program, or why it is none.
type Built struct {
	Program  string
	Texts    map[string]string // of the Go files that problems point at
	Problems diag.List
	Missing  []Stub // methods that the business code lacks
}

// Build compiles the service of the project in a folder into a program out of sight of version control, without the
// data that debuggers need: a development build is linked once for each edit. Without the paths of folders in it, the
// kit that one project has compiled serves the next.
func Build(ctx context.Context, dir string, m *model.Model) (*Built, error) {
	program, err := filepath.Abs(filepath.Join(dir, ".fettle", "bin", m.Name))
	if err != nil {
		return nil, err
	}
	if err := hidden(filepath.Dir(program)); err != nil {
		return nil, err
	}
	command := child.Command(ctx, "go", "build", "-buildvcs=false", "-trimpath", "-ldflags=-s -w", "-o", program, "./cmd/"+m.Name)
	command.Dir = dir
	command.Env = append(os.Environ(), "GOWORK=off")
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	err = command.Run()
	b := &Built{Program: program, Texts: map[string]string{}}
	switch {
	case err == nil:
		return b, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	}
	b.compilerErrors(dir, output.String())
	b.explain(m)
	if len(b.Problems) == 0 {
		return nil, fmt.Errorf("go build ./cmd/%s: %w\n%s", m.Name, err, strings.TrimSpace(output.String()))
	}
	b.Missing, err = missing(dir, m)
	return b, err
}

var compilerError = regexp.MustCompile(`^(?:\./|vet: )?([^\s:]+\.go):(\d+)(?::(\d+))?: (.*)$`)

// compilerErrors reads what the go command says about files of the project.
func (b *Built) compilerErrors(dir, output string) {
	for _, line := range strings.Split(output, "\n") {
		m := compilerError.FindStringSubmatch(line)
		switch {
		case m != nil && m[4] == "too many errors":
		case m != nil:
			name := filepath.ToSlash(m[1])
			text, found := b.Texts[name]
			if !found {
				content, err := os.ReadFile(absolute(dir, m[1]))
				if err != nil {
					continue
				}
				text = string(content)
				b.Texts[name] = text
			}
			row, _ := strconv.Atoi(m[2])
			column, _ := strconv.Atoi(m[3])
			b.Problems.Add(diag.Pos{File: name, Line: row, Column: inCharacters(text, row, column)}, GoError, "", "%s", m[4])
		case strings.HasPrefix(line, "\t") && len(b.Problems) > 0:
			last := &b.Problems[len(b.Problems)-1]
			last.Message += " " + strings.TrimSpace(line)
		}
	}
}

// explain puts what the go command says of a module that left the design into words of the design.
func (b *Built) explain(m *model.Model) {
	for i, p := range b.Problems {
		_, rest, found := strings.Cut(p.Message, "no required module provides package "+m.GoModule+"/")
		if !found {
			continue
		}
		name, _, _ := strings.Cut(rest, ";")
		b.Problems[i].Message = fmt.Sprintf("the design has no module %s any more", name)
		b.Problems[i].Hint = "take the import and what uses it out"
	}
}

// inCharacters turns the compiler's columns, which count bytes, into characters.
func inCharacters(text string, row, column int) int {
	lines := strings.Split(text, "\n")
	if row < 1 || row > len(lines) || column < 1 {
		return max(column, 1)
	}
	line := lines[row-1]
	return utf8.RuneCountInString(line[:min(column-1, len(line))]) + 1
}

// hidden makes a folder that version control does not see.
func hidden(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	ignore := filepath.Join(dir, ".gitignore")
	if _, err := os.Stat(ignore); err == nil {
		return nil
	}
	return os.WriteFile(ignore, []byte("*\n"), 0o644)
}
