package meta

import (
	"reflect"
	"testing"
)

func TestGrants(t *testing.T) {
	all, mine := Rule{When: True(), Source: "all"}, Rule{When: Eq(This(), Viewer()), Source: "mine"}
	got := Grants(When("all", True(), Read), When("mine", Eq(This(), Viewer()), Read, Update, Delete))
	want := Allow{Read: []Rule{all, mine}, Update: []Rule{mine}, Delete: []Rule{mine}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestPages(t *testing.T) {
	got := Pages(20, 100, "title", "-createdAt")
	want := Page{Size: 20, Max: 100, Order: []Order{{Field: "title"}, {Field: "createdAt", Descending: true}}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
