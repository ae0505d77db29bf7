package cli_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/fettlehq/fettle/agent/install"
	"github.com/fettlehq/fettle/cli"
)

// Every command that the texts for agents quote runs in a new project. Of those that want a database, a row or a person it is said what
// they miss; only fettle dev, which serves until it is stopped, is asked for its help (it is run by the scripts of this package).
func TestCommandsOfAgents(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "notes")
	run := func(args ...string) (int, string) {
		var out bytes.Buffer
		code := cli.Do(args, strings.NewReader(""), &out, &out)
		return code, out.String()
	}
	if code, said := run("new", dir); code != 0 {
		t.Fatal(said)
	}
	var files []install.File
	for _, agent := range install.Agents {
		planned, err := install.Plan(dir, agent)
		want := 8
		if agent == "claude" {
			want++ // CLAUDE.md, which leads to AGENTS.md
		}
		if err != nil || len(planned) != want {
			t.Fatal(agent, len(planned), err)
		}
		files = append(files, planned...)
	}
	code := filepath.Join(t.TempDir(), "code") // a module that is not generated: what is quoted for it runs anywhere
	if err := os.MkdirAll(code, 0o755); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(code, "go.mod"), "module example.com/code\n\ngo 1.26\n")
	planned, err := install.Plan(code, "generic")
	if err != nil || !strings.Contains(string(planned[0].Content), "nothing of it is generated") || strings.Contains(string(planned[0].Content), "fettle generate") {
		t.Fatal(err)
	}
	files = append(files, planned[0])
	t.Chdir(dir)
	git(t, "init", "-q")
	git(t, "add", "-A")
	git(t, "-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-qm", "begin")
	t.Setenv("DATABASE_URL", "")
	misses := map[string]string{ // what a command says in a project that has not run
		"fettle approve": "is no hash of a plan", "fettle optimize": "which database?", "fettle explain access": `Note "KEY": there is none`,
	}
	done := map[string]bool{}
	for _, f := range files {
		for _, quoted := range regexp.MustCompile("`(fettle [^`]+)`").FindAllStringSubmatch(string(f.Content), -1) {
			command := strings.Join(strings.Fields(quoted[1]), " ")
			if done[command] {
				continue
			}
			done[command] = true
			args := shellWords(command)[1:]
			if strings.HasPrefix(command, "fettle dev") {
				args = append(args, "--help")
			}
			missing := ""
			for prefix, says := range misses {
				if strings.HasPrefix(command, prefix) {
					missing = says
				}
			}
			if missing != "" {
				if code, said := run(args...); code == 0 || !strings.Contains(said, missing) {
					t.Errorf("%s: %s: %d, not %q\n%s", f.Path, command, code, missing, said)
				}
				continue
			}
			if code, said := run(args...); code == 2 || regexp.MustCompile(`unknown (flag|command|argument)`).MatchString(said) {
				t.Errorf("%s: %s: %d\n%s", f.Path, command, code, said)
			}
		}
	}
	if len(done) < 25 {
		t.Errorf("only %d commands were found", len(done))
	}
}

// Each of the ten duties has a verb, or says that it is still to come.
func TestTenDuties(t *testing.T) {
	files, err := install.Plan(t.TempDir(), "claude")
	if err != nil {
		t.Fatal(err)
	}
	var text string
	skills := map[string]bool{}
	for _, f := range files {
		if strings.HasSuffix(f.Path, "backend-engineer.md") {
			text = string(f.Content)
		}
		if name := filepath.Base(filepath.Dir(f.Path)); strings.HasSuffix(f.Path, "SKILL.md") {
			skills[name] = true
			if !strings.Contains(string(f.Content), "name: "+name+"\n") {
				t.Errorf("%s does not say its name", f.Path)
			}
		}
	}
	for _, name := range []string{"add-registration", "add-entity", "slow-query", "review-change", "safe-migration", "assess-codebase"} {
		if !skills[name] {
			t.Errorf("there is no skill %s", name)
		}
	}
	duties := regexp.MustCompile(`(?m)^\d+\. \*\*`).FindAllStringIndex(text, -1)
	if len(duties) != 10 {
		t.Fatalf("%d duties", len(duties))
	}
	for i, at := range duties {
		end := strings.Index(text, "### What you never do")
		if i < 9 {
			end = duties[i+1][0]
		}
		if duty := text[at[0]:end]; !strings.Contains(duty, "`fettle ") && !strings.Contains(duty, "still to come") {
			t.Errorf("no verb and no word that it is to come: %s", duty)
		}
	}
}

