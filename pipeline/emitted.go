package pipeline

import (
	"github.com/fettlehq/fettle/design"
	"github.com/fettlehq/fettle/emit/golang"
	"github.com/fettlehq/fettle/model"
)

// emitted is the files that follow from a model.
func emitted(m *model.Model) []file {
	files := []file{{"design/prelude.graphql", []byte(design.Prelude), tool}}
	for _, f := range golang.Emit(m, golang.Options{}) {
		of := tool
		if f.Team {
			of = scaffold
		}
		if f.Path == "go.mod" || f.Path == "go.sum" { // goModule keeps these current
			continue
		}
		files = append(files, file{f.Path, f.Content, of})
	}
	return files
}
