package pipeline

import (
	"cmp"
	"slices"

	"github.com/fettlehq/fettle/model/build"
)

// Options are the choices of one generation.
type Options struct {
	Kit        string // folder of the runtime library; empty to find it
	AcceptLoss bool   // write a migration although it loses data

	fresh bool // the project is new
}

// Generated is what a design became.
type Generated struct {
	*Checked
	Migration *Migration
	Changes   []Change // of files, sorted by path; none where everything was up to date
}

// Generate turns the design of the project in a folder into the changes that its service needs. Nothing is written
// until Write is called, which must not be when there are problems.
func Generate(dir string, o Options) (*Generated, error) {
	checked, err := Check(dir)
	if err != nil {
		return nil, err
	}
	return generate(checked, o)
}

// generate finds the changes that the service of a design needs.
func generate(checked *Checked, o Options) (*Generated, error) {
	g := &Generated{Checked: checked, Migration: &Migration{}}
	if len(g.Problems) > 0 {
		return g, nil
	}
	build.Unbuilt(g.design, g.Model, &g.Problems)
	g.Problems.Sort()
	if len(g.Problems) > 0 {
		return g, nil
	}
	if err := g.plan(o); err != nil {
		return nil, err
	}
	return g, nil
}

// Write makes the changes on disk: all of them, or none when a file cannot be written.
func (g *Generated) Write() error { return write(g.Dir, g.Changes) }

// plan finds out what is to be written, and what stands against it.
func (g *Generated) plan(o Options) error {
	l, err := readLock(g.Dir)
	if err != nil {
		return err
	}
	l.Fresh = l.Fresh || o.fresh
	k, err := findKit(g.Dir, o.Kit)
	if err != nil {
		return err
	}
	files := emitted(g.Model, l)
	if g.openAPI != nil {
		files[slices.IndexFunc(files, func(f file) bool { return f.path == openAPIFile })].content = g.openAPI
	}
	migration, migrations, err := planMigration(g.Dir, g.Model.Name, l, build.Schema(g.Model), o.AcceptLoss, &g.Problems)
	if err != nil {
		return err
	}
	modules, requirements, err := goModule(g.Dir, g.Model.GoModule, k, l.Kit)
	if err != nil {
		return err
	}
	l.Kit, g.Migration = requirements, migration
	changes, notes, err := reconcile(g.Dir, l, slices.Concat(files, migrations, modules), g.Texts, &g.Problems)
	if err != nil {
		return err
	}
	slices.SortFunc(changes, func(a, b Change) int { return cmp.Compare(a.Path, b.Path) })
	g.Changes, g.Notes = changes, append(g.Notes, notes...)
	return nil
}
