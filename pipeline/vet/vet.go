// Package vet runs rules of a review by the convention of go/analysis: one analyzer a rule, for go vet -vettool, editors
// and other drivers.
//
//	a package with its types ─▶ lift ─▶ facts ─▶ a rule ─▶ diagnostics with their fixes
//
// An analyzer sees one package. The rules that are here need no more for a finding to be true; what they find is a part of
// what `fettle review` finds, which sees routes, callers and the schema too.
package vet

import (
	"go/token"
	"reflect"
	"strings"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/unitchecker"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/lift/golang"
	"github.com/fettlehq/fettle/review"
	"github.com/fettlehq/fettle/review/rule"
)

// fitting are the rules that one package is enough for.
var fitting = []string{
	"sql-injection", "or-precedence", "secret-in-code", "wrong-transaction", "slow-transaction", "resource-leak", "lost-context", "missing-timeout",
	"error-leak", "swallowed-error", "secret-log",
}

// Analyzers are those of all rules that fit, in the order in which users see them.
func Analyzers() []*analysis.Analyzer {
	var out []*analysis.Analyzer
	for _, name := range fitting {
		out = append(out, analyzer(review.Named(name)))
	}
	return out
}

// Main is the program that go vet -vettool calls. It does not return.
func Main() { unitchecker.Main(Analyzers()...) }

// Asked reports whether a program is called as go vet calls its tool.
func Asked(args []string) bool {
	switch {
	case len(args) == 0:
		return false
	case args[0] == "-V=full" || args[0] == "-flags":
		return true
	}
	return strings.HasSuffix(args[len(args)-1], ".cfg") && (len(args) == 1 || strings.HasPrefix(args[0], "-"))
}

var lifted = &analysis.Analyzer{
	Name: "fettlefacts", Doc: "what fettle's rules need to know of a package",
	ResultType: reflect.TypeFor[*facts.Facts](),
	Run: func(pass *analysis.Pass) (any, error) {
		module := ""
		if pass.Module != nil {
			module = pass.Module.Path
		}
		return golang.LiftPackage(golang.Checked{
			Fset: pass.Fset, Files: pass.Files, Types: pass.Pkg, Info: pass.TypesInfo, Module: module, Read: pass.ReadFile,
		}), nil
	},
}

// analyzer is one of a rule. Its name is the rule's, without the hyphens that go/analysis does not allow.
func analyzer(r *rule.Rule) *analysis.Analyzer {
	return &analysis.Analyzer{
		Name: strings.ReplaceAll(r.Name, "-", ""), Doc: r.Title() + "\n\nfettle explain " + r.Name + " tells why it hurts, and how to mend it.",
		Requires: []*analysis.Analyzer{lifted},
		Run: func(pass *analysis.Pass) (any, error) {
			for _, f := range review.Find(pass.ResultOf[lifted].(*facts.Facts), []*rule.Rule{r}, false) {
				if at := place(pass, f.Pos); at.IsValid() {
					pass.Report(diagnostic(pass, f, at))
				}
			}
			return nil, nil
		},
	}
}

func diagnostic(pass *analysis.Pass, f rule.Finding, at token.Pos) analysis.Diagnostic {
	d := analysis.Diagnostic{Pos: at, Category: f.Rule, Message: f.Rule + ": " + f.Message}
	var edits []analysis.TextEdit
	for _, e := range f.Edits {
		file := fileOf(pass, e.File)
		if file == nil {
			return d
		}
		edits = append(edits, analysis.TextEdit{Pos: file.Pos(e.From), End: file.Pos(e.To), NewText: []byte(e.New)})
	}
	if len(edits) > 0 {
		d.SuggestedFixes = []analysis.SuggestedFix{{Message: f.Fix, TextEdits: edits}}
	}
	return d
}

func fileOf(pass *analysis.Pass, name string) *token.File {
	for _, file := range pass.Files {
		if f := pass.Fset.File(file.FileStart); f.Name() == name {
			return f
		}
	}
	return nil
}

// place is where a finding stands in the package's files.
func place(pass *analysis.Pass, pos facts.Pos) token.Pos {
	file := fileOf(pass, pos.File)
	if file == nil || pos.Line < 1 || pos.Line > file.LineCount() {
		return token.NoPos
	}
	return file.LineStart(pos.Line) + token.Pos(max(pos.Column-1, 0))
}
