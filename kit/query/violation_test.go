package query

import "testing"

func TestArticle(t *testing.T) {
	for noun, want := range map[string]string{"account": "an account", "tag": "a tag", "user": "a user", "invoice": "an invoice", "": "a "} {
		if got := article(noun); got != want {
			t.Errorf("article(%q) = %q, want %q", noun, got, want)
		}
	}
}
