package query

import (
	"strconv"
	"strings"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/meta"
)

// The fields of an entity that have @search form one document. How databases keep it is planned by the tool's migrate:
// on PostgreSQL as the column search_document, on SQLite as the FTS5 table TABLE_search, whose rows TABLE_search_rows
// names. A viewer finds a row only by what he may read in it.

// searchedLength is how many characters of a document are searched, as in migrate.
const searchedLength = 200000

// Kinds of parameters that hold the text of a search, in the forms that statements take.
const (
	matchKind meta.Kind = 200 + iota // all that is asked for, as one query
	termsKind                        // each part of it, as a JSON list
)

// search writes whether something is searched for, and keeps where its text stands among the values.
func (s *shaper) search(sel *Select) {
	s.sought = nil
	asked := strings.TrimSpace(sel.Search) != ""
	s.flag(asked)
	if !asked || s.err != nil {
		return
	}
	if wrong := CheckSearch(sel.Search); wrong != nil {
		s.err = kit.Invalid(wrong.Field, wrong.Code, "%s", wrong.Detail)
	}
	if len(sel.Entity.Searched()) == 0 {
		s.err = malformed("There is no search of %s.", sel.Entity.Plural)
	}
	s.values = append(s.values, sel.Search)
	s.sought = &sought{slot: len(s.values) - 1, name: "search"}
}

// encodeSearch is the text of a search as an argument of a statement; of null, null.
func (d dialect) encodeSearch(v any, p param) (any, error) {
	text, ok := v.(string)
	if !ok {
		return nil, nil
	}
	terms, wrong := readSearch(text)
	switch {
	case wrong != nil:
		return nil, kit.Invalid(p.name, wrong.Code, "%s", wrong.Detail)
	case p.typ.kind == termsKind:
		return asList(terms), nil
	}
	return d.asMatch(terms), nil
}

// sought is what is searched for: the text in a slot, or terms that are known before.
type sought struct {
	slot  int // -1 where there are terms
	name  string
	terms []term
}

// sought is what is searched for, in one of its forms.
func (r *renderer) sought(s sought, kind meta.Kind) string {
	if s.slot >= 0 {
		return r.param(param{source: slotSource, slot: s.slot, typ: typ{kind: kind}, name: s.name})
	}
	if kind == termsKind {
		return quote(asList(s.terms))
	}
	return quote(r.asMatch(s.terms))
}

// guardedField is a field that the viewer may read in some rows: those for which rule holds.
type guardedField struct {
	*meta.Field
	rule string
}

// found is the condition that the document of the row s has what is sought. Where guarded, only what
// the viewer may read counts.
func (r *renderer) found(s *scope, asked sought, guarded bool) string {
	s.used = true
	fields := s.entity.Searched()
	var readable []guardedField
	for _, f := range fields {
		rule := sqlTrue
		if guarded {
			rule = r.fieldRule(f, meta.Read, s)
		}
		if rule != sqlFalse && rule != sqlNull {
			readable = append(readable, guardedField{f, rule})
		}
	}
	switch {
	case len(fields) == 0:
		r.fail("search: %s has no searched field", s.entity.Name)
		return sqlFalse
	case len(readable) == 0:
		return sqlFalse
	case r.postgres:
		return r.foundOnPostgres(s, asked, readable)
	}
	return r.foundOnSQLite(s, asked, readable)
}

// rulesOf is the conjunction of the rules of fields.
func rulesOf(fields []guardedField) string {
	rules := make([]string, len(fields))
	for i, f := range fields {
		rules[i] = f.rule
	}
	return conjunction(rules...)
}

// foundOnPostgres asks the column, whose index serves it. Where a viewer may not read all of the document, the words of
// what he may read are asked too, for the rows that the index has found.
func (r *renderer) foundOnPostgres(s *scope, words sought, readable []guardedField) string {
	asked := "to_tsquery('simple', search_fold(" + r.sought(words, matchKind) + "))"
	match := s.alias + ".search_document @@ " + asked
	all := len(s.entity.Searched())
	if len(readable) == all && rulesOf(readable) == sqlTrue {
		return match
	}
	texts := make([]string, len(readable))
	for i, f := range readable {
		texts[i] = wordsOf(s, f.Field, all)
		if f.rule != sqlTrue {
			texts[i] = "CASE WHEN " + f.rule + " THEN " + texts[i] + " ELSE '' END"
		}
	}
	shown := "(" + strings.Join(texts, " || ") + ") @@ " + asked
	if len(readable) == all {
		shown = disjunction(rulesOf(readable), shown)
	}
	return conjunction(match, shown)
}

