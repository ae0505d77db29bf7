package graphql

import "testing"

func TestSurrogates(t *testing.T) {
	for text, want := range map[string]string{
		`{ a(b: "\ud83d\ude00 \\ud800 \n") }`:                 "{ a(b: \"\U0001F600 \\\\ud800 \\n\") }",
		`{ a(b: "\uD83D\uDE00") } # "\ud800"`:                 "{ a(b: \"\U0001F600\") } # \"\\ud800\"",
		`{ a(b: """\ud800 \""" " """) c(d: "\ud83d\ude00") }`: "{ a(b: \"\"\"\\ud800 \\\"\"\" \" \"\"\") c(d: \"\U0001F600\") }",
		`{ a(b: "\u00e9 \u{1F600}") }`:                        `{ a(b: "\u00e9 \u{1F600}") }`,
		`{ a(b: "a\ud800b") }`:                                "",
		`{ a(b: "\ude00\ud83d") }`:                            "",
		`{ a(b: "\ud800`:                                      "",
		`{ a(b: "\ud800\u00e9") }`:                            "",
		`{ a(b: "\ud8`:                                        `{ a(b: "\ud8`,
		`"\ud800\`:                                            "",
	} {
		if got, ok := withoutSurrogates(text); got != want || ok != (want != "") {
			t.Errorf("%s: %q %v, want %q", text, got, ok, want)
		}
	}
}
