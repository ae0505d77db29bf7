package build

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"cel.dev/cel-go/common/ast"

	"github.com/fettlehq/fettle/design"
	"github.com/fettlehq/fettle/model"
	"github.com/fettlehq/fettle/schema"
)

// search reads @search: the fields of an entity that have it form one document.
func (b *builder) search() {
	for _, e := range b.model.Entities {
		for _, f := range e.Fields {
			d := design.Find(b.directives(f), "search")
			if d != nil && f.Kind != "" && b.searchable(f, d) {
				f.Search = true
				e.Search = append(e.Search, f)
			}
		}
		if len(e.Search) > 0 {
			b.searchStands(e)
		}
	}
}

// searchable reports a field whose words nobody could find.
func (b *builder) searchable(f *model.Field, d *design.Directive) bool {
	ds := b.directives(f)
	switch {
	case isComputed(f):
		b.problems.Add(d.Pos, WrongPlace, "", "@search is about stored fields; %s is computed", f.Name)
	case f.Repeated || f.Kind == model.List:
		b.problems.Add(d.Pos, WrongPlace, "", "@search finds the words of texts; %s is a list", f.Name)
	case !textKinds[f.Kind]:
		b.problems.Add(d.Pos, WrongPlace, "", "@search finds the words of texts; %s is %s", f.Name, typOf(f))
	case design.Find(ds, "encrypted") != nil:
		b.problems.Add(d.Pos, Contradiction, "remove @search", "%s is sealed before it reaches the database, which so cannot find its words", f.Name)
	case f.Internal || f.WriteOnly:
		b.problems.Add(d.Pos, Contradiction, "remove @search", "%s is shown to nobody, and a search would tell its words", f.Name)
	default:
		return true
	}
	return false
}

// searchStands reports names that the document of e takes.
func (b *builder) searchStands(e *model.Entity) {
	eachColumn(e.Fields, func(f *model.Field) {
		if f.Column == schema.SearchColumn {
			b.problems.Add(f.Pos, NamesClash, "give it another name with @db", "column %s of %s holds what @search finds", f.Column, e.Name)
		}
	})
	own := e.Table + schema.SearchSuffix
	for _, x := range e.Indexes {
		if x.Name == own+"_idx" {
			b.problems.Add(x.Pos, NamesClash, "give "+x.Fields[0].Name+" another column with @db", "index %s of %s has the name of the one that @search makes", x.Name, e.Name)
		}
	}
	for _, other := range b.model.Entities {
		if other.Table == own || strings.HasPrefix(other.Table, own+"_") {
			b.problems.Add(other.Pos, NamesClash, fmt.Sprintf("give %s another name with @db", other.Name), "table %s of %s holds what @search of %s finds", other.Table, other.Name, e.Name)
		}
	}
}

// Bounds of a search, as the runtime has them.
const (
	maxSearch      = 200 // characters
	maxSearchWords = 16
)

// searches reports what a search for words cannot be: this.matches('strong coffee').
func (l *lowerer) searches(target ast.Expr, of *value, arg ast.Expr, words *model.Expr) bool {
	text, literal := words.Value.(string)
	notOfWord := func(r rune) bool { return !unicode.In(r, unicode.L, unicode.N, unicode.M) }
	switch argument := words.Op == model.Get && words.Root == model.Arg && len(words.Path) == 1; {
	case len(of.t.entity.Search) == 0:
		l.fail(target, WrongType, "@search on a field of "+of.t.entity.Name, "%s has no words to find: none of its fields is searched", of.t.entity.Name)
	case of.x.Root == model.Old:
		l.fail(target, NoSuchOperation, "", "only the words that a row has now are found")
	case !argument && (words.Op != model.Const || !literal):
		l.fail(arg, NoSuchOperation, "", "what is searched for is a literal or an argument")
	case utf8.RuneCountInString(text) > maxSearch || len(strings.FieldsFunc(text, notOfWord)) > maxSearchWords:
		l.fail(arg, NoSuchOperation, "", "a search has at most %d characters and %d words", maxSearch, maxSearchWords)
	default:
		return true
	}
	return false
}
