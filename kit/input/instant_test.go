package input_test

import (
	"testing"

	"github.com/fettlehq/fettle/kit/input"
	"github.com/fettlehq/fettle/kit/meta"
)

// An instant is in the form of RFC 3339, whose offsets end at 23:59; what a microsecond does not hold is cut off.
func TestInstants(t *testing.T) {
	f := &meta.Field{Name: "at", Kind: meta.DateTime}
	for text, want := range map[string]string{
		"2026-01-01T00:00:00Z":            "2026-01-01T00:00:00Z",
		"2026-01-01T00:00:00.1234567891Z": "2026-01-01T00:00:00.123456Z",
		"2026-01-01T00:00:00+23:59":       "2025-12-31T00:01:00Z",
		"2026-01-01T00:00:00+24:00":       "",
		"2026-01-01T00:00:00-01:60":       "",
		"2026-01-01T00:00:00,5Z":          "",
		"2026-01-01T24:00:00Z":            "",
	} {
		value, wrong := input.Value(f, text)
		switch {
		case want == "" && len(wrong) == 0:
			t.Errorf("%s is taken as %v", text, value)
		case want != "" && (len(wrong) > 0 || string(input.AppendJSON(nil, f, value)) != `"`+want+`"`):
			t.Errorf("%s: %v %v, want %s", text, value, wrong, want)
		}
	}
}
