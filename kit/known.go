package kit

import (
	_ "embed"
	"strings"
)

// The tool has these lists too, since what a design gives by default is checked as what is sent (model/build/domain.go). The names of zones are those of the
// tz database that Go has within it (time/tzdata), so that they mean the same on every host.
var (
	//go:embed zones.txt
	zoneNames string
	//go:embed countries.txt
	countryCodes string
	//go:embed currencies.txt
	currencyCodes string

	zones, countries, currencies = setOf(zoneNames), setOf(countryCodes), setOf(currencyCodes)
)

// IsTimeZone tells whether name is a name of the IANA time zone database, such as Europe/Berlin. What a host has in its files beside
// these, as localtime or posix/Europe/Berlin, is none.
func IsTimeZone(name string) bool { return zones[name] }

// IsCountry tells whether code is that of a country in ISO 3166-1 alpha-2, such as DE: one of the 249 that are officially assigned.
func IsCountry(code string) bool { return countries[code] }

// IsCurrency tells whether code is that of a currency or fund in ISO 4217, such as EUR: one in use, or one that went out of use since 2020,
// in which amounts are still kept.
func IsCurrency(code string) bool { return currencies[code] }

func setOf(text string) map[string]bool {
	set := map[string]bool{}
	for word := range strings.FieldsSeq(text) {
		set[word] = true
	}
	return set
}
