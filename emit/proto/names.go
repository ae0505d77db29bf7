package proto

import (
	"strings"
	"unicode"
)

// snake is a name of the design as protobuf writes it: "createdAt" is created_at. Kit/grpc has the same function: by it the
// running service finds what an enum of orders or of groups means.
func snake(name string) string {
	var out strings.Builder
	runes := []rune(name)
	for i, r := range runes {
		if unicode.IsUpper(r) && i > 0 && runes[i-1] != '_' {
			beforeLower := i+1 < len(runes) && unicode.IsLower(runes[i+1])
			if !unicode.IsUpper(runes[i-1]) || beforeLower {
				out.WriteByte('_')
			}
		}
		out.WriteRune(unicode.ToLower(r))
	}
	return out.String()
}

func screaming(name string) string { return strings.ToUpper(snake(name)) }

// pascal is the name of an operation as that of a method.
func pascal(name string) string { return strings.ToUpper(name[:1]) + name[1:] }

// jsonName is the name that protobuf gives a field in JSON unless it has another.
func jsonName(name string) string {
	var out strings.Builder
	upper := false
	for _, r := range name {
		switch {
		case r == '_':
			upper = true
		case upper:
			out.WriteRune(unicode.ToUpper(r))
			upper = false
		default:
			out.WriteRune(r)
		}
	}
	return out.String()
}

// packageName is a backend's name as that of a package.
func packageName(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, snake(strings.ReplaceAll(name, "-", "_")))
}
