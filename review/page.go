package review

import (
	"fmt"
	"strings"

	"github.com/fettlehq/fettle/review/rule"
)

// Page is the page of a rule in doc/rules: its document, with what classes it belongs to.
func Page(r *rule.Rule) string {
	title, rest, _ := strings.Cut(r.Document, "\n")
	classes := []string{"`" + r.Name + "`", "severity " + string(r.Severity)}
	for _, class := range []string{r.CWE, r.OWASP} {
		if class != "" {
			classes = append(classes, class)
		}
	}
	return title + "\n\n" + strings.Join(classes, " · ") + "\n" + rest
}

// Index is the page that leads to those of all rules.
func Index() string {
	var b strings.Builder
	b.WriteString("# Rules of `fettle review`\n\n| rule | finds | severity | classes |\n|---|---|---|---|\n")
	for _, r := range Rules {
		fmt.Fprintf(&b, "| [`%s`](%s.md) | %s | %s | %s |\n", r.Name, r.Name, r.Title(), r.Severity, strings.TrimSpace(r.CWE+" "+r.OWASP))
	}
	return b.String()
}