// wordsOf is what PostgreSQL searches of one of so many fields.
func wordsOf(s *scope, f *meta.Field, fields int) string {
	return "search_words(left(" + s.alias + "." + ident(f.Column) + ", " + strconv.Itoa(searchedLength/fields) + "))"
}

// document is the search_document of a row that is not stored.
func document(s *scope, fields []*meta.Field) string {
	texts := make([]string, len(fields))
	for i, f := range fields {
		texts[i] = wordsOf(s, f, len(fields))
	}
	return strings.Join(texts, " || ")
}

// foundOnSQLite asks the index. Where some of what the viewer may read depends on the row, each term must be in something
// that he may read in it; the rows that have a term in a field are looked up once.
func (r *renderer) foundOnSQLite(s *scope, words sought, readable []guardedField) string {
	index, rows, id := ident(s.entity.Table+"_search"), r.alias("s"), r.identity(s).sql
	join := index + " JOIN " + ident(s.entity.Table+"_search_rows") + " " + rows + " ON " + rows + ".number = " + index + ".rowid"
	asked := r.sought(words, matchKind)
	if len(readable) < len(s.entity.Searched()) {
		asked = "'" + columnFilter(readable) + "(' || " + asked + " || ')'"
	}
	match := id + " IN (SELECT " + rows + ".key FROM " + join + " WHERE " + index + " MATCH " + asked + ")"
	rules := rulesOf(readable)
	if rules == sqlTrue {
		return match
	}
	terms, one, other := r.sought(words, termsKind), r.alias("w"), r.alias("w")
	has := func(fields ...guardedField) string {
		return "(" + id + ", " + one + ".key) IN (SELECT " + rows + ".key, " + other + ".key FROM json_each(" + terms + ") " + other +
			" CROSS JOIN " + join + " WHERE " + index + " MATCH '" + columnFilter(fields) + "' || " + other + ".value)"
	}
	var open []guardedField
	var shown []string
	for _, f := range readable {
		if f.rule == sqlTrue {
			open = append(open, f)
		} else {
			shown = append(shown, conjunction(f.rule, has(f)))
		}
	}
	if len(open) > 0 {
		shown = append(shown, has(open...))
	}
	each := "NOT EXISTS (SELECT 1 FROM json_each(" + terms + ") " + one + " WHERE " + opposite(disjunction(shown...), true) + ")"
	return conjunction(match, disjunction(rules, each))
}

// columnFilter limits what follows in a query of FTS5 to fields.
func columnFilter(fields []guardedField) string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = `"in_` + f.Column + `"`
	}
	return "{" + strings.Join(names, " ") + "} : "
}

// matches is whether the document of the row that x's first argument is has the words of the second, a constant or an
// argument of the operation; ok is false where x asks something else. Words that a caller chose find nothing in what he
// may not read.
func (r *renderer) matches(x *meta.Expr, e env) (condition string, ok bool) {
	if x.Name != "matches" || len(x.Args) != 2 || x.Args[0].Op != meta.OpGet {
		return "", false
	}
	target := x.Args[0]
	key := r.value(target, e)
	if key.typ.entity == nil {
		return "", false
	}
	asked, chosen := r.soughtBy(x.Args[1], e)
	if key.sql == sqlNull {
		return sqlFalse, true
	}
	if len(target.Path) == 0 && target.Root != meta.RootViewer {
		if row := e.rowOf(target); row != nil && row.bound == nil {
			return r.found(row, asked, chosen), true
		}
	}
	row := &scope{entity: key.typ.entity, alias: r.alias("r"), kin: akin(e.refers(target), key.typ.entity)}
	return conjunction(key.guard, r.isThere(row, key.sql, r.found(row, asked, chosen))), true
}

// soughtBy is what an expression asks for, and whether the caller chose it.
func (r *renderer) soughtBy(words *meta.Expr, e env) (asked sought, chosen bool) {
	switch text, constant := words.Value.(string); {
	case words.Op == meta.OpConst && constant:
		terms, wrong := readSearch(text)
		if wrong != nil {
			r.fail("search for %q: %s", text, wrong.Detail)
		}
		return sought{terms: terms, slot: -1}, false
	case words.Op == meta.OpGet && words.Root == meta.RootArg:
		if slot := argumentSlot(e.args, words.Path); slot >= 0 {
			return sought{slot: e.firstArg + slot, name: strings.Join(words.Path, ".")}, true
		}
	}
	r.fail("search: its words are neither a constant nor an argument")
	return sought{slot: -1}, false
}
