package proto_test

import (
	"strings"
	"testing"

	"github.com/fettlehq/fettle/design"
	"github.com/fettlehq/fettle/diag"
	"github.com/fettlehq/fettle/emit/proto"
	"github.com/fettlehq/fettle/model"
	"github.com/fettlehq/fettle/model/build"
)

// An enum that was renamed keeps the numbers of its values, of the fields that hold it and of what is asked of these; and so does a
// value.
func TestWhatIsRenamedKeepsItsNumber(t *testing.T) {
	before := proto.Emit(modelOf(t, "enum State { OPEN SHUT }"), nil)
	after := proto.Emit(modelOf(t, "enum Status @was(name: State) { NEW CLOSED @was(name: SHUT) OPEN }"), before.Numbers)
	if got, want := after.Numbers["Status"], "OPEN CLOSED NEW"; got != want {
		t.Errorf("the numbers are %q, were %q", got, before.Numbers["State"])
	}
	for was, is := range map[string]string{"Note": "Note", "NoteFilter": "NoteFilter", "StateFilter": "StatusFilter", "StateList": "StatusList"} {
		if before, after := strings.ReplaceAll(before.Numbers[was], "State", "Status"), after.Numbers[is]; before == "" || before != after {
			t.Errorf("the numbers of %s were %q, and those of %s are %q", was, before, is, after)
		}
	}
	if text := string(after.Text); !strings.Contains(text, "STATUS_NEW = 3;") || !strings.Contains(text, "STATUS_CLOSED = 2;") {
		t.Errorf("%s", text)
	}
}

func modelOf(t *testing.T, enum string) *model.Model {
	t.Helper()
	name := strings.Fields(enum)[1]
	var problems diag.List
	d := design.Parse([]design.Source{{Name: "design/a.graphql", Text: "extend schema @backend(name: \"notes\", module: \"example.com/notes\")\n" + enum + "\ntype Note @entity @allow(do: READ, when: \"true\") { is: " + name + "! }"}}, &problems)
	m := build.Model(d, &problems)
	build.Unbuilt(d, m, &problems)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return m
}
