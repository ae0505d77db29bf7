// Package install writes into a project what coding agents read: a subagent definition, a section of AGENTS.md, and skills.
//
//	texts ─▶ names of the project's design ─▶ for whom ─▶ files, each with our part between markers
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
	"regexp"
	"strings"
	"syscall"
	"text/template"
)

//go:embed texts
var texts embed.FS

// markers stand around our part of a file.
type markers struct{ opens, begin, end string }

const ofUs = "fettle:begin (written by fettle agent install; what stands outside of these two lines is yours)"

var (
	markdown = markers{"<!-- fettle:begin", "<!-- " + ofUs + " -->\n", "<!-- fettle:end -->\n"}
	toml     = markers{"# fettle:begin", "# " + ofUs + "\n", "# fettle:end\n"}
)

// Agents are whom files can be written for.
var Agents = []string{"claude", "cursor", "codex", "generic"}

// folders are where an agent looks for definitions of subagents and for skills.
var folders = map[string][2]string{
	"claude":  {".claude/agents", ".claude/skills"},
	"cursor":  {".cursor/agents", ".cursor/skills"},
	"codex":   {".codex/agents", ".agents/skills"},
	"generic": {".agents", ".agents/skills"},
}

// File is a file of an installation.
type File struct {
	Path    string // relative to the project, with slashes
	Content []byte
	Same    bool   // it is there already, as it should be
	Kept    string // why it is left alone; empty where it is written
	Broken  bool   // somebody has to mend it before it can be written
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
		{path.Join(place[0], "backend-engineer"+extension(agent)), "texts/backend-engineer.md"},
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
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	var files []File
	names := samplesOf(dir)
	for _, w := range wanted {
		text, err := textOf(w.text, names)
		if err != nil {
			return nil, err
		}
		around := markdown
		if path.Ext(w.path) == ".toml" {
			text, around = asTOML(text), toml
		}
		f := File{Path: w.path}
		have, err := root.ReadFile(w.path)
		var system syscall.Errno
		switch {
		case err != nil && !errors.Is(err, fs.ErrNotExist) && errors.As(err, &system):
			return nil, err
		case err != nil && !errors.Is(err, fs.ErrNotExist): // that of os.Root itself, which follows no link out
			f.Kept, f.Broken = "it leads outside of the project", true
		case w.path == "CLAUDE.md" && sameFile(dir, w.path, "AGENTS.md"):
			f.Same = true // it has the section already, and nothing to import
		default:
			f.Content, f.Kept, f.Broken = around.merge(have, text)
			f.Same = f.Kept == "" && have != nil && bytes.Equal(have, f.Content)
		}
		files = append(files, f)
	}
	return files, nil
}

// extension is that of a subagent's definition: Codex reads TOML (https://developers.openai.com/codex/subagents), all others Markdown.
func extension(agent string) string {
	if agent == "codex" {
		return ".toml"
	}
	return ".md"
}

// textOf is a text with the names of a project.
func textOf(file string, names samples) ([]byte, error) {
	text, err := texts.ReadFile(file)
	if err != nil {
		return nil, err
	}
	t, err := template.New(file).Funcs(template.FuncMap{"coming": coming}).Parse(string(text))
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = t.Execute(&out, names)
	return out.Bytes(), err
}

// asTOML is the definition of a subagent for Codex, from one in Markdown with a head.
func asTOML(text []byte) []byte {
	head, body := split(text)
	var out strings.Builder
	for line := range strings.Lines(strings.Trim(head, "-\n")) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		fmt.Fprintf(&out, "%s = %q\n", key, strings.Trim(value, `"`))
	}
	fmt.Fprintf(&out, "developer_instructions = '''\n%s'''\n", body)
	return []byte(out.String())
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// sameFile tells whether two names in a folder are one file, or will be when it is written, since one is a link to the other.
func sameFile(dir, a, b string) bool {
	one, err := os.Stat(filepath.Join(dir, a))
	other, err2 := os.Stat(filepath.Join(dir, b))
	if err == nil && err2 == nil {
		return os.SameFile(one, other)
	}
	leads := func(from, to string) bool {
		target, err := os.Readlink(filepath.Join(dir, from))
		return err == nil && filepath.Clean(target) == to
	}
	return leads(a, b) || leads(b, a)
}

// Write makes a file of a plan.
func Write(dir string, f File) error {
	if f.Same || f.Kept != "" {
		return nil
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	if err := root.MkdirAll(path.Dir(f.Path), 0o755); err != nil {
		return err
	}
	return root.WriteFile(f.Path, f.Content, 0o644)
}

// merge puts our text into a file: between its markers, else at the end of a file without a head, which is written by
// many. kept says why a file is left alone, broken that this is for its markers.
func (m markers) merge(have, text []byte) (content []byte, kept string, broken bool) {
	head, body := split(text)
	ours := m.begin + body + m.end
	if have == nil {
		return []byte(head + ours), "", false
	}
	if bytes.Contains(have, []byte("\r\n")) {
		ours = strings.ReplaceAll(ours, "\n", "\r\n")
	}
	read := have // where markers count
	if m == markdown {
		read = withoutSamples(have)
	}
	from := bytes.Index(read, []byte(m.opens))
	to := bytes.Index(read, []byte(m.end[:len(m.end)-1]))
	switch {
	case bytes.Count(read, []byte(m.opens)) > 1:
		return have, "it has our section twice: delete one of them", true
	case from > to && to >= 0:
		return have, "our two markers stand in the wrong order: delete both, and what stands between them if it is ours", true
	case from >= 0 && to > from:
		after := bytes.TrimPrefix(bytes.TrimPrefix(have[to+len(m.end)-1:], []byte("\r")), []byte("\n"))
		return []byte(string(have[:from]) + ours + string(after)), "", false
	case from >= 0 || to >= 0:
		return have, "one of our two markers is gone: put it back, or delete the other", true
	case head != "" || m == toml:
		return have, "it is yours: it has no markers of ours", false
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
	return []byte(string(have) + gap + ours), "", false
}

// fence is a line that begins or ends a block of code (CommonMark 0.31, 4.5).
var fence = regexp.MustCompile("^ {0,3}(`{3,}|~{3,})(.*)$")

// withoutSamples is a text with blanks in place of its fenced blocks of code: what stands in them is shown, and marks nothing. A fence that
// nothing ends begins none: a section of ours may stand behind it.
func withoutSamples(text []byte) []byte {
	out := bytes.Clone(text)
	opened, ends, at := -1, "", 0
	for line := range bytes.Lines(text) {
		next := at + len(line)
		switch m := fence.FindSubmatch(bytes.TrimRight(line, "\r\n")); {
		case m == nil:
		case opened < 0 && (m[1][0] == '~' || !bytes.ContainsRune(m[2], '`')):
			opened, ends = at, string(m[1])
		case opened >= 0 && strings.HasPrefix(string(m[1]), ends) && len(bytes.TrimSpace(m[2])) == 0:
			for i := opened; i < next; i++ {
				out[i] = ' '
			}
			opened = -1
		}
		at = next
	}
	return out
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
