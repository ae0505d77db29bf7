package graph_test

import (
	"errors"
	"reflect"
	"testing"

	"github.com/fettlehq/fettle/internal/graph"
)

type node struct {
	Name  string
	Next  *node
	Many  []*node
	By    map[string]int
	Flags [2]bool
	Sizes []uint16
	Half  float64
}

func circle() *node {
	a, b := &node{Name: "a", By: map[string]int{"x": -1, "y": 2}, Half: 0.5}, &node{Name: "a", Flags: [2]bool{true, false}, Sizes: []uint16{}}
	a.Next, b.Next = b, a
	a.Many = []*node{b, nil, a, b}
	return a
}

// What is read has the values and the pointers of what was written, and is written the same again.
func TestGraph(t *testing.T) {
	want := circle()
	text := graph.Encode(want)
	var got node
	if err := graph.Decode(text, &got); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(want, &got) {
		t.Errorf("%+v, not %+v", got, want)
	}
	if got.Next.Next != &got || got.Many[0] != got.Next || got.Many[2] != &got || got.Next.Sizes == nil || got.Sizes != nil {
		t.Errorf("pointers lead elsewhere: %+v", got)
	}
	if again := graph.Encode(&got); string(again) != string(text) {
		t.Errorf("written again it is other bytes")
	}
}

// Bytes that were cut or changed are an error, or another value; they never crash the reader.
func TestForms(t *testing.T) {
	text := graph.Encode(circle())
	for i := range text {
		var got node
		if err := graph.Decode(text[:i], &got); !errors.Is(err, graph.ErrForm) {
			t.Errorf("%d of %d bytes: %v", i, len(text), err)
		}
		for _, change := range []byte{0, 1, 0x7f, 0x80, 0xff} {
			changed := append([]byte(nil), text...)
			changed[i] = change
			_ = graph.Decode(changed, new(node))
		}
	}
}

// A list as long as a graph is large is no recursion.
func TestDeep(t *testing.T) {
	head := &node{}
	for range 200_000 {
		head = &node{Next: head}
	}
	var got node
	if err := graph.Decode(graph.Encode(head), &got); err != nil {
		t.Fatal(err)
	}
	n := 0
	for at := got.Next; at != nil; at = at.Next {
		n++
	}
	if n != 200_000 {
		t.Errorf("%d are there", n)
	}
}
