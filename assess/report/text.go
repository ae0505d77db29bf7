package report

import (
	"fmt"
	"strings"

	"github.com/fettlehq/fettle/assess"
)

// Text prints a report for a terminal: what a page of Markdown says, with fewer words.
func Text(r *assess.Report, colour bool) []byte {
	t := &terminal{colour: colour}
	t.line("%s", t.bold(r.Name))
	t.line("%s", summary(r))
	t.section("Modules, from the top down")
	for _, m := range byLayer(r) {
		t.line("  %d  %-32s %6d lines  %s", m.Layer+1, m.Name, m.Lines, strings.Join(m.Roles, ", "))
	}
	for _, circle := range r.Cycles {
		t.line("  a circle: %s", strings.Join(circle, ", "))
	}
	for _, b := range r.Breaches {
		t.line("  %s imports %s, at %s", b.From, b.To, place(b.At))
	}
	t.section("Conventions")
	for _, c := range r.Conventions {
		t.line("  %s %s", t.bold(fmt.Sprintf("%-15s", c.Topic)), c.Text)
	}
	t.section("Routes")
	for _, route := range r.Routes {
		t.line("  %-48s %-8s %s", route, route.Access, t.dim(fmt.Sprintf("%s  statements: %s  %s", route.Handler, costs(route), strings.Join(tables(route), " "))))
	}
	t.section("Entities")
	for _, e := range r.Entities {
		t.line("  %-32s %s", e.Table, t.dim(strings.Join(relations(e), ", ")))
	}
	t.section("Data stores and the outside")
	for _, s := range r.Stores {
		t.line("  %s", store(s))
	}
	for _, o := range r.Outside {
		t.line("  %s", outside(o))
	}
	t.section("Hot spots")
	for _, line := range hotSpots(r) {
		t.line("  %s", line)
	}
	t.section("What to improve first")
	for i, improvement := range r.Improvements {
		t.line("  %d. %s (%s)", i+1, t.bold(improvement.Title), places(improvement.Count))
		t.line("     %s", improvement.Reason)
		for n, at := range improvement.Where {
			t.line("     %s %s", t.dim(place(at)), improvement.What[n])
		}
	}
	t.section("How much was read")
	for _, line := range coverage(r) {
		t.line("  %s", line)
	}
	return []byte(t.text.String())
}

type terminal struct {
	text   strings.Builder
	colour bool
}

// line writes one line. What the code holds cannot command the terminal.
func (t *terminal) line(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	line = strings.Map(func(c rune) rune {
		if c < ' ' && c != '\x1b' || c == 0x7f || c == '\x1b' && !t.colour {
			return '\uFFFD'
		}
		return c
	}, line)
	t.text.WriteString(strings.TrimRight(line, " ") + "\n")
}

func (t *terminal) section(title string) { t.text.WriteString("\n" + t.bold(title) + "\n\n") }

func (t *terminal) bold(text string) string { return t.paint("1", text) }
func (t *terminal) dim(text string) string  { return t.paint("2", text) }

// paint colours a text (SGR, ECMA-48), which holds no sequence of its own.
func (t *terminal) paint(colour, text string) string {
	if !t.colour || text == "" {
		return text
	}
	return "\x1b[" + colour + "m" + strings.ReplaceAll(text, "\x1b", "\uFFFD") + "\x1b[0m"
}
