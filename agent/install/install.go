// Package install writes into a project what coding agents read: a subagent definition, a section of AGENTS.md, and skills.
//
//	texts ─▶ for whom ─▶ files, each with our part between markers
//
// What stands between the markers is ours and is written anew; what a team writes around it is kept. A file of a name of ours
// without markers is the team's, and is left alone.
package install

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

//go:embed texts
var texts embed.FS

// The markers of our part of a file.
const (
	begin = "<!-- fettle:begin (written by fettle agent install; what stands outside of these two lines is yours) -->\n"
	end   = "<!-- fettle:end -->\n"
)

// Agents are whom files can be written for.
var Agents = []string{"claude", "cursor", "codex", "generic"}

// folders are where an agent looks for definitions of subagents and for skills.
var folders = map[string][2]string{
	"claude":  {".claude/agents", ".claude/skills"},
	"cursor":  {".cursor/agents", ".cursor/skills"},
	"codex":   {".agents", ".agents/skills"},
	"generic": {".agents", ".agents/skills"},
}

// File is a file of an installation.
type File struct {
	Path    string // relative to the project, with slashes
	Content []byte
	Same    bool   // it is there already, as it should be
	Kept    string // why it is left alone; empty where it is written
}

// Plan is the files that a project gets for an agent.
func Plan(dir, agent string) ([]File, error) {
	place, found := folders[agent]
	if !found {
		return nil, fmt.Errorf("%s: is none of %s", agent, strings.Join(Agents, ", "))
	}
	switch info, err := os.Stat(dir); {
	case err != nil:
		return nil, fmt.Errorf("there is no folder %s: %w", dir, err)
	case !info.IsDir():
		return nil, fmt.Errorf("%s: is no folder", dir)
	}
	section := "texts/agents.md"
	if !exists(filepath.Join(dir, "design")) && exists(filepath.Join(dir, "go.mod")) {
		section = "texts/agents-code.md" // a codebase that is not generated
	}
	wanted := []struct{ path, text string }{
		{"AGENTS.md", section},
		{path.Join(place[0], "backend-engineer.md"), "texts/backend-engineer.md"},
	}
	if agent == "claude" {
		wanted = append(wanted, struct{ path, text string }{"CLAUDE.md", "texts/claude.md"})
	}
	skills, err := fs.Glob(texts, "texts/skills/*.md")
	if err != nil {
		return nil, err
	}
	for _, skill := range skills {
		name := strings.TrimSuffix(path.Base(skill), ".md")
		wanted = append(wanted, struct{ path, text string }{path.Join(place[1], name, "SKILL.md"), skill})
	}
	var files []File
	for _, w := range wanted {
		text, err := fs.ReadFile(texts, w.text)
		if err != nil {
			return nil, err
		}
		have, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(w.path)))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		f := File{Path: w.path}
		f.Content, f.Kept = merge(have, text)
		f.Same = f.Kept == "" && have != nil && bytes.Equal(have, f.Content)
		files = append(files, f)
	}
	return files, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// Write makes a file of a plan.
func Write(dir string, f File) error {
	if f.Same || f.Kept != "" {
		return nil
	}
	target := filepath.Join(dir, filepath.FromSlash(f.Path))
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return err
	}
	return os.WriteFile(target, f.Content, 0o644)
}

// merge puts our text into a file: between its markers, else at the end of a file without a head, which is written by
// many. kept says why a file is left alone.
func merge(have, text []byte) (content []byte, kept string) {
	head, body := split(text)
	ours := begin + body + end
	if have == nil {
		return []byte(head + ours), ""
	}
	if bytes.Contains(have, []byte("\r\n")) {
		ours = strings.ReplaceAll(ours, "\n", "\r\n")
	}
	from := bytes.Index(have, []byte("<!-- fettle:begin"))
	to := bytes.Index(have, []byte(end[:len(end)-1]))
	switch {
	case bytes.Count(have, []byte("<!-- fettle:begin")) > 1:
		return have, "it has our section twice: delete one of them"
	case from > to && to >= 0:
		return have, "our two markers stand in the wrong order: delete both, and what stands between them if it is ours"
	case from >= 0 && to > from:
		after := bytes.TrimPrefix(bytes.TrimPrefix(have[to+len(end)-1:], []byte("\r")), []byte("\n"))
		return []byte(string(have[:from]) + ours + string(after)), ""
	case from >= 0 || to >= 0:
		return have, "one of our two markers is gone: put it back, or delete the other"
	case head != "":
		return have, "it is yours: it has no markers of ours"
	}
	gap := "\n"
	if len(have) == 0 {
		gap = ""
	} else if !bytes.HasSuffix(have, []byte("\n")) {
		gap = "\n\n"
	}
	if strings.Contains(ours, "\r\n") {
		gap = strings.ReplaceAll(gap, "\n", "\r\n")
	}
	return []byte(string(have) + gap + ours), ""
}

// split cuts the head of a file, between lines of ---, from its body.
func split(text []byte) (head, body string) {
	rest, found := strings.CutPrefix(string(text), "---\n")
	if !found {
		return "", string(text)
	}
	inside, body, _ := strings.Cut(rest, "\n---\n")
	return "---\n" + inside + "\n---\n", strings.TrimPrefix(body, "\n")
}
