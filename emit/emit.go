// Package emit writes the files of a service from its model.
//
//	model ─▶ golang, openapi, graphql, proto, goclient, tsclient ─▶ []File
//
// The same model gives the same bytes. All opens no file: what becomes of those that are there already is decided by
// package pipeline.
package emit

import (
	"cmp"
	"slices"

	"github.com/fettlehq/fettle/emit/goclient"
	"github.com/fettlehq/fettle/emit/golang"
	"github.com/fettlehq/fettle/emit/graphql"
	"github.com/fettlehq/fettle/emit/openapi"
	"github.com/fettlehq/fettle/emit/proto"
	"github.com/fettlehq/fettle/emit/tsclient"
	"github.com/fettlehq/fettle/model"
)

// File is one file of a service.
type File struct {
	Path    string // slash-separated, from the root of the service
	Content []byte
	Owner   Owner
}

// Owner is who writes a file.
type Owner string

// The owners.
const (
	Tool Owner = "tool" // written at every run
	Team Owner = "team" // written once, when it is missing
)

// All writes the files of a service, sorted by path: all but its migrations, go.mod and go.sum, which depend on more than
// the model. Numbers are those that the fields of the gRPC door were given so far; those that All returns are for the next
// time.
func All(m *model.Model, numbers proto.Numbers) ([]File, proto.Numbers) {
	contract := proto.Emit(m, numbers)
	files := []File{
		{"api/openapi.json", openapi.Emit(m), Tool},
		{"api/schema.graphql", graphql.Emit(m), Tool},
		{"api/descriptors.binpb", contract.Descriptors, Tool},
	}
	if len(contract.Text) > 0 {
		files = append(files, File{"api/" + contract.Path, contract.Text, Tool})
	}
	for _, f := range golang.Emit(m) {
		owner := Tool
		if f.Team {
			owner = Team
		}
		files = append(files, File{f.Path, f.Content, owner})
	}
	if slices.Contains(m.Clients, model.GoClient) {
		for _, f := range goclient.Emit(m) {
			files = append(files, File{f.Path, f.Content, Tool})
		}
	}
	if slices.Contains(m.Clients, model.TypeScriptClient) {
		files = append(files, File{tsclient.Path, tsclient.Emit(m), Tool})
	}
	slices.SortFunc(files, func(a, b File) int { return cmp.Compare(a.Path, b.Path) })
	return files, contract.Numbers
}
