package cli_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/fettlehq/fettle/agent/install"
	"github.com/fettlehq/fettle/recipe"
)

// Every command that the texts for agents quote runs: in a new project, in the shop, in what the first sentence makes, and where nothing is
// generated. A word in capitals stands for what the project has nothing for, or what is known later; then it is said what is missed. Only
// what serves until it is stopped is asked for its help (it is run by other tests of this package).
func TestCommandsOfAgents(t *testing.T) {
	t.Setenv("DATABASE_URL", "")
	for name, begin := range map[string]func(dir string) (int, string){
		"notes":  func(dir string) (int, string) { return said("new", dir, "--kit", "../kit") },
		"shop":   func(dir string) (int, string) { return said("check", dir) },
		"people": func(dir string) (int, string) { return said("add", "registration", "--yes", "--project", dir) },
		"code": func(dir string) (int, string) {
			put(t, filepath.Join(dir, "go.mod"), "module example.com/code\n\ngo 1.26\n")
			return 0, ""
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := place(t, map[string]string{"shop": "../examples/shop"}[name])
			if code, out := begin(dir); code != 0 {
				t.Fatal(out)
			}
			if name == "people" {
				if code, out := said("generate", dir, "--kit", "../kit"); code != 0 {
					t.Fatal(out)
				}
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
			if section := string(files[0].Content); name == "code" && (!strings.Contains(section, "nothing of it is generated") || strings.Contains(section, "fettle generate")) {
				t.Error(section)
			}
			t.Chdir(dir)
			git(t, "init", "-q")
			git(t, "add", "-A")
			git(t, "-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-qm", "begin")
			done := map[string]bool{}
			for _, f := range files {
				for _, quoted := range regexp.MustCompile("`(fettle [^`]+)`").FindAllStringSubmatch(string(f.Content), -1) {
					command := strings.Join(strings.Fields(quoted[1]), " ")
					if !done[command] && (name != "code" || f.Path == "AGENTS.md") { // what is said of a design runs where there is one
						done[command] = true
						if command != "fettle test" || name == "notes" { // the shop's own tests are run elsewhere
							quotedRuns(t, f.Path, command)
						}
					}
				}
			}
			most := map[string]int{"notes": 3, "shop": 3, "people": 7}[name] // of commands with a word that stands for another
			if stands := countOf(done, standsFor); name != "code" && (len(done) < 25 || stands > most) {
				t.Errorf("%d commands, of which %d name nothing of the project: %v", len(done), stands, done)
			}
		})
	}
}

// standsFor is a word that stands for another, which the reader knows.
var standsFor = regexp.MustCompile(`\b(ENTITY|QUERY|KEY|HASH|URL)\b`)

func countOf(commands map[string]bool, what *regexp.Regexp) (n int) {
	for command := range commands {
		if what.MatchString(command) {
			n++
		}
	}
	return n
}

// quotedRuns runs a command that a text quotes, or hears why it cannot be run as it stands.
func quotedRuns(t *testing.T, path, command string) {
	t.Helper()
	args := shellWords(command)[1:]
	if command == "fettle dev" || command == "fettle mcp" {
		args = append(args, "--help")
	}
	code, out := said(args...)
	switch {
	case regexp.MustCompile(`unknown (flag|command|argument)|unexpected argument`).MatchString(out):
		t.Errorf("%s: %s: %d\n%s", path, command, code, out)
	case standsFor.MatchString(command):
		if code == 0 || !regexp.MustCompile(`ENTITY|KEY|HASH|QUERY|URL|there is no database yet`).MatchString(out) {
			t.Errorf("%s: %s: %d, and nothing is missed\n%s", path, command, code, out)
		}
	case code == 2:
		t.Errorf("%s: %s: %d\n%s", path, command, code, out)
	}
}

