package pipeline

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/review/rule"
)

// lineRanges are the ranges of a file's lines, each with its first and last.
type lineRanges [][2]int

func (l lineRanges) has(line int) bool {
	return slices.ContainsFunc(l, func(r [2]int) bool { return r[0] <= line && line <= r[1] })
}

var hunk = regexp.MustCompile(`^@@ -\S+ \+(\d+)(?:,(\d+))? @@`)

// changedSince asks git which lines of a folder differ from a revision. Files that git does not know are new in full.
func changedSince(dir, revision string) (map[string]lineRanges, error) {
	if err := Comparable(dir, revision); err != nil {
		return nil, err
	}
	diff, err := git(dir, "diff", "--unified=0", "--no-color", "--no-ext-diff", "--no-textconv", "--no-prefix", "--relative", revision, "--")
	if err != nil {
		return nil, err
	}
	out := map[string]lineRanges{}
	file := ""
	scanner := bufio.NewScanner(bytes.NewReader(diff))
	scanner.Buffer(nil, 16<<20)
	for scanner.Scan() {
		line := scanner.Text()
		if name, found := strings.CutPrefix(line, "+++ "); found {
			file = strings.Trim(name, "\"")
			continue
		}
		if m := hunk.FindStringSubmatch(line); m != nil {
			first, _ := strconv.Atoi(m[1])
			count := 1
			if m[2] != "" {
				count, _ = strconv.Atoi(m[2])
			}
			out[file] = append(out[file], [2]int{first, first + count - 1})
		}
	}
	if err := scanner.Err(); err != nil {
		return nil, fmt.Errorf("git diff: %w", err)
	}
	untracked, err := git(dir, "ls-files", "--others", "--exclude-standard")
	if err != nil {
		return nil, err
	}
	for name := range strings.Lines(string(untracked)) {
		out[strings.TrimSpace(name)] = lineRanges{{1, 1 << 30}}
	}
	return out, nil
}

// Comparable is nil where a folder can be compared with a revision; ErrNoRevision where there is none of that name, or no repository.
func Comparable(dir, revision string) error {
	if strings.HasPrefix(revision, "-") {
		return fmt.Errorf("%s: is no revision", revision)
	}
	if _, err := git(dir, "rev-parse", "--git-dir"); err != nil {
		return fmt.Errorf("%s: %w: it is in no git repository", dir, ErrNoRevision)
	}
	if _, err := git(dir, "rev-parse", "--verify", "--quiet", revision+"^{commit}"); err != nil {
		return fmt.Errorf("%s: %w called that", revision, ErrNoRevision)
	}
	return nil
}

// ErrNoRevision is that there is nothing to compare with.
var ErrNoRevision = errors.New("there is no revision")

func git(dir string, args ...string) ([]byte, error) {
	command := exec.Command("git", append([]string{"-c", "core.fsmonitor=false"}, args...)...) // nothing of the repository is run
	command.Dir = dir
	out, err := command.Output()
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		return nil, fmt.Errorf("git %s: %s", args[0], strings.TrimSpace(string(failed.Stderr)))
	}
	return out, err
}

// since keeps the findings whose own line, or some line of whose chain, has changed.
func since(findings []rule.Finding, changed map[string]lineRanges) []rule.Finding {
	return slices.DeleteFunc(findings, func(f rule.Finding) bool {
		if changed[f.Pos.File].has(f.Pos.Line) {
			return false
		}
		return !slices.ContainsFunc(f.Evidence, func(e rule.Evidence) bool { return changed[e.Pos.File].has(e.Pos.Line) })
	})
}

// bringNew says of all migrations that have changed that they are new: a change may bring several, and all but the newest of them
// would pass for old ones.
func bringNew(f *facts.Facts, changed map[string]lineRanges) {
	for _, m := range f.Migrations {
		m.Last = m.Last || len(changed[m.File]) > 0
	}
}

// known is a finding of a baseline. It has no line, so that it stays known while code around it moves.
type known struct {
	Rule    string `json:"rule"`
	File    string `json:"file"`
	Message string `json:"message"`
	Count   int    `json:"count"`
}

// WriteBaseline keeps findings as known, so that later reviews tell of new ones alone.
func WriteBaseline(file string, findings []rule.Finding) error {
	list := []known{}
	for _, f := range findings {
		k := known{f.Rule, f.Pos.File, f.Message, 1}
		if i := slices.IndexFunc(list, func(o known) bool { return o.Rule == k.Rule && o.File == k.File && o.Message == k.Message }); i >= 0 {
			list[i].Count++
			continue
		}
		list = append(list, k)
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(list); err != nil {
		return err
	}
	return os.WriteFile(filepath.Clean(file), b.Bytes(), 0o644)
}

// withoutBaseline leaves out findings that a baseline knows, as many of each as it counts.
func withoutBaseline(findings []rule.Finding, file string) ([]rule.Finding, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var list []known
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	left := map[[3]string]int{}
	for _, k := range list {
		left[[3]string{k.Rule, k.File, k.Message}] += max(k.Count, 1)
	}
	return without(findings, left), nil
}

// without leaves out so many findings of a rule, a file and a message as are counted.
func without(findings []rule.Finding, left map[[3]string]int) []rule.Finding {
	return slices.DeleteFunc(findings, func(f rule.Finding) bool {
		key := [3]string{f.Rule, f.Pos.File, f.Message}
		left[key]--
		return left[key] >= 0
	})
}
