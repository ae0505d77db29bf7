package pipeline

import (
	"github.com/fettlehq/fettle/design"
	"github.com/fettlehq/fettle/emit"
	"github.com/fettlehq/fettle/model"
)

// emitted is the files that follow from a model, and the prelude, which editors want beside the design. The numbers of what
// is new go into the lock.
func emitted(m *model.Model, l *lock) []file {
	files := []file{{"design/prelude.graphql", []byte(design.Prelude), tool}}
	var written []emit.File
	written, l.Numbers = emit.All(m, l.Numbers)
	for _, f := range written {
		of := tool
		if f.Owner == emit.Team {
			of = scaffold
		}
		files = append(files, file{f.Path, f.Content, of})
	}
	return files
}
