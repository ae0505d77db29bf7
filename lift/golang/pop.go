package golang

import (
	"go/types"
	"strings"

	"github.com/fettlehq/fettle/facts"
)

// isPop reports whether a package is gobuffalo's pop, or ory's fork of it, whatever its major version.
func isPop(path string) bool {
	rest, is := strings.CutPrefix(path, "github.com/gobuffalo/pop")
	if !is {
		rest, is = strings.CutPrefix(path, "github.com/ory/pop")
	}
	return is && (rest == "" || strings.HasPrefix(rest, "/v") && !strings.Contains(rest[1:], "/"))
}

// isPopHandle reports whether a value is a connection of pop or a query that is not sent yet.
func isPopHandle(t types.Type) bool {
	path, name := namedType(t)
	return isPop(path) && (name == "Connection" || name == "Query")
}

// popTerminals are the methods of pop that send a query, with whether they answer with one row.
var popTerminals = map[string]bool{
	"Find": true, "First": true, "Last": true, "Exists": true, "Reload": true, "All": false, "Count": false, "CountByField": false, "Create": false,
	"Save": false, "Update": false, "UpdateColumns": false, "UpdateQuery": false, "Destroy": false, "Delete": false, "Exec": false, "ExecWithCount": false,
}

// popModel reports whether a method of pop is given the model whose table it asks.
func popModel(name string) bool {
	_, is := popTerminals[name]
	return is && !strings.HasPrefix(name, "Exec")
}

// pop reads a step of a chain of pop.
func (b *builder) pop(s step, values func(int) []facts.Value, table string) bool {
	args := s.call.Args
	byKey := func(from int) {
		if v := values(from); len(v) > 0 {
			b.out.Predicates = append(b.out.Predicates, facts.Predicate{Table: table, Column: "id", Operator: "=", Arg: &v[0]})
			b.q.Args = append(b.q.Args, v...)
		}
	}
	switch s.name {
	case "RawQuery":
		b.raw = s.call
	case "First", "Last":
		b.out.Limit = "1"
	case "Find":
		b.out.Limit = "1"
		byKey(1)
	case "Exists", "Count", "CountByField":
		b.out.Aggregate = true
	case "Create":
		b.out.Verb = facts.Insert
		b.out.Sets = append(b.out.Sets, b.l.columnsOf(s.source, args[0])...)
		b.q.Args = append(b.q.Args, values(0)...)
	case "Update", "Save":
		b.out.Verb = facts.Update
		b.out.Sets = append(b.out.Sets, b.l.columnsOf(s.source, args[0])...)
		byKey(0)
	case "UpdateColumns", "UpdateQuery":
		b.out.Verb = facts.Update
		for _, arg := range args[min(1, len(args)):] {
			b.out.Sets = append(b.out.Sets, column(constantText(s.source, arg)))
		}
		if s.name == "UpdateColumns" {
			byKey(0)
		}
	case "Destroy":
		b.out.Verb = facts.Delete
		byKey(0)
	case "Delete":
		b.out.Verb = facts.Delete
	case "Paginate":
		if len(args) == 2 {
			v := b.l.value(s.source, args[1])
			b.out.Limit, b.out.LimitArg, b.out.Offset = v.Text, &v, true
		}
	case "PaginateFromParams":
		b.out.Limit, b.out.Offset = text(s.call), true
	case "BelongsTo", "BelongsToThrough", "Scope", "Having":
		b.out.Nested, b.out.Unread = true, true
	case "Join", "LeftJoin", "RightJoin", "InnerJoin", "LeftOuterJoin":
		b.out.Nested = true
		b.q.Args = append(b.q.Args, values(2)...)
	case "Select":
		for _, arg := range args {
			b.out.Columns = append(b.out.Columns, column(constantText(s.source, arg)))
		}
	case "All", "Reload", "Exec", "ExecWithCount":
	default:
		return false
	}
	return true
}
