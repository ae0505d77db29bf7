package pipeline

import (
	"github.com/fettlehq/fettle/design"
	"github.com/fettlehq/fettle/emit"
	"github.com/fettlehq/fettle/model"
)

// emitted is the files that follow from a model, and the prelude, which editors want beside the design.
func emitted(m *model.Model) []file {
	files := []file{{"design/prelude.graphql", []byte(design.Prelude), tool}}
	for _, f := range emit.All(m) {
		of := tool
		if f.Owner == emit.Team {
			of = scaffold
		}
		files = append(files, file{f.Path, f.Content, of})
	}
	return files
}
