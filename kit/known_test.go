package kit

import (
	"path/filepath"
	"testing"
	"time"
	_ "time/tzdata"
)

func TestNamesThatAreKnown(t *testing.T) {
	for _, c := range []struct {
		is   func(string) bool
		yes  []string
		no   []string
		many int
		all  map[string]bool
	}{
		{
			IsTimeZone,
			[]string{"Europe/Berlin", "UTC", "Etc/GMT+12", "America/Argentina/Buenos_Aires"},
			[]string{"", "Local", "localtime", "posixrules", "Factory", "right/Europe/Rome", "posix/Europe/Rome", "europe/berlin", "../UTC"},
			500, zones,
		},
		{IsCountry, []string{"DE", "GB", "BQ"}, []string{"", "ZZ", "UK", "XK", "EU", "de", "DEU"}, 249, countries},
		{IsCurrency, []string{"EUR", "XAU", "HRK"}, []string{"", "BTC", "DEM", "eur", "EU"}, 180, currencies},
	} {
		for _, name := range c.yes {
			if !c.is(name) {
				t.Errorf("%q is none", name)
			}
		}
		for _, name := range c.no {
			if c.is(name) {
				t.Errorf("%q is one", name)
			}
		}
		if len(c.all) < c.many {
			t.Errorf("%d are known, want %d", len(c.all), c.many)
		}
	}
	if len(countries) != 249 {
		t.Errorf("%d countries", len(countries))
	}
}

// Every name is one of the database that Go has within it, whatever a host has in its files.
func TestZonesNeedNoHost(t *testing.T) {
	t.Setenv("ZONEINFO", filepath.Join(t.TempDir(), "none"))
	for name := range zones {
		if _, err := time.LoadLocation(name); err != nil {
			t.Error(err)
		}
	}
}
