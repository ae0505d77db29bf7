package feed

import (
	"strings"
	"testing"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/sqldb"
)

// A message is read as it was written, and fits whatever a transaction writes.
func TestMessages(t *testing.T) {
	all := []Change{{"Order", meta.Create, "a"}, {"Customer", meta.Delete, "b"}, {"Order", meta.Create, "c"}, {"Order", meta.Update, "a"}}
	texts := messages(all)
	if got := strings.Join(texts, "|"); got != "1 Order a c|3 Customer b|2 Order a" {
		t.Error(got)
	}
	var read []Change
	for _, text := range texts {
		_, changes, err := readMessage(text)
		if err != nil {
			t.Error(err)
		}
		read = append(read, changes...)
	}
	if len(read) != len(all) {
		t.Errorf("%d changes are read of %d: %v", len(read), len(all), read)
	}
	var many []Change
	for range 10_000 {
		many = append(many, Change{"Order", meta.Create, kit.NewID()})
	}
	for n := range 1000 {
		for _, text := range messages(many[:n*10]) {
			if len(text) > sqldb.MaxMessage {
				t.Fatalf("%d changes make %d bytes", n*10, len(text))
			}
		}
	}
	if entity, changes, err := readMessage(messages(many)[0]); entity != "Order" || changes != nil || err != nil {
		t.Error(entity, changes, err)
	}
	for _, text := range []string{"", "1", "1 Order", "x Order a", "4 Order a", "-1 Order a", " Order a"} {
		if _, _, err := readMessage(text); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}
