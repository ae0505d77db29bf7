// Package pgsql reads SQL as Postgres reads it, and tells what a statement asks of each table.
//
//	text ─▶ Split ─▶ Parse ─▶ Statement ─▶ Roles: which columns are compared, sorted, grouped, shown
//
// The parser is Postgres's own (libpg_query), run as WebAssembly: it needs no C compiler, and its first call costs one
// to three seconds, so nothing here calls it before a statement is parsed. Trees are kept by the text that made them.
//
// It knows no database: whoever asks for roles says which tables there are. What it cannot follow it leaves out of the
// roles; it never guesses.
package pgsql

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/wasilibs/go-pgquery/parser"
)

// Statement is one parsed statement.
type Statement struct {
	Text string // as it was given, without a semicolon
	Tree Node   // such as SelectStmt
}

// trees keeps what was parsed, by text. The first statements of a run are the ones it sees again.
var trees = struct {
	sync.Mutex
	byText map[string]*Statement
}{byText: map[string]*Statement{}}

// mostTrees bounds what is kept; a run over more statements parses some again.
const mostTrees = 10_000

// Parse reads one statement. The error names the place of a mistake in characters.
func Parse(text string) (*Statement, error) {
	text = strings.TrimSpace(strings.TrimRight(strings.TrimSpace(text), ";"))
	trees.Lock()
	defer trees.Unlock()
	if s, found := trees.byText[text]; found {
		return s, nil
	}
	s, err := parse(text)
	if err == nil && len(trees.byText) < mostTrees {
		trees.byText[text] = s
	}
	return s, err
}

func parse(text string) (*Statement, error) {
	tree, err := parser.ParseToJSON(text)
	if err != nil {
		return nil, err
	}
	var parsed struct {
		Stmts []struct {
			Stmt map[string]any `json:"stmt"`
		} `json:"stmts"`
	}
	if err := json.Unmarshal([]byte(tree), &parsed); err != nil {
		return nil, fmt.Errorf("parse tree: %w", err)
	}
	if len(parsed.Stmts) != 1 {
		return nil, fmt.Errorf("one statement is expected, there are %d", len(parsed.Stmts))
	}
	return &Statement{Text: text, Tree: nodeOf(parsed.Stmts[0].Stmt)}, nil
}

// Fingerprint is equal for statements that differ only in their constants, in spacing or in the length of an IN list.
func Fingerprint(text string) (string, error) { return parser.FingerprintToHexStr(text) }

// Normalise replaces constants by $1, $2, …, so that a statement can be shown without them.
func Normalise(text string) (string, error) { return parser.Normalize(text) }

// ReadsOnly reports whether a statement changes nothing and locks nothing by its form. The functions that it calls are
// whoever runs it to judge: their names come with it.
func ReadsOnly(s *Statement) (is bool, functions []string) {
	is = s.Tree.Is("SelectStmt")
	s.Tree.Walk(func(n Node) bool {
		switch {
		case n.Is("InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"), n.Has("lockingClause"), n.Has("intoClause"):
			is = false
		case n.Is("FuncCall"):
			if names := n.Names("funcname"); len(names) > 0 {
				functions = append(functions, names[len(names)-1])
			}
		}
		return true
	})
	slices.Sort(functions)
	return is, slices.Compact(functions)
}
