package pipeline

import (
	"github.com/fettlehq/fettle/design"
	"github.com/fettlehq/fettle/emit"
	"github.com/fettlehq/fettle/model"
)

// emitted is the files that follow from a model, and the prelude, which editors want beside the design.
func emitted(m *model.Model) []file {
	files := []file{{"design/prelude.graphql", []byte(design.Prelude), tool}}
	for _, f := range emit.All(m, emit.Options{}) {
		switch {
		case f.Path == "go.mod" || f.Path == "go.sum": // goModule keeps these current
		case f.Owner == emit.Team:
			files = append(files, file{f.Path, f.Content, scaffold})
		default:
			files = append(files, file{f.Path, f.Content, tool})
		}
	}
	return files
}
