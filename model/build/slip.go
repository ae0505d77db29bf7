package build

import (
	"regexp"
	"strings"

	"cel.dev/cel-go/common"

	"github.com/fettlehq/fettle/design"
	"github.com/fettlehq/fettle/diag"
)

// slips are the signs and words of other languages, and what an expression has for them. Longer ones come first.
var slips = []struct {
	wrong *regexp.Regexp
	right string
}{
	{regexp.MustCompile(`<>`), "!="},
	{regexp.MustCompile(`=>`), ">="},
	{regexp.MustCompile(`=<`), "<="},
	{regexp.MustCompile(`(^|[^=<>!])=([^=]|$)`), "$1==$2"},
	{regexp.MustCompile(`(^|[^&])&([^&]|$)`), "$1&&$2"},
	{regexp.MustCompile(`(^|[^|])\|([^|]|$)`), "$1||$2"},
	{regexp.MustCompile(`(?i)\band\b`), "&&"},
	{regexp.MustCompile(`(?i)\bor\b`), "||"},
	{regexp.MustCompile(`(?i)\bnot\s*\(`), "!("},
	{regexp.MustCompile(`(?i)\bnot\s+([a-zA-Z.]+)(\s*(?:$|&&|\|\||\)))`), "!$1$2"},
}

// withoutSlips writes an expression with the signs of the language.
func withoutSlips(text string) string {
	return outsideQuotes(text, func(part string) string {
		for _, s := range slips {
			part = s.wrong.ReplaceAllString(part, s.right)
		}
		return part
	})
}

// outsideQuotes changes what does not stand in the quotes of an expression.
func outsideQuotes(text string, change func(string) string) string {
	var b strings.Builder
	for text != "" {
		start := strings.IndexAny(text, `'"`)
		if start < 0 {
			b.WriteString(change(text))
			break
		}
		end := len(text)
		if n := strings.IndexByte(text[start+1:], text[start]); n >= 0 {
			end = start + n + 2
		}
		b.WriteString(change(text[:start]) + text[start:end])
		text = text[end:]
	}
	return b.String()
}

// mendSlips is the edit that mends the signs of an expression, and what to write; none where it could still not be read.
func (b *builder) mendSlips(v *design.Value) (string, diag.Edit) {
	mended := withoutSlips(v.Text)
	if mended == v.Text {
		return "", diag.Edit{}
	}
	if _, errs := b.env.parser.Parse(common.NewTextSource(mended)); len(errs.GetErrors()) > 0 {
		return "", diag.Edit{}
	}
	return "write " + mended, rewrite(v, mended)
}

// rewrite is the edit of what differs between an expression and a better one; none in a text block, whose indent is not
// known.
func rewrite(v *design.Value, better string) diag.Edit {
	if v.Block {
		return diag.Edit{}
	}
	was, is := []rune(v.Text), []rune(better)
	start, end := 0, 0
	for start < min(len(was), len(is)) && was[start] == is[start] {
		start++
	}
	for end < min(len(was), len(is))-start && was[len(was)-1-end] == is[len(is)-1-end] {
		end++
	}
	text := quoted(string(is[start : len(is)-end]))
	return diag.Between(position(v, start), position(v, len(was)-end), text[1:len(text)-1])
}
