package build

import (
	"os"
	"testing"
)

// The tool knows the zones, countries and currencies that services take.
func TestListsOfTheRuntime(t *testing.T) {
	for name, have := range map[string]string{"zones.txt": zoneNames, "countries.txt": countryCodes, "currencies.txt": currencyCodes} {
		want, err := os.ReadFile("../../kit/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if have != string(want) {
			t.Errorf("cp kit/%s model/build/", name)
		}
	}
}