// What a team writes around our part is kept, our part is written anew, and twice is once.
func TestInstallKeepsTheTeamsText(t *testing.T) {
	dir := t.TempDir()
	write := func(path, text string) {
		t.Helper()
		path = filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	read := func(path string) string {
		t.Helper()
		text, err := os.ReadFile(filepath.Join(dir, path))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	do := func() {
		t.Helper()
		files, err := install.Plan(dir, "claude")
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if err := install.Write(dir, f); err != nil {
				t.Fatal(err)
			}
		}
	}
	mine := ".claude/skills/add-entity/SKILL.md"
	write("AGENTS.md", "# Ours\nBe kind.")
	write(mine, "a skill of our own\n")
	do()
	once := read("AGENTS.md")
	if !strings.HasPrefix(once, "# Ours\nBe kind.\n\n<!-- fettle:begin") || read(mine) != "a skill of our own\n" {
		t.Error(once, read(mine))
	}
	do()
	if again := read("AGENTS.md"); again != once {
		t.Errorf("twice is not once:\n%s", again)
	}
	changed := strings.Replace(once, "## The backend: Fettle", "## Something old", 1) + "\nand at the end\n"
	write("AGENTS.md", changed)
	do()
	if have := read("AGENTS.md"); have != once+"\nand at the end\n" {
		t.Error(have)
	}
	broken := strings.Replace(once, "<!-- fettle:end -->", "", 1)
	write("AGENTS.md", broken)
	do()
	if read("AGENTS.md") != broken {
		t.Error("a file with one marker was written")
	}
	for broken, why := range map[string]string{once + once: "our section twice", broken: "put it back"} {
		write("AGENTS.md", broken)
		if code, out := said("agent", "install", "--for", "claude", dir); code != 1 || !strings.Contains(out, why) || read("AGENTS.md") != broken {
			t.Errorf("%d %s", code, out)
		}
	}
	// A link between the two is one file, and a link out of the project is none of ours.
	for _, first := range []string{"there", "made by us"} {
		for _, name := range []string{"AGENTS.md", "CLAUDE.md"} {
			if err := os.Remove(filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
		}
		if first == "there" {
			write("AGENTS.md", "# Ours\n")
		}
		if err := os.Symlink("AGENTS.md", filepath.Join(dir, "CLAUDE.md")); err != nil {
			t.Fatal(err)
		}
		do()
		do()
		if have := read("AGENTS.md"); !strings.Contains(have, "## The backend: Fettle") || strings.Contains(have, "@AGENTS.md") {
			t.Errorf("%s: %s", first, have)
		}
	}
	outside := filepath.Join(t.TempDir(), "outside.md")
	if err := errors.Join(os.Remove(filepath.Join(dir, "AGENTS.md")), os.Symlink(outside, filepath.Join(dir, "AGENTS.md"))); err != nil {
		t.Fatal(err)
	}
	if code, out := said("agent", "install", dir); code != 1 || !strings.Contains(out, "keep    AGENTS.md: it leads outside") {
		t.Errorf("%d %s", code, out)
	}
	if _, err := os.Stat(outside); err == nil {
		t.Error("a file outside of the project was made")
	}
	if err := os.Remove(filepath.Join(dir, "AGENTS.md")); err != nil {
		t.Fatal(err)
	}
	// Line ends are the file's.
	write("AGENTS.md", "# Ours\r\n")
	do()
	if have := read("AGENTS.md"); strings.Count(have, "\n") != strings.Count(have, "\r\n") {
		t.Errorf("%q", have)
	}
	if code, out := said("agent", "install", filepath.Join(dir, "nowhere")); code != 2 || !strings.Contains(out, "there is no folder") {
		t.Errorf("%d %s", code, out)
	}
	// Where something cannot be written, nothing is told to have been.
	full := filepath.Join(t.TempDir(), "full")
	if err := os.MkdirAll(full, 0o755); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(full, ".agents"), "a file where a folder is wanted")
	if code, out := said("agent", "install", full); code != 2 || strings.Contains(out, "write ") {
		t.Errorf("%d %s", code, out)
	}
}

// shellWords cuts a command as a shell does, as far as the texts need it.
func shellWords(command string) (words []string) {
	for _, m := range regexp.MustCompile(`'([^']*)'|"([^"]*)"|(\S+)`).FindAllStringSubmatch(command, -1) {
		words = append(words, m[1]+m[2]+m[3])
	}
	return words
}

func git(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.Command("git", args...).CombinedOutput(); err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
}
