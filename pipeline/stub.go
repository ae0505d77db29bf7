package pipeline

import (
	"path/filepath"

	"github.com/fettlehq/fettle/emit/golang"
	"github.com/fettlehq/fettle/model"
)

// Stub is what the team's code lacks, a method or the wiring of a module: the service does not build until it is there.
type Stub struct {
	Name string // "placeOrder", as the design names the operation
	File string // to paste it into, relative to the project
	Text string // Go
}

// missing finds the operations that no business code answers yet, and the fields that none works out.
func missing(dir string, m *model.Model) ([]Stub, error) {
	var stubs []Stub
	for _, module := range m.Modules {
		if len(module.Business())+len(module.Methods()) == 0 {
			continue
		}
		folder := golang.PackageName(module)
		unwritten, err := golang.Missing(filepath.Join(dir, folder), module)
		if err != nil {
			return nil, err
		}
		for _, u := range unwritten {
			stubs = append(stubs, Stub{u.Name, folder + "/" + folder + ".go", u.Stub})
		}
	}
	wiring := "cmd/" + m.Name + "/main.go"
	text, err := read(dir, wiring)
	if err != nil {
		return nil, err
	}
	if rewired := golang.Rewired(m, text); rewired != "" {
		stubs = append(stubs, Stub{"app.New", wiring, rewired})
	}
	return stubs, nil
}
