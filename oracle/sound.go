package oracle

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// sound takes out of a design the lines that the checker refuses, until it refuses none; nil where too little stays.
func sound(text string) (*blueprint, error) {
	for range 60 {
		p, problems, err := blueprintOf(text)
		if err != nil || p != nil {
			return p, err
		}
		lines := strings.Split(text, "\n")
		drop := map[int]bool{}
		for _, problem := range problems {
			line := problem.Pos.Line - 1
			if line < 0 || line >= len(lines) || strings.HasPrefix(lines[line], "type ") || strings.HasPrefix(lines[line], "ex") {
				return nil, nil
			}
			drop[line] = true
		}
		var kept []string
		for i, l := range lines {
			if !drop[i] {
				kept = append(kept, l)
			}
		}
		text = strings.Join(kept, "\n")
	}
	return nil, nil
}

// soundDesign is a random design without mistakes.
func soundDesign(r *rand.Rand) (*blueprint, error) {
	for range 200 {
		p, err := sound(randomDesign(r))
		if err != nil {
			return nil, err
		}
		if p == nil {
			continue
		}
		if p, err = sound(opened(r, p.text)); p != nil || err != nil {
			return p, err
		}
	}
	return nil, fmt.Errorf("no design is without mistakes")
}

// opened is a design in which every entity can be read and most can be written: by simple rules where none was left.
func opened(r *rand.Rand, text string) string {
	s, err := newSchema(text)
	if err != nil {
		panic(err)
	}
	var out []string
	for _, line := range strings.Split(text, "\n") {
		out = append(out, line)
		name, isEntity := strings.CutPrefix(line, "type ")
		name, _, _ = strings.Cut(name, " ")
		if t := s.Types[name]; !isEntity || !t.Entity {
			continue
		}
		for _, verb := range []string{"READ", "CREATE", "UPDATE", "DELETE"} {
			if len(s.Types[name].Allow[verb]) == 0 && (verb == "READ" || r.IntN(2) == 0) {
				rule := []string{"true", "viewer != null", "viewer != null && createdAt < now"}[r.IntN(3)]
				out = append(out, fmt.Sprintf("  @allow(do: %s, when: %q)", verb, rule))
			}
		}
	}
	return strings.Join(out, "\n")
}
