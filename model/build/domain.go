package build

import (
	_ "embed"
	"encoding/json"
	"net/mail"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/fettlehq/fettle/model"
)

// What the runtime takes where a scalar is sent (kit/query, validator.text): what a design gives by default is the same. The tool imports none of the
// runtime, so the lists that kit embeds stand here too, byte for byte.
var (
	//go:embed zones.txt
	zoneNames string
	//go:embed countries.txt
	countryCodes string
	//go:embed currencies.txt
	currencyCodes string
)

const (
	sqliteDigits  = 18  // of a Decimal, which is an integer of 64 bits there
	longestNumber = 400 // characters of a number of JSON
)

// inDomain tells whether a text is a value of a kind that is written as one.
func inDomain(kind model.Kind, text string) bool {
	if !utf8.ValidString(text) || strings.Contains(text, "\x00") {
		return false
	}
	switch kind {
	case model.DateTime:
		t, err := time.Parse(time.RFC3339Nano, text)
		return err == nil && isYear(t.UTC().Year())
	case model.Date:
		t, err := time.Parse(time.DateOnly, text)
		return err == nil && isYear(t.Year())
	case model.UUID, model.ID:
		return uuidPattern.MatchString(text)
	case model.Email:
		address, err := mail.ParseAddress(text)
		return err == nil && address.Address == text && len(text) <= 254
	case model.URL:
		u, err := url.Parse(text)
		return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && len(text) <= 2048
	case model.TimeZone:
		return isOneOf(zoneNames, text)
	case model.Country:
		return isOneOf(countryCodes, text)
	case model.Currency:
		return isOneOf(currencyCodes, text)
	}
	return true
}

// isJSON tells whether both databases keep a JSON text: its numbers are such as 64 bits hold.
func isJSON(text string) bool {
	if !json.Valid([]byte(text)) || strings.Contains(text, `\u0000`) {
		return false
	}
	tokens := json.NewDecoder(strings.NewReader(text))
	tokens.UseNumber()
	for {
		token, err := tokens.Token()
		if err != nil {
			return true
		}
		if number, ok := token.(json.Number); ok {
			if _, err := number.Float64(); err != nil || len(number) > longestNumber {
				return false
			}
		}
	}
}

func isYear(n int) bool { return 1 <= n && n <= 9999 }

func isOneOf(names, name string) bool { return slices.Contains(strings.Fields(names), name) }
