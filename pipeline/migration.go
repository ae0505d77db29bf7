package pipeline

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/fettlehq/fettle/diag"
	"github.com/fettlehq/fettle/migrate"
	"github.com/fettlehq/fettle/schema"
)

// snapshotFile holds the schema that a project's migrations lead to.
const snapshotFile = "migrations/schema.json"

// Migration is the change of the database that a design asks for.
type Migration struct {
	Steps    []migrate.Step
	Losses   []migrate.Loss
	SQLite   []migrate.Script
	Postgres []migrate.Script
	Files    []string // that hold it, by path
}

// planMigration compares the schema of the design with the one that the migrations on disk lead to. A plan that loses
// data is a problem unless it is accepted. The files are the new migrations, none where nothing changed, and the
// snapshot.
func planMigration(dir, service string, l *lock, to *schema.Schema, accept bool, problems *diag.List) (*Migration, []file, error) {
	snapshot, err := migrate.Snapshot(to)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", snapshotFile, err)
	}
	project := os.DirFS(dir)
	number, err := migrate.NextNumber(project)
	if err != nil {
		return nil, nil, fmt.Errorf("migrations: %w", err)
	}
	snapshotAsFile := file{snapshotFile, snapshot, tool}
	if have, err := read(dir, snapshotFile); err != nil {
		return nil, nil, err
	} else if have == nil && number > 1 {
		if l.Files[snapshotFile] != hash(snapshot) {
			problems.Add(diag.Pos{File: snapshotFile}, LostSnapshot, "take it back from version control",
				"is missing, and the next migration is planned from it")
		}
		return &Migration{}, []file{snapshotAsFile}, nil
	}
	from, err := migrate.ReadSnapshot(filepath.Join(dir, filepath.FromSlash(snapshotFile)))
	if err != nil {
		return nil, nil, err
	}
	replan, err := l.mayReplan(dir)
	if err != nil {
		return nil, nil, err
	}
	hint, known := "fettle migrate --accept-loss, or @was(name:) on what was renamed", ""
	switch changed := number > 1 && !same(from, to); {
	case changed && replan && !destroys(from, to):
		from, number = &schema.Schema{}, 1
	case changed:
		if replan {
			known = "; no database with these tables is known, but the service makes one wherever it is run"
		}
		l.Fresh = false // from the further migration on
	}
	plan, err := migrate.Between(from, to, migrate.Options{AcceptLoss: accept, Service: service})
	var lossy *migrate.LossError
	switch {
	case errors.As(err, &lossy):
		for _, loss := range lossy.Losses {
			problems.Add(diag.Pos{File: snapshotFile}, LosesData, cmp.Or(loss.Way, hint)+known, "%s", loss.Text)
		}
		return &Migration{Losses: lossy.Losses}, nil, nil
	case err != nil:
		problems.Add(diag.Pos{File: snapshotFile}, NoMigration, "", "%v", err)
		return &Migration{}, nil, nil
	}
	m := &Migration{Steps: plan.Steps, Losses: plan.Losses, SQLite: plan.SQLite, Postgres: plan.Postgres}
	files := []file{snapshotAsFile}
	if !plan.Empty() {
		for path, content := range migrate.Files(plan, number, "") {
			files = append(files, file{path, content, migration})
			m.Files = append(m.Files, path)
		}
	}
	slices.Sort(m.Files)
	return m, files, nil
}

// destroys tells whether a database with the tables of one schema loses data on its way to another. What only stops where there are
// such rows destroys none.
func destroys(from, to *schema.Schema) bool {
	_, err := migrate.Between(from, to, migrate.Options{})
	var lossy *migrate.LossError
	return errors.As(err, &lossy) && slices.ContainsFunc(lossy.Losses, func(l migrate.Loss) bool { return !l.Stops })
}

// same tells whether two schemas have the same snapshot.
func same(a, b *schema.Schema) bool {
	one, err := migrate.Snapshot(a)
	if err != nil {
		return false
	}
	other, err := migrate.Snapshot(b)
	return err == nil && bytes.Equal(one, other)
}
