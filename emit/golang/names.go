package golang

import (
	"go/token"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/fettlehq/fettle/model"
)

// initialisms are the words that Go writes in capitals.
var initialisms = map[string]bool{
	"api": true, "cpu": true, "css": true, "dns": true, "html": true, "http": true, "https": true, "id": true,
	"ip": true, "json": true, "rpc": true, "sql": true, "ssh": true, "tls": true, "ttl": true,
	"ui": true, "uri": true, "url": true, "utc": true, "uuid": true, "xml": true,
}

// exported is the Go name of a field, an operation or a plural: "shopUrl" is ShopURL.
func exported(name string) string {
	var b strings.Builder
	for _, w := range words(name) {
		if initialisms[strings.ToLower(w)] {
			b.WriteString(strings.ToUpper(w))
			continue
		}
		b.WriteString(upperFirst(w))
	}
	if out := b.String(); out != "" && unicode.IsLetter(rune(out[0])) {
		return out
	}
	return "X" + b.String()
}

// constant is the Go name of an enum value: SENT_BACK of OrderStatus is OrderStatusSentBack.
func constant(enum, value string) string {
	if value == strings.ToUpper(value) {
		value = strings.ToLower(value)
	}
	var b strings.Builder
	for _, w := range words(value) {
		if initialisms[strings.ToLower(w)] {
			b.WriteString(strings.ToUpper(w))
			continue
		}
		b.WriteString(upperFirst(w))
	}
	return enum + b.String()
}

// words cuts a name at underscores and before capitals, and keeps the case of the rest.
func words(name string) []string {
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

// human is a type's name in prose: "OrderLine" is "order line".
func human(name string) string {
	ws := words(name)
	for i, w := range ws {
		if w != strings.ToUpper(w) || len(w) == 1 {
			ws[i] = strings.ToLower(w)
		}
	}
	return strings.Join(ws, " ")
}

// parameter is the Go name of an argument, never one that means something else in the signature or the handler.
func parameter(name string) string {
	name = lowerFirst(exported(name))
	switch {
	case name == "input":
		return "in"
	case token.IsKeyword(name), predeclared[name], qualifiers[name] != "", name == "ctx", name == "tx", name == "events", name == "in", name == "b", name == "s", name == "errors":
		return name + "Arg"
	}
	return name
}

var predeclared = map[string]bool{
	"any": true, "bool": true, "error": true, "float64": true, "int": true, "int64": true, "string": true, "byte": true,
	"nil": true, "true": true, "false": true, "len": true, "make": true, "new": true, "append": true, "errors": true,
}

// PackageName is the Go package of a module.
func PackageName(m *model.Module) string {
	name := strings.ToLower(strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, m.Name))
	if token.IsKeyword(name) {
		return name + "s"
	}
	return name
}

// qualifier is how other packages name the package of a module: its name, unless a package of kit has it.
func qualifier(m *model.Module) string {
	name := PackageName(m)
	if qualifiers[name] != "" || name == "app" || name == "api" || name == "migrations" {
		return name + "module"
	}
	return name
}

func upperFirst(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[size:]
}

// lowerFirst makes an exported name unexported: "OrderLine" is orderLine, "APIKey" apiKey, "ID" id.
func lowerFirst(s string) string {
	ws := words(s)
	if len(ws) == 0 {
		return s
	}
	if ws[0] == strings.ToUpper(ws[0]) {
		return strings.ToLower(ws[0]) + s[len(ws[0]):]
	}
	r, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToLower(r)) + s[size:]
}

func article(noun string) string {
	if strings.ContainsRune("aeio", rune(noun[0])) {
		return "an " + noun
	}
	return "a " + noun
}
