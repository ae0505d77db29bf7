package optimize

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Paint colours a text for a terminal; the colours are "title", "dim", "good", "warn" and "code".
type Paint func(colour, text string) string

// lineWidth is how wide the text is.
const lineWidth = 110

// Text writes the report for a person.
func (r *Report) Text(w io.Writer, paint Paint) error {
	if paint == nil {
		paint = func(_, text string) string { return text }
	}
	t := &texter{paint: paint, report: r}
	t.head()
	for i, a := range r.Advice {
		t.advice(i+1, a)
	}
	t.foot()
	_, err := io.WriteString(w, t.out.String())
	return err
}

type texter struct {
	out    strings.Builder
	paint  Paint
	report *Report
}

func (t *texter) line(format string, args ...any) {
	t.out.WriteString(strings.TrimRight(fmt.Sprintf(format, args...), " ") + "\n")
}

func (t *texter) head() {
	r := t.report
	proved := 0
	for _, a := range r.Advice {
		if a.Kind != KindHint {
			proved++
		}
	}
	looked := number(len(r.Queries), "statement")
	if r.Left > 0 {
		looked = fmt.Sprintf("%d of %s", len(r.Queries), number(len(r.Queries)+r.Left, "statement"))
	}
	t.line("%s looked at, %s, %s.", looked, number(proved, "change")+" to make", number(len(r.Advice)-proved, "hint"))
	if len(r.Queries) > 0 {
		t.line("")
		for i, q := range r.Queries {
			if i == 5 {
				t.line("%s", t.paint("dim", fmt.Sprintf("        and %d more", len(r.Queries)-i)))
				break
			}
			bar := strings.Repeat("█", int(q.Share*20+0.5))
			t.line("%4.0f %% %s %s", 100*q.Share, t.paint("warn", fmt.Sprintf("%-20s", bar)), cut(q.title()+"  "+t.paint("dim", oneLine(q.Shown(r.Literals))), lineWidth-28))
		}
		t.line("%s", t.paint("dim", "        of the workload's "+r.shareOf()))
	}
}

func number(n int, noun string) string {
	switch n {
	case 0:
		return "no " + noun
	case 1:
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func (t *texter) advice(n int, a *Advice) {
	t.line("")
	title := a.Title
	if title == "" {
		title = a.Where
	}
	t.line("%s %s  %s", t.paint("title", fmt.Sprintf("%d.", n)), t.paint("title", strings.TrimSpace(title)), t.paint("dim", string(a.Kind)+" · "+a.ID))
	for _, line := range strings.Split(a.Change, "\n") {
		t.line("   %s", t.paint("code", line))
	}
	if a.Statement != "" {
		t.line("")
		for _, line := range wrap(oneLine(a.Statement), lineWidth-3) {
			t.line("   %s", t.paint("dim", line))
		}
	}
	for i, why := range a.Why {
		label := "why"
		if i > 0 {
			label = ""
		}
		t.wrapped(label, why)
	}
	t.plans(a.Proof)
	t.wrapped("proof", a.Confidence)
	for i, note := range a.Notes {
		label := "note"
		if i > 0 {
			label = ""
		}
		t.wrapped(label, note)
	}
}

func (t *texter) wrapped(label, text string) {
	for i, line := range wrap(text, lineWidth-10) {
		if i > 0 {
			label = ""
		}
		t.line("   %s %s", t.paint("dim", fmt.Sprintf("%-6s", label)), line)
	}
}

// plans stand side by side, what is different in colour.
func (t *texter) plans(p Proof) {
	if p.Before == nil {
		return
	}
	left, right := append([]string{p.Before.head("before")}, p.Before.Plan...), []string(nil)
	if p.After != nil {
		right = append([]string{p.After.head("after")}, p.After.Plan...)
	}
	t.line("")
	const half = 52
	for i := range max(len(left), len(right)) {
		l, r := at(left, i), at(right, i)
		colour := ""
		if i == 0 {
			colour = "good"
		}
		t.line("   %s  %s", pad(cut(l, half), half), t.paint(colour, cut(r, half)))
		if i > 12 {
			t.line("   %s", t.paint("dim", "…"))
			break
		}
	}
	t.line("")
}

func (e *Evidence) head(when string) string {
	switch {
	case e.timeout:
		return fmt.Sprintf("%s: no answer within %s", when, Milliseconds(*e.MS))
	case e.MS != nil && e.Pages != nil:
		return fmt.Sprintf("%s: %s, %s pages", when, Milliseconds(*e.MS), Count(*e.Pages))
	case e.Steps != nil && e.tree != nil && e.tree.cut:
		return fmt.Sprintf("%s: more than %s steps", when, Count(*e.Steps))
	case e.Steps != nil:
		return fmt.Sprintf("%s: %s steps", when, Count(*e.Steps))
	}
	return fmt.Sprintf("%s: cost %s", when, Count(e.Cost))
}

func (t *texter) foot() {
	if len(t.report.Notes) > 0 {
		t.line("")
		for _, note := range t.report.Notes {
			for i, line := range wrap(note, lineWidth-6) {
				label := "note:"
				if i > 0 {
					label = "     "
				}
				t.line("%s %s", t.paint("dim", label), line)
			}
		}
	}
}

func at(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return ""
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

func cut(text string, width int) string {
	if visible(text) <= width {
		return text
	}
	runes := []rune(text)
	if strings.Contains(text, "\x1b") { // the colour goes on for the whole of what is cut
		return string(runes[:min(len(runes), width+4)]) + "…\x1b[0m"
	}
	return string(runes[:width-1]) + "…"
}

func visible(text string) int {
	count, escape := 0, false
	for _, r := range text {
		switch {
		case r == '\x1b':
			escape = true
		case escape:
			escape = r != 'm'
		default:
			count++
		}
	}
	return count
}

func pad(text string, width int) string {
	return text + strings.Repeat(" ", max(0, width-utf8.RuneCountInString(text)))
}

func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		switch {
		case line == "":
			line = word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width:
			lines = append(lines, line)
			line = word
		default:
			line += " " + word
		}
	}
	return append(lines, line)
}
