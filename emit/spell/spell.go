// Package spell turns the names of a design into those of programs, and what it says into their comments.
//
//	shopUrl ─▶ ShopURL, "shop URL"; SENT_BACK of OrderStatus ─▶ OrderStatusSentBack
//
// Which names a design may have is decided by package design; what is taken already, by whoever writes the program.
package spell

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// initialisms are the words that Go writes in capitals.
var initialisms = map[string]bool{
	"api": true, "cpu": true, "css": true, "dns": true, "html": true, "http": true, "https": true, "id": true,
	"ip": true, "json": true, "rpc": true, "sql": true, "ssh": true, "tls": true, "ttl": true,
	"ui": true, "uri": true, "url": true, "utc": true, "uuid": true, "xml": true,
}

// Exported is the Go name of a field, an operation or a plural: "shopUrl" is ShopURL.
func Exported(name string) string {
	var b strings.Builder
	for _, w := range Words(name) {
		if initialisms[strings.ToLower(w)] {
			b.WriteString(strings.ToUpper(w))
			continue
		}
		b.WriteString(UpperFirst(w))
	}
	if out := b.String(); out != "" && unicode.IsLetter(rune(out[0])) {
		return out
	}
	return "X" + b.String()
}

// Constant is the Go name of an enum value: SENT_BACK of OrderStatus is OrderStatusSentBack.
func Constant(enum, value string) string {
	if value == strings.ToUpper(value) {
		value = strings.ToLower(value)
	}
	var b strings.Builder
	for _, w := range Words(value) {
		if initialisms[strings.ToLower(w)] {
			b.WriteString(strings.ToUpper(w))
			continue
		}
		b.WriteString(UpperFirst(w))
	}
	return enum + b.String()
}

// Words cuts a name at underscores and before capitals, and keeps the case of the rest.
func Words(name string) []string {
	var out []string
	for _, part := range strings.Split(name, "_") {
		runes, from := []rune(part), 0
		for i := 1; i < len(runes); i++ {
			afterLower := unicode.IsUpper(runes[i]) && !unicode.IsUpper(runes[i-1])
			beforeLower := unicode.IsUpper(runes[i]) && i+1 < len(runes) && unicode.IsLower(runes[i+1])
			if afterLower || beforeLower {
				out = append(out, string(runes[from:i]))
				from = i
			}
		}
		if from < len(runes) {
			out = append(out, string(runes[from:]))
		}
	}
	return out
}

// Human is a type's name in prose: "OrderLine" is "order line".
func Human(name string) string {
	ws := Words(name)
	for i, w := range ws {
		if w != strings.ToUpper(w) || len(w) == 1 {
			ws[i] = strings.ToLower(w)
		}
	}
	return strings.Join(ws, " ")
}

// UpperFirst is s with its first letter in upper case.
func UpperFirst(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[size:]
}

// LowerFirst makes an exported name of Go unexported: "OrderLine" is orderLine, "APIKey" apiKey, "ID" id.
func LowerFirst(s string) string {
	ws := Words(s)
	if len(ws) == 0 {
		return s
	}
	if ws[0] == strings.ToUpper(ws[0]) {
		return strings.ToLower(ws[0]) + s[len(ws[0]):]
	}
	r, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToLower(r)) + s[size:]
}
