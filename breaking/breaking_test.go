package breaking_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bufbuild/protocompile"
	"github.com/rogpeppe/go-internal/txtar"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/fettlehq/fettle/breaking"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// compiled is the descriptors of a contract.
func compiled(t *testing.T, text *txtar.File) *txtar.File {
	t.Helper()
	compiler := protocompile.Compiler{Resolver: protocompile.WithStandardImports(&protocompile.SourceResolver{
		Accessor: protocompile.SourceAccessorFromMap(map[string]string{"shop.proto": string(text.Data)}),
	})}
	files, err := compiler.Compile(t.Context(), "shop.proto")
	if err != nil {
		t.Fatal(err)
	}
	set := &descriptorpb.FileDescriptorSet{}
	for i := range files[0].Imports().Len() {
		set.File = append(set.File, protodesc.ToFileDescriptorProto(files[0].Imports().Get(i).FileDescriptor))
	}
	set.File = append(set.File, protodesc.ToFileDescriptorProto(files[0]))
	binary, err := proto.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	return &txtar.File{Data: binary}
}

// Each case is a contract before and after, and what is told of it: nothing, where the change is one that clients need not notice.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		golden, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		parts := map[string]*txtar.File{}
		for i := range golden.Files {
			parts[golden.Files[i].Name] = &golden.Files[i]
		}
		compare := breaking.GraphQL
		before, after := parts["before.graphql"], parts["after.graphql"]
		if before == nil {
			compare, before, after = breaking.REST, parts["before.json"], parts["after.json"]
		}
		if before == nil {
			compare, before, after = breaking.Proto, compiled(t, parts["before.proto"]), compiled(t, parts["after.proto"])
		}
		changes, err := compare(before.Data, after.Data)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		var got strings.Builder
		for _, c := range changes {
			fmt.Fprintf(&got, "%s: %s [%s]\n", c.At, c.Text, c.Rule)
		}
		want := parts["changes"]
		if *update {
			want.Data = []byte(got.String())
			if err := os.WriteFile(file, txtar.Format(golden), 0o644); err != nil {
				t.Fatal(err)
			}
		} else if got.String() != string(want.Data) {
			t.Errorf("%s: got\n%s", file, &got)
		}
	}
}
