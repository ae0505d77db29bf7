package sql

import (
	"regexp"
	"strings"

	"github.com/fettlehq/fettle/facts"
)

// namedQuery begins a query that the code loads by its name. What is behind the name tells sqlc's files, whose queries
// stand in generated code too.
var namedQuery = regexp.MustCompile(`(?im)^\s*--\s*name:\s*([\w-]+)[ \t]*(:\w+)?[ \t]*$`)

// named lifts the queries of files that the code reads at its start, each a function of its own.
func named(files []Text) []*facts.Function {
	var out []*facts.Function
	for _, f := range files {
		heads := namedQuery.FindAllStringSubmatchIndex(f.SQL, -1)
		for i, head := range heads {
			if head[4] >= 0 {
				continue
			}
			end := len(f.SQL)
			if i+1 < len(heads) {
				end = heads[i+1][0]
			}
			text := strings.TrimSpace(f.SQL[head[1]:end])
			line := f.Pos.Line + strings.Count(f.SQL[:head[1]], "\n") + 1
			function := &facts.Function{Name: f.SQL[head[2]:head[3]], Pos: facts.Pos{File: f.Pos.File, Line: line, Column: 1}, Lines: 1}
			function.Queries = []*facts.Query{{
				Pos: function.Pos, From: function, Library: "file", Name: function.Name, Text: text, Context: facts.Value{Text: "unknown"}, Statement: Read(text, nil),
			}}
			out = append(out, function)
		}
	}
	return out
}
