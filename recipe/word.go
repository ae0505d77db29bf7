package recipe

import (
	"strings"
	"unicode"

	"github.com/fettlehq/fettle/model/build"
)

// lower is a type's name as a field's: orderLine of OrderLine.
func lower(name string) string { return strings.ToLower(name[:1]) + name[1:] }

// upper is a field's name as a type's: OrderLine of orderLine.
func upper(name string) string { return strings.ToUpper(name[:1]) + name[1:] }

// many is the plural of a type's name as a field's: orderLines of OrderLine.
func many(name string) string { return build.Plural(lower(name)) }

// Spoken is a type's name in a sentence: order line of OrderLine.
func Spoken(name string) string { return strings.Join(splitName(name), " ") }

// splitName is the words of a type's name: order and line of OrderLine.
func splitName(name string) []string {
	var b strings.Builder
	for i, c := range name {
		if i > 0 && unicode.IsUpper(c) {
			b.WriteByte(' ')
		}
		b.WriteRune(c)
	}
	return wordsOf(b.String())
}
