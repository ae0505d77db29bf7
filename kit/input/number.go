package input

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/fettlehq/fettle/kit"
)

// A number in a JSON field is one that 64 bits hold (RFC 8259, section 6; RFC 7493, section 2.2), and is kept without an
// exponent, which is how PostgreSQL shows it: 1e300 is five characters to send and 301 to keep. These bound what that
// comes to.
const (
	maxNumber = 400     // characters of a number; the least that 64 bits hold has 341 in its longest form
	maxGrowth = 1 << 16 // characters by which the numbers of one input grow
)

// Numbers writes out the numbers of a JSON text. Its fault is the code of a field and what the value must be; both are
// empty where it is within bounds. growth is by how many characters the numbers of one input have grown so far.
func Numbers(text json.RawMessage, growth *int) (written json.RawMessage, code, detail string) {
	start := 0 // of what is not written yet
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			i = stringEnd(text, i)
		case c == '-' || c >= '0' && c <= '9':
			end := i + 1
			for end < len(text) && isNumberByte(text[end]) {
				end++
			}
			number := string(text[i:end])
			plain, ok := plainNumber(number)
			if !ok {
				return nil, kit.FieldTooLarge, "must have no number that 64 bits do not hold, or of more than " + strconv.Itoa(maxNumber) + " digits"
			}
			if plain != number {
				if *growth += len(plain) - len(number); *growth > maxGrowth {
					return nil, kit.FieldTooLarge, "must have fewer numbers with large exponents"
				}
				written = append(append(written, text[start:i]...), plain...)
				start = end
			}
			i = end - 1
		}
	}
	if start == 0 {
		return text, "", ""
	}
	return append(written, text[start:]...), "", ""
}

// stringEnd is where the string that begins at i has its closing quote.
func stringEnd(text []byte, i int) int {
	for i++; i < len(text) && text[i] != '"'; i++ {
		if text[i] == '\\' {
			i++
		}
	}
	return i
}

// plainNumber is a number of JSON without an exponent and without the sign of a zero, if it is within bounds.
func plainNumber(text string) (plain string, ok bool) {
	if text[0] != '-' && isDigits(text) && len(text) < 300 {
		return text, true
	}
	if len(text) > maxNumber {
		return "", false
	}
	mantissa, exponent, scientific := strings.Cut(strings.ToLower(text), "e")
	sign := ""
	if rest, negative := strings.CutPrefix(mantissa, "-"); negative {
		sign, mantissa = "-", rest
	}
	zero := strings.Trim(mantissa, "0.") == ""
	if zero {
		sign = ""
	}
	if plain = mantissa; scientific {
		shift, err := strconv.Atoi(exponent)
		if err != nil || shift < -maxNumber || shift > maxNumber {
			return "", false
		}
		plain = shifted(mantissa, shift)
	}
	plain = sign + plain
	f, err := strconv.ParseFloat(plain, 64)
	return plain, err == nil && (f != 0 || zero) && len(plain) <= maxNumber
}

// shifted is a number of digits and at most one point, the point moved by so many places to the right.
func shifted(mantissa string, places int) string {
	whole, fraction, _ := strings.Cut(mantissa, ".")
	switch {
	case places >= len(fraction):
		whole, fraction = whole+fraction+strings.Repeat("0", places-len(fraction)), ""
	case places >= 0:
		whole, fraction = whole+fraction[:places], fraction[places:]
	default:
		whole = strings.Repeat("0", -places) + whole
		whole, fraction = whole[:len(whole)+places], whole[len(whole)+places:]+fraction
	}
	if whole = strings.TrimLeft(whole, "0"); whole == "" {
		whole = "0"
	}
	if fraction != "" {
		whole += "." + fraction
	}
	return whole
}

func isDigits(text string) bool {
	rest, ok := digits(text)
	return ok && rest == ""
}
