package grpc

import (
	"testing"

	"github.com/fettlehq/fettle/kit/meta"
)

// A mask that is not asked for finds nothing of what another one chose.
func TestKeptMasks(t *testing.T) {
	r := &resource{entity: &meta.Entity{Name: "Article"}}
	texts := map[string][]string{}
	for _, paths := range [][]string{nil, {""}, {"title", "slug"}, {"title,slug"}, {"title", ""}, {"", "title"}} {
		text, short := r.chooses(paths)
		if other, twice := texts[text]; twice || !short {
			t.Errorf("%q and %q are kept by one text", paths, other)
		}
		texts[text] = paths
	}
	if _, short := r.chooses([]string{"title\x00slug"}); short {
		t.Error("a path that holds an end of paths is kept")
	}
}
