// Package graphql reads what GraphQL schemas say of the fields that resolvers answer: who may ask, by their directives, and of which objects
// a document is answered with one alone.
//
//	*.graphql, *.graphqls, *.gql ─▶ fields with directives ─▶ guards of the routes that golang found
//	                             ─▶ objects in lists       ─▶ routes that answer a field of a single object
//
// It executes nothing and asks no more of a schema than that it can be parsed.
package graphql

import (
	"crypto/sha256"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"

	"github.com/fettlehq/fettle/facts"
)

// largest bounds the schema that is read, in bytes.
const largest = 4 << 20

// Guard gives the routes of resolvers the directives that stand on their fields in the schemas below a folder, says which of them answer a
// field of an object that is in no list, and notes the sums of those files.
func Guard(dir string, routes []*facts.Route, sums map[string]facts.Sum) {
	answers := map[string][]*facts.Route{}
	for _, r := range routes {
		if r.Kind == "graphql" || r.Kind == "field" {
			answers[strings.ToLower(r.Path)] = append(answers[strings.ToLower(r.Path)], r)
		}
	}
	if len(answers) == 0 {
		return
	}
	all := &objects{fields: map[string][]*ast.Type{}, kinds: map[string][]string{}, many: map[string]bool{}}
	defer all.single(answers)
	_ = filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return nil // what cannot be read guards nothing
		case entry.IsDir() && name != dir && (entry.Name() == "vendor" || entry.Name() == "node_modules" || entry.Name() == "testdata" || entry.Name()[0] == '.'):
			return filepath.SkipDir
		case entry.IsDir() || !entry.Type().IsRegular() || !Schema(entry.Name()):
			return nil
		}
		info, err := entry.Info()
		if err != nil || info.Size() > largest {
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return nil
		}
		shown, err := filepath.Rel(dir, name)
		if err != nil {
			shown = name
		}
		shown = filepath.ToSlash(shown)
		sums[shown] = sha256.Sum256(text)
		read(&ast.Source{Name: shown, Input: string(text)}, answers, all)
		return nil
	})
}

// Schema reports whether a file's name is one of a GraphQL schema.
func Schema(name string) bool {
	switch filepath.Ext(name) {
	case ".graphql", ".graphqls", ".gql":
		return true
	}
	return false
}

func read(source *ast.Source, answers map[string][]*facts.Route, all *objects) {
	document, err := parser.ParseSchema(source)
	if err != nil || document == nil {
		return // a list of queries, or a mistake: the code's own tools tell of it
	}
	for _, list := range []ast.DefinitionList{document.Definitions, document.Extensions} {
		for _, object := range list {
			all.add(object)
			for _, field := range object.Fields {
				for _, r := range answers[strings.ToLower(object.Name+"."+strings.ReplaceAll(field.Name, "_", ""))] {
					around(r, object.Directives)
					around(r, field.Directives)
				}
			}
		}
	}
}

// around puts directives around a route, as far as their names say that they look at the caller.
func around(r *facts.Route, directives ast.DirectiveList) {
	for _, d := range directives {
		if !looks.MatchString(d.Name) {
			continue
		}
		pos := facts.Pos{Line: 1, Column: 1}
		if d.Position != nil {
			pos.Line, pos.Column = d.Position.Line, d.Position.Column
			if d.Position.Src != nil {
				pos.File = d.Position.Src.Name
			}
		}
		r.Guards = append(r.Guards, facts.Guard{Pos: pos, Name: "@" + d.Name, Auth: true})
		r.Checks = r.Checks || decides.MatchString(d.Name)
	}
}

// looks are the names of directives that look at who is calling; decides those that say which callers may, and not only that
// one must be signed in.
var (
	looks   = regexp.MustCompile(`(?i)(auth|login|logged|signed|token|session|permi|require|protect|guard|access|admin|role|scope|acl|owner|^can|user|member|tenant)`)
	decides = regexp.MustCompile(`(?i)(permi|admin|role|scope|acl|owner|^can|member|tenant)`)
)
