package kit

import (
	"strings"
	"unicode"
)

// Slug is a text in the form of an address, as @default(from: "slug(title)") makes it: letters and digits, in lower case, with one hyphen for what
// stands between them, about a hundred bytes at most. It is empty where there is neither. One that IsID, and one that is
// taken, need a SlugSuffix behind a hyphen.
func Slug(text string) string {
	var b strings.Builder
	hyphen := false
	for _, c := range strings.ToLower(text) {
		if !unicode.IsLetter(c) && !unicode.IsDigit(c) {
			hyphen = true
			continue
		}
		if hyphen && b.Len() > 0 {
			b.WriteByte('-')
		}
		hyphen = false
		b.WriteRune(c)
		if b.Len() >= 100 {
			break
		}
	}
	return b.String()
}

// SlugSuffix is what stands behind the hyphen of a slug that was taken.
func SlugSuffix() string { return strings.ToLower(Token(4))[:7] }
