package migrate

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strconv"
	"strings"
)

// Files gives the migration files of a plan by their path, in goose's form. The first has the number; the further ones
// that Postgres may need follow it, so the next plan's number is asked of NextNumber. An empty name stands for one made
// of the steps.
func Files(plan *Plan, number int, name string) map[string][]byte {
	if name == "" {
		name = Name(plan)
	}
	files := map[string][]byte{}
	for folder, scripts := range map[string][]Script{"sqlite": plan.SQLite, "postgres": plan.Postgres} {
		for i, script := range scripts {
			base := name
			if script.Suffix != "" {
				base += "_" + script.Suffix
			}
			files[fmt.Sprintf("migrations/%s/%04d_%s.sql", folder, number+i, base)] = script.text()
		}
	}
	return files
}

// NextNumber is the number for the next plan: one more than the highest of the files in migrations/ of a project.
func NextNumber(project fs.FS) (int, error) {
	highest := 0
	for _, folder := range []string{"sqlite", "postgres"} {
		names, err := fs.Glob(project, path.Join("migrations", folder, "*.sql"))
		if err != nil {
			return 0, err
		}
		for _, name := range names {
			digits, _, _ := strings.Cut(path.Base(name), "_")
			if number, err := strconv.Atoi(digits); err == nil {
				highest = max(highest, number)
			}
		}
	}
	return highest + 1, nil
}

func (s Script) text() []byte {
	var out strings.Builder
	if s.NoTransaction {
		out.WriteString("-- +goose NO TRANSACTION\n")
	}
	out.WriteString("-- +goose Up\n")
	for _, statement := range s.Statements {
		statement = strings.TrimSpace(statement) + ";\n"
		if ambiguous.MatchString(statement) {
			statement = "-- +goose StatementBegin\n" + statement + "-- +goose StatementEnd\n"
		}
		out.WriteString(statement)
	}
	return []byte(out.String())
}

// ambiguous matches a statement whose end goose would not find by itself: it looks for a semicolon at the end of a line
// before a comment, also inside of strings.
var ambiguous = regexp.MustCompile(`--|;\s*\n.|\n\s*\n`)

// Name is what the plan does in a few words that can be part of a file's name: create_shop, add_subtitle_to_articles.
func Name(plan *Plan) string {
	if len(plan.Steps) == 0 {
		return "change"
	}
	main := plan.Steps[0]
	tables := map[string]bool{}
	for _, step := range plan.Steps {
		tables[step.Table] = true
		if rank(step.Do) < rank(main.Do) {
			main = step
		}
	}
	switch main.Do {
	case CreateAll:
		if main.Name == "" {
			return "create_tables"
		}
		return "create_" + spell(main.Name)
	case CreateTable:
		return "create_" + spell(main.Table)
	case DropTable:
		return "drop_" + spell(main.Table)
	case RenameTable:
		return "rename_" + spell(main.Name) + "_to_" + spell(main.Table)
	}
	name := strings.TrimPrefix(spell(main.Name), spell(main.Table)+"_")
	if name == "" {
		name = "comment"
	}
	return verb(main.Do) + "_" + name + "_" + preposition(main.Do) + "_" + spell(main.Table)
}

// rank orders kinds of step by how much they say about a plan.
func rank(do Do) int {
	order := []Do{
		CreateAll, CreateTable, RenameTable, DropTable, AddColumn, RenameColumn, DropColumn, RenameValue, ChangeColumn,
		ChangePrimaryKey, AddForeignKey, AddSearch, AddExclusion, AddIndex, AddCheck, DropForeignKey, DropSearch, DropExclusion,
		DropIndex, DropCheck,
	}
	for i, each := range order {
		if each == do {
			return i
		}
	}
	return len(order)
}

func verb(do Do) string {
	first, _, _ := strings.Cut(string(do), " ")
	return first
}

func preposition(do Do) string {
	switch verb(do) {
	case "add":
		return "to"
	case "drop":
		return "from"
	}
	return "of"
}

var notInName = regexp.MustCompile(`[^a-z0-9]+`)

func spell(name string) string {
	return strings.Trim(notInName.ReplaceAllString(strings.ToLower(name), "_"), "_")
}
