package cli

import (
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// A signal ends at once what only reads; what writes is told, and ends itself.
func TestOnlyReads(t *testing.T) {
	for args, want := range map[string]bool{
		"review": true, "assess": true, "check": true, "review --fix": false, "generate": false, "optimize --database sqlite:x.db": false,
	} {
		parser, err := kong.New(&commands{})
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := parser.Parse(strings.Fields(args))
		if err != nil {
			t.Fatalf("%s: %v", args, err)
		}
		if got := onlyReads(parsed.Selected()); got != want {
			t.Errorf("%s only reads: %v, want %v", args, got, want)
		}
	}
}
