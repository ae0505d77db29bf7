package proto

import (
	"maps"
	"strings"
	"testing"
)

func fields(t *declaration) string {
	var out []string
	for _, f := range t.fields {
		out = append(out, f.name)
	}
	return strings.Join(out, " ")
}

func TestANumberIsGivenOnce(t *testing.T) {
	numbers := Numbers{}
	for _, step := range []struct{ fields, former, lock, numbers, reserved string }{
		{"id title price", "", "id title price", "1 2 3", ""},
		{"id price stock", "", "id -title price stock", "1 3 4", "2"},
		{"stock id cost", "cost=price", "id -title cost stock", "4 1 3", "2"},
		{"id title cost extra", "", "id title cost -stock extra", "1 2 3 5", "4"},
		{"", "", "-id -title -cost -stock -extra", "", "1 2 3 4 5"},
		{"id:string title:string", "", "id:string title:string -cost -stock -extra", "1 2", "3 4 5"}, // the lock of before did not say what they are
		{"id:string title:int32", "", "id:string -title:string -cost -stock -extra title:int32", "1 6", "2 3 4 5"},
		{"id:string title:string[]", "", "id:string -title:string -cost -stock -extra -title:int32 title:string[]", "1 7", "2 3 4 5 6"},
		{"id:string title:string", "", "id:string title:string -cost -stock -extra -title:int32 -title:string[]", "1 2", "3 4 5 6 7"},
		{"id:string name:string", "name=title", "id:string name:string -cost -stock -extra -title:int32 -title:string[]", "1 2", "3 4 5 6 7"},
	} {
		message := &declaration{name: "Product"}
		for name := range strings.FieldsSeq(step.fields) {
			name, typ, _ := strings.Cut(name, ":")
			f := &field{name: name, typ: strings.TrimSuffix(typ, "[]")}
			if typ != f.typ {
				f.label = "repeated"
			}
			if now, before, _ := strings.Cut(step.former, "="); now == name {
				f.formers = []string{before}
			}
			message.fields = append(message.fields, f)
		}
		before := maps.Clone(numbers)
		next := numbers.clone()
		next.give(message, nil)
		if !maps.Equal(numbers, before) {
			t.Errorf("%s: the numbers of before were changed", fields(message))
		}
		numbers = next
		var got, reserved []string
		for _, f := range message.fields {
			got = append(got, string(rune('0'+f.number)))
		}
		for _, g := range message.gone {
			reserved = append(reserved, string(rune('0'+g.number)))
		}
		if numbers["Product"] != step.lock || strings.Join(got, " ") != step.numbers || strings.Join(reserved, " ") != step.reserved {
			t.Errorf("%s: numbers %v, reserved %v, lock %q", step.fields, got, reserved, numbers["Product"])
		}
	}
}

func TestNames(t *testing.T) {
	for name, want := range map[string]string{
		"createdAt": "created_at", "line2": "line2", "APIKey": "api_key", "shippedToURL": "shipped_to_url", "a_b": "a_b", "isNull": "is_null",
	} {
		if got := snake(name); got != want {
			t.Errorf("snake(%q) = %q, want %q", name, got, want)
		}
	}
}

// A lock that said "*" of messages and enums gives them the numbers that they have, and says what they are from now on.
func TestALockThatSaidNothingOfMessages(t *testing.T) {
	mood := &declaration{name: "Mood", values: true}
	note := &declaration{name: "Note", fields: []*field{{name: "mood", typ: "Mood"}, {name: "lines", typ: "Line", label: repeated}, {name: "id", typ: "string"}}}
	numbers := Numbers{"Note": "id:string lines:*[] mood:*"}
	numbers.give(note, typesOf([]*declaration{mood, note, {name: "Line"}}))
	if numbers["Note"] != "id:string lines:Line[] mood:enum.Mood" {
		t.Error(numbers)
	}
}
