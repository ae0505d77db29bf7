package emit

import (
	"slices"
	"testing"
)

func TestDecide(t *testing.T) {
	const path, code, team = "api/schema.graphql", "orders/store.gen.go", "orders/orders.go"
	cases := []struct {
		title         string
		file          File
		locked, there string // texts; empty without
		want          Action
	}{
		{"A missing file is written.", File{path, []byte("new"), Tool}, "", "", Write},
		{"A file as the tool left it is written again.", File{path, []byte("new"), Tool}, "old", "old", Write},
		{"A file that is up to date is kept.", File{path, []byte("new"), Tool}, "old", "new", Keep},
		{"A file that was edited is the team's.", File{path, []byte("new"), Tool}, "old", "edited", Taken},
		{"A file that the tool never wrote is the team's.", File{path, []byte("new"), Tool}, "", "other", Taken},
		{"Generated code is the tool's however it was edited.", File{code, []byte("new"), Tool}, "", "edited", Write},
		{"The team's file is written once.", File{team, []byte("new"), Team}, "", "", Write},
		{"The team's file is never touched again.", File{team, []byte("new"), Team}, "", "edited", Keep},
	}
	for _, c := range cases {
		lock, disk := Lock{Files: map[string]string{}}, map[string]string{}
		if c.locked != "" {
			lock.Files[c.file.Path] = Hash([]byte(c.locked))
		}
		if c.there != "" {
			disk[c.file.Path] = Hash([]byte(c.there))
		}
		steps, _ := Decide([]File{c.file}, lock, disk)
		if steps[0].Action != c.want {
			t.Errorf("%s got %s, want %s", c.title, steps[0].Action, c.want)
		}
	}
}

// What the tool needs no more is deleted, unless it has become the team's.
func TestDecideDelete(t *testing.T) {
	lock := Lock{Files: map[string]string{"a.json": Hash([]byte("a")), "b.json": Hash([]byte("b"))}}
	disk := map[string]string{"a.json": Hash([]byte("a")), "b.json": Hash([]byte("edited")), "c.gen.go": Hash([]byte("c"))}
	steps, after := Decide(nil, lock, disk)
	want := []Step{{Path: "a.json", Action: Delete}, {Path: "c.gen.go", Action: Delete}}
	if !slices.Equal(steps, want) || len(after.Files) != 0 {
		t.Errorf("got %v and %v, want %v", steps, after, want)
	}
}
