package facts

import "strings"

// Ignore is a line that asks for silence: fettle:ignore RULE reason. It holds for its own line and for the next.
type Ignore struct {
	Pos    Pos
	Rule   string
	Reason string
}

// ReadIgnore reads a line that asks for silence, if it is one: a comment that says so first.
func ReadIgnore(at Pos, line string) (Ignore, bool) {
	before, after, found := strings.Cut(line, "fettle:ignore")
	before = strings.TrimRight(before, " \t")
	if !found || after != "" && after[0] != ' ' || !strings.HasSuffix(before, "//") && !strings.HasSuffix(before, "--") && !strings.HasSuffix(before, "/*") {
		return Ignore{}, false
	}
	rule, reason, _ := strings.Cut(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(after), "*/")), " ")
	return Ignore{Pos: at, Rule: rule, Reason: strings.TrimSpace(reason)}, true
}
