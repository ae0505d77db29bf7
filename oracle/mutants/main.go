// Command mutants shows what package oracle would notice: it breaks the query engine in one small way after another, as a
// hand might that forgets a rule, and runs the kept cases and the differential test until it ends.
//
//	go -C oracle run ./mutants [-comparisons 30000] [-on sqlite,postgres] [-seed 1] [name …]
//
// The tree stays as it is: a broken file takes its place by an overlay of the go command. It is run by hand; what it
// printed last stands in doc/correctness.md.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

func main() {
	comparisons := flag.Int("comparisons", 30000, "how many answers to compare before a mutant is said to live")
	on := flag.String("on", "sqlite,postgres", "the databases")
	seed := flag.Uint64("seed", 1, "the seed of the first design")
	flag.Parse()
	if err := run(*comparisons, *on, *seed, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(comparisons int, on string, seed uint64, names []string) error {
	folder, err := os.MkdirTemp("", "mutants")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	lived := 0
	for _, m := range mutants {
		if len(names) > 0 && !slices.Contains(names, m.name) {
			continue
		}
		program, err := m.build(folder)
		if err != nil {
			return fmt.Errorf("mutant %q: %w", m.name, err)
		}
		begun := time.Now()
		command := exec.Command(program, "-test.run", "Found|EveryPath", "-test.timeout", "0", "-unshrunk",
			"-seed", fmt.Sprint(seed), "-comparisons", fmt.Sprint(comparisons), "-on", on)
		out, err := command.CombinedOutput()
		if err == nil {
			lived++
		}
		fmt.Printf("| %s | %s |\n", m.name, told(string(out), err))
		fmt.Fprintf(os.Stderr, "%s: %s\n", m.name, time.Since(begun).Round(time.Second))
	}
	if lived > 0 {
		return fmt.Errorf("%d mutants live", lived)
	}
	return nil
}

var (
	difference = regexp.MustCompile(`seed (\d+): step (\d+) on (\w+): (.*)`)
	kept       = regexp.MustCompile(`--- FAIL: TestFound/(\w+)`)
	compared   = regexp.MustCompile(`(\d+) answers compared`)
)

// told is what became of a mutant, as two columns: where it was caught, and by what.
func told(out string, err error) string {
	n := "0"
	if all := compared.FindAllStringSubmatch(out, -1); all != nil {
		n = all[len(all)-1][1]
	}
	found := difference.FindStringSubmatch(out)
	if one := kept.FindStringSubmatch(out); one != nil {
		return "testdata/" + one[1] + ".txtar | "
	}
	switch {
	case found != nil:
		what := found[4]
		if len(what) > 70 {
			what = what[:70] + "…"
		}
		return fmt.Sprintf("seed %s, step %s, %s | %s", found[1], found[2], found[3], strings.ReplaceAll(what, "|", "¦"))
	case err == nil:
		return "lives after " + n + " answers | "
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	return "does not start | " + lines[0]
}

// build is the differential test with the mutant in it.
func (m mutant) build(folder string) (string, error) {
	root, err := filepath.Abs("..")
	if err != nil {
		return "", err
	}
	path := filepath.Join(root, m.file)
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	if n := strings.Count(string(text), m.old); n != 1 {
		return "", fmt.Errorf("%s has %q %d times", m.file, m.old, n)
	}
	broken := filepath.Join(folder, filepath.Base(m.file))
	if err := os.WriteFile(broken, []byte(strings.Replace(string(text), m.old, m.becomes, 1)), 0o600); err != nil {
		return "", err
	}
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{path: broken}})
	if err != nil {
		return "", err
	}
	replace := filepath.Join(folder, "overlay.json")
	if err := os.WriteFile(replace, overlay, 0o600); err != nil {
		return "", err
	}
	program := filepath.Join(folder, "oracle.test")
	if out, err := exec.Command("go", "test", "-c", "-ldflags=-s -w", "-overlay", replace, "-o", program, ".").CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return program, nil
}
