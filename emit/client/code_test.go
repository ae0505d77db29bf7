package client

import (
	"os"
	"regexp"
	"slices"
	"testing"
)

// The codes of every service are those that the kit has.
func TestCodesOfTheKit(t *testing.T) {
	text, err := os.ReadFile("../../kit/problem.go")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^\t(?:Code|Field)\w+ += "(\w+)"`).FindAllStringSubmatch(string(text), -1)
	if len(found) < 30 {
		t.Fatalf("%d codes in kit/problem.go", len(found))
	}
	for _, match := range found {
		if !slices.ContainsFunc(own, func(c Code) bool { return c.Name == match[1] }) {
			t.Errorf("%s is a code of the kit, and none of clients", match[1])
		}
	}
}
