// Package designs hands the five designs that are the measure of the language to tests that build them.
package designs

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
)

// Names are the designs, without their endings.
var Names = []string{"1-tracker", "2-marketplace", "3-conduit", "4-booking", "5-chat"}

// Built is the text of a design without the parts that wait for what is not built.
func Built(name string) ([]byte, error) {
	_, here, _, _ := runtime.Caller(0)
	text, err := os.ReadFile(filepath.Join(filepath.Dir(here), "..", "..", "design", "testdata", "designs", name+".graphql"))
	if err != nil {
		return nil, fmt.Errorf("design %s: %w", name, err)
	}
	for _, part := range notBuilt {
		text = part.ReplaceAll(text, nil)
	}
	return text, nil
}

var notBuilt = []*regexp.Regexp{
	regexp.MustCompile(`(?ms)^extend type (Task|External) \{.*?^\}\n`),
	regexp.MustCompile(`(?ms)^(?:"[^"\n]*"\n)?type \w+ @event\(from:[^{]*\{.*?\}\n`),
	regexp.MustCompile(`(?m)^  \w+: (File!?|\[File!\]!).*\n`),
	regexp.MustCompile(` @(signed|cache|rateLimit|upload)\([^)]*\)`),
	regexp.MustCompile(` @idempotent\(key: "[^"]*"\)`),
	regexp.MustCompile(` @encrypted`),
	regexp.MustCompile(`, machines: true`),
}