// Codex reads a subagent from a TOML file with these three keys, and no other file of ours is one.
func TestCodexReadsItsAgent(t *testing.T) {
	dir := t.TempDir()
	if code, out := said("agent", "install", "--for", "codex", dir); code != 0 || strings.Contains(out, ".agents/backend-engineer") {
		t.Fatal(out)
	}
	file := filepath.Join(dir, ".codex", "agents", "backend-engineer.toml")
	// TOML 1.0: comments, two basic strings without escapes, and a multi-line literal one.
	definition := regexp.MustCompile(`\A# fettle:begin[^\n]*\nname = "backend-engineer"\ndescription = "Call for work on a backend[^"\\\n]*"\ndeveloper_instructions = '''\n((?s).*)'''\n# fettle:end\n\z`)
	instructions := definition.FindStringSubmatch(sum(t, file))
	if instructions == nil || strings.Contains(instructions[1], "'''") || !strings.Contains(instructions[1], "### The ten duties") {
		t.Fatal(sum(t, file))
	}
	before := sum(t, file)
	put(t, file, "model = \"ours\"\n"+before)
	if code, out := said("agent", "install", "--for", "codex", dir); code != 0 || sum(t, file) != "model = \"ours\"\n"+before {
		t.Error(out)
	}
}

// What is still to come is asked of the tool, and what the texts say that it does is in its list of recipes.
func TestTextsSayWhatIsBuilt(t *testing.T) {
	texts, err := filepath.Glob("../agent/install/texts/*.md")
	skills, err2 := filepath.Glob("../agent/install/texts/skills/*.md")
	if err := errors.Join(err, err2); err != nil || len(texts)+len(skills) < 10 {
		t.Fatal(len(texts), len(skills), err)
	}
	for _, file := range append(texts, skills...) {
		text := sum(t, file)
		if strings.Contains(text, "to come") || strings.Contains(text, "not built") || strings.Contains(text, "not yet") {
			t.Errorf("%s: says by itself what is not built: {{coming \"NAME\"}} asks", file)
		}
		for _, named := range regexp.MustCompile("fettle add ([a-z-]+)").FindAllStringSubmatch(text, -1) {
			if !slices.Contains(recipe.Names(), named[1]) {
				t.Errorf("%s: there is no recipe %s", file, named[1])
			}
		}
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

// Markers that a team shows within a block of code are a sample of theirs: our section stands outside of it, and twice is once.
func TestMarkersInCode(t *testing.T) {
	const sample = "<!-- fettle:begin -->\nshown\n<!-- fettle:end -->\n"
	for name, text := range map[string]string{
		"back-ticks":   "# Ours\n```html\n" + sample + "```\n",
		"tildes":       "# Ours\n~~~~\n```\n" + sample + "~~~\n~~~~~\n",
		"indented":     "# Ours\n\n  ```\r\n" + sample + "  ```  \r\n",
		"never closed": "# Ours\n```\na block that nothing ends\n",
	} {
		dir := t.TempDir()
		file := filepath.Join(dir, "AGENTS.md")
		put(t, file, text)
		code, out := said("agent", "install", dir)
		once := sum(t, file)
		if code != 0 || !strings.HasPrefix(once, text) || strings.Count(once, "## The backend: Fettle") != 1 {
			t.Errorf("%s: %d %s\n%s", name, code, out, once)
		}
		if code, out = said("agent", "install", dir); code != 0 || sum(t, file) != once {
			t.Errorf("%s: twice is not once: %d %s\n%s", name, code, out, sum(t, file))
		}
	}
}

// Who installs the texts in a project that has no commit is told that their last command compares with one.
func TestInstallWithoutCommit(t *testing.T) {
	dir := t.TempDir()
	const told = "which compares with a commit; git init"
	if code, out := said("agent", "install", dir); code != 0 || !strings.Contains(out, "it is in no git repository") || !strings.Contains(out, told) {
		t.Errorf("%d %s", code, out)
	}
	t.Chdir(dir)
	git(t, "init", "-q")
	if code, out := said("agent", "install", dir); code != 0 || !strings.Contains(out, told) {
		t.Errorf("%d %s", code, out)
	}
	git(t, "add", "-A")
	git(t, "-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-qm", "begin")
	if code, out := said("agent", "install", dir); code != 0 || strings.Contains(out, told) {
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
