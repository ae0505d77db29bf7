// Package report prints findings: for people, for programs, and for the places where code is read.
package report

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/review/rule"
)

// JSON prints findings for programs.
func JSON(w io.Writer, findings []rule.Finding, coverage facts.Coverage) error {
	out := document{Findings: []finding{}, Coverage: reckon(coverage)}
	for _, f := range findings {
		shown := finding{f.Rule, f.Severity, f.Confidence, f.Pos.File, f.Pos.Line, f.Pos.Column, f.Message, []link{}, f.Fix, nil}
		for _, e := range f.Evidence {
			shown.Evidence = append(shown.Evidence, link{e.Pos.File, e.Pos.Line, e.What})
		}
		for _, e := range f.Edits {
			shown.Edits = append(shown.Edits, edit{e.File, e.From, e.To, e.Start.Line, e.Start.Column, e.End.Line, e.End.Column, e.New})
		}
		out.Findings = append(out.Findings, shown)
	}
	return encode(w, out)
}

func encode(w io.Writer, value any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}

type document struct {
	Findings []finding `json:"findings"`
	Coverage coverage  `json:"coverage"`
}

type finding struct {
	Rule       string          `json:"rule"`
	Severity   rule.Severity   `json:"severity"`
	Confidence rule.Confidence `json:"confidence"`
	File       string          `json:"file"`
	Line       int             `json:"line"`
	Column     int             `json:"column"`
	Message    string          `json:"message"`
	Evidence   []link          `json:"evidence"`
	Fix        string          `json:"fix"`
	Edits      []edit          `json:"edits,omitempty"` // where the fix is mechanical
}

// edit replaces the bytes from From to To of a file. Columns count characters.
type edit struct {
	File      string `json:"file"`
	From      int    `json:"from"`
	To        int    `json:"to"`
	Line      int    `json:"line"`
	Column    int    `json:"column"`
	EndLine   int    `json:"endLine"`
	EndColumn int    `json:"endColumn"`
	New       string `json:"new"`
}

type link struct {
	File string `json:"file"`
	Line int    `json:"line"`
	What string `json:"what"`
}

type coverage struct {
	Files    int      `json:"files"`
	Lines    int      `json:"lines"`
	Packages int      `json:"packages"`
	Typed    int      `json:"typed"`
	Broken   []string `json:"broken"`
	Missing  []string `json:"missing"`
}

func reckon(c facts.Coverage) coverage {
	out := coverage{c.Files, c.Lines, c.Packages, c.Typed, []string{}, []string{}}
	for _, pos := range c.Broken {
		out.Broken = append(out.Broken, pos.String())
	}
	out.Missing = append(out.Missing, c.Missing...)
	return out
}

// Text prints findings for people.
func Text(w io.Writer, findings []rule.Finding, colour bool) error {
	var b strings.Builder
	for _, f := range findings {
		fmt.Fprintf(&b, "%s %s  %s\n", paint(colour, bold, f.Pos.String()+":"), paint(colour, shade[f.Severity], string(f.Severity)), paint(colour, dim, f.Rule+", confidence "+string(f.Confidence)))
		fmt.Fprintf(&b, "  %s\n", printable(f.Message))
		for _, e := range f.Evidence {
			fmt.Fprintf(&b, "    %s %s\n", paint(colour, dim, fmt.Sprintf("%s:%d", e.Pos.File, e.Pos.Line)), printable(e.What))
		}
		if f.Fix != "" {
			fmt.Fprintf(&b, "  %s %s\n", paint(colour, cyan, "fix:"), strings.ReplaceAll(printable(f.Fix), "\n", "\n       "))
		}
		b.WriteByte('\n')
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// The colours, as SGR parameters (ECMA-48).
const (
	bold = "1"
	dim  = "2"
	cyan = "36"
)

var shade = map[rule.Severity]string{rule.Critical: "31;1", rule.High: "31", rule.Medium: "33", rule.Low: "36"}

func paint(on bool, colour, text string) string {
	if !on {
		return text
	}
	return "\x1b[" + colour + "m" + text + "\x1b[0m"
}

// printable keeps what a file holds from commanding the terminal.
func printable(text string) string {
	return strings.Map(func(c rune) rune {
		if c < ' ' && c != '\n' && c != '\t' || c == 0x7f {
			return '\uFFFD'
		}
		return c
	}, text)
}

// GitHub prints findings as annotations of a workflow.
func GitHub(w io.Writer, findings []rule.Finding) error {
	var b strings.Builder
	for _, f := range findings {
		level := "warning"
		if f.Severity.AtLeast(rule.High) {
			level = "error"
		}
		message := f.Message
		for _, e := range f.Evidence {
			message += fmt.Sprintf("\n%s:%d %s", e.Pos.File, e.Pos.Line, e.What)
		}
		if f.Fix != "" {
			message += "\nfix: " + f.Fix
		}
		fmt.Fprintf(&b, "::%s file=%s,line=%d,col=%d,title=%s::%s\n", level, property(f.Pos.File), f.Pos.Line, f.Pos.Column, property(f.Rule), data(message))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func data(text string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(text)
}

func property(text string) string {
	return strings.NewReplacer(":", "%3A", ",", "%2C").Replace(data(text))
}

// Markdown prints findings for a page or a comment.
func Markdown(w io.Writer, findings []rule.Finding) error {
	var b strings.Builder
	for _, f := range findings {
		fmt.Fprintf(&b, "### %s: %s\n\n`%s` · **%s** · confidence %s\n\n", f.Rule, escape(f.Message), f.Pos, f.Severity, f.Confidence)
		for _, e := range f.Evidence {
			fmt.Fprintf(&b, "1. `%s:%d` %s\n", e.Pos.File, e.Pos.Line, escape(e.What))
		}
		if f.Fix != "" {
			fmt.Fprintf(&b, "\n**Fix:**\n\n```\n%s\n```\n", strings.ReplaceAll(f.Fix, "```", "` ` `"))
		}
		b.WriteByte('\n')
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func escape(text string) string {
	return strings.NewReplacer("<", "&lt;", "*", `\*`, "_", `\_`, "`", "\\`", "|", `\|`).Replace(text)
}
