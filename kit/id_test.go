package kit

import (
	"strings"
	"testing"
)

func TestIsID(t *testing.T) {
	id := string(NewID())
	for text, want := range map[string]bool{
		id: true, strings.ToUpper(id): true, "": false, id[1:]: false, id + "0": false,
		strings.ReplaceAll(id, "-", "0"): false, "g" + id[1:]: false, "{" + id + "}": false, "urn:uuid:" + id: false,
	} {
		if IsID(text) != want {
			t.Errorf("%q: %v", text, !want)
		}
	}
}
