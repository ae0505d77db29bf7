package proto

import (
	"fmt"

	"github.com/fettlehq/fettle/emit/door"
	"github.com/fettlehq/fettle/model"
)

// aggregate plans the method that works things out of the rows of e.
func (p *plan) aggregate(s *service, e *model.Entity) {
	name := "Aggregate" + pascal(e.Plural)
	keys := groupKeys(e)
	request := p.message(s, name+"Request", func(t *declaration) {
		t.add("", p.filter(e), "filter", "")
		if len(e.Search) > 0 {
			t.add("", "string", "search", searchDoc)
		}
		if len(keys) > 0 {
			t.add(repeated, p.groupBy(e, keys), "group_by", "Without any, all rows are one group.")
			t.add("", "string", "time_zone", "Whose clocks tell where a period of a Timestamp begins; UTC unless given.")
			t.add("", "int32", "page_size", fmt.Sprintf("Groups at most; %d unless given, at most %d.", door.DefaultGroups, door.MaxGroups))
			t.add("", "string", "page_token", "")
		}
		p.readMask(t, "What is worked out, of a group: \"sum.total_amount\", \"max\". Without it nothing but the count.")
	})
	response := p.message(s, name+"Response", func(t *declaration) {
		t.add(repeated, p.group(e, keys), "groups", "In the order of their keys, null last.")
		if len(keys) > 0 {
			t.add("", "string", "next_page_token", "Empty on the last page.")
		}
	})
	s.rpcs = append(s.rpcs, &rpc{name: name, request: request, response: response, safe: true})
}

// groupKey is a key by its name.
type groupKey struct {
	door.GroupKey
	name    string
	formers []string // its names before
}

// groupKeys are the keys of e whose names tell them apart: one of a period gives way to a field of that name.
func groupKeys(e *model.Entity) (keys []groupKey) {
	taken := map[string]bool{}
	all := shortFirst(door.GroupKeys(e), func(k door.GroupKey) int {
		if k.By != "" {
			return len(k.Path) + 1
		}
		return len(k.Path)
	})
	for _, k := range all {
		name, formers := path(k.Key), formerPaths(k.Key)
		if k.By != "" {
			name += "_" + k.By
			for i := range formers {
				formers[i] += "_" + k.By
			}
		}
		if !taken[name] {
			taken[name] = true
			keys = append(keys, groupKey{k, name, formers})
		}
	}
	return keys
}

func (p *plan) groupBy(e *model.Entity, keys []groupKey) string {
	return p.of(e, "", "GroupBy", func(t *declaration) {
		t.values = true
		for _, k := range keys {
			t.fields = append(t.fields, value(k.name, k.formers, ""))
		}
	})
}

func (p *plan) group(e *model.Entity, keys []groupKey) string {
	return p.of(e, "", "Aggregate", func(t *declaration) {
		if len(keys) > 0 {
			t.add("", p.keys(e, keys), "group", "What its rows have in common.")
		}
		t.add("", "int64", "count", "")
		for _, statistic := range door.Statistics {
			if measured := door.Measured(e, statistic); len(measured) > 0 {
				t.add("", p.measured(e, statistic, measured), statistic, "")
			}
		}
	})
}

func (p *plan) keys(e *model.Entity, keys []groupKey) string {
	return p.of(e, "", "Group", func(t *declaration) {
		t.doc = "What is not in group_by is absent, and so is what is null. A period is named by its first day; a week begins on Monday."
		for _, k := range keys {
			typ, message := "string", false
			switch {
			case k.By != "" || k.Field.Kind == model.Ref:
			case k.Field.Kind == model.EnumKind:
				typ = p.enumType(k.Field.Enum)
			default:
				typ, message = p.scalar(k.Field.Kind)
			}
			t.optional(typ, message, k.name, k.formers)
		}
	})
}

// optional adds a field that may be absent.
func (t *declaration) optional(typ string, message bool, name string, formers []string) {
	label := optional
	if message {
		label = ""
	}
	t.fields = append(t.fields, &field{name: name, formers: formers, typ: typ, label: label})
}

// statisticDocs say what the messages of statistics hold.
var statisticDocs = map[string]string{
	"sum": "Exact for all but double. 0 of no values.",
	"avg": "Of a decimal with 4 digits more than it has. Absent of no values.",
	"min": "Absent of no values.",
	"max": "Absent of no values.",
}

func (p *plan) measured(e *model.Entity, statistic string, keys []door.Key) string {
	return p.of(e, "", pascal(statistic), func(t *declaration) {
		t.doc = statisticDocs[statistic]
		for _, k := range keys {
			typ, message := p.scalar(k.Field.Kind)
			t.optional(typ, message, path(k), formerPaths(k))
		}
	})
}
