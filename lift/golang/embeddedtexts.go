package golang

import (
	"go/ast"
	"go/types"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// A statement may stand in a file of its own, which the compiler puts into a variable:
//
//	//go:embed find_user.sql
//	var findUser string

// embedded is a file of SQL that a variable holds.
type embedded struct{ name, text string }

var embeds = regexp.MustCompile(`(?m)^[ \t]*//go:embed[ \t]+"?([\w./-]+\.sql)"?[ \t]*$`)

// largestText is the most of a statement, in bytes; more is a schema or data.
const largestText = 64 << 10

// embeddedIn reads the files of SQL that a file of Go names for its variables.
func embeddedIn(dir string, text []byte) []embedded {
	var out []embedded
	for _, m := range embeds.FindAllSubmatch(text, -1) {
		name := string(m[1])
		if !filepath.IsLocal(filepath.FromSlash(name)) {
			continue
		}
		at := filepath.Join(dir, filepath.FromSlash(name))
		info, err := os.Lstat(at)
		if err != nil || !info.Mode().IsRegular() || info.Size() > largestText {
			continue
		}
		if content, err := os.ReadFile(at); err == nil {
			out = append(out, embedded{name, string(content)})
		}
	}
	return out
}

// findEmbeddedTexts notes the variables of a file that hold the text of a file of SQL.
func (l *lifter) findEmbeddedTexts(p place) {
	texts := l.loader.embeds[p.file]
	if len(texts) == 0 {
		return
	}
	for _, decl := range p.file.Decls {
		general, is := decl.(*ast.GenDecl)
		if !is {
			continue
		}
		for _, spec := range general.Specs {
			value, is := spec.(*ast.ValueSpec)
			if !is || len(value.Names) != 1 {
				continue
			}
			doc := value.Doc
			if doc == nil {
				doc = general.Doc
			}
			object, is := p.info.Defs[value.Names[0]].(*types.Var)
			if doc == nil || !is || !isString(object.Type()) {
				continue
			}
			for _, comment := range doc.List {
				m := embeds.FindStringSubmatch(comment.Text)
				for _, e := range texts {
					if m != nil && e.name == m[1] {
						l.embeddedTexts[object] = strings.TrimSuffix(strings.TrimSpace(e.text), ";")
					}
				}
			}
		}
	}
}
