package graphql

import (
	"fmt"
	"strings"

	"github.com/fettlehq/fettle/emit/door"
	"github.com/fettlehq/fettle/model"
)

// aggregated tells whether things are worked out of the rows of e.
func (s *schema) aggregated(e *model.Entity) bool {
	return s.listed[e] && e.HistoryOf == nil && !door.Replaced(e, e.Plural+"Aggregate")
}

// aggregateRoot is the field that works things out of the rows of e.
func (s *schema) aggregateRoot(e *model.Entity) root {
	var args []string
	if len(e.Search) > 0 {
		args = append(args, "search: String")
	}
	args = append(args, "where: "+s.name(e.Name+"Filter"))
	keys := door.GroupKeys(e)
	if len(keys) > 0 {
		args = append(args, "groupBy: ["+s.name(e.Name+"GroupBy")+"!]")
	}
	for _, k := range keys {
		if k.By != "" && k.Field.Kind == model.DateTime {
			args = append(args, "zone: "+s.scalarType(&model.Field{Kind: model.TimeZone}))
			break
		}
	}
	if len(keys) > 0 {
		args = append(args, "first: Int", "after: String")
	}
	doc := fmt.Sprintf("What is worked out of those that fit: without groupBy of all, else of each group, at most %d a page; %d unless first says otherwise.", door.MaxGroups, door.DefaultGroups)
	return root{doc, e.Plural + "Aggregate(" + strings.Join(args, ", ") + "): " + s.name(e.Name+"AggregateConnection") + "!"}
}

// aggregate prints the groups of the rows of e and what is worked out of them.
func (s *schema) aggregate(e *model.Entity) {
	if !s.aggregated(e) {
		return
	}
	s.pages = true
	one := s.name(e.Name + "Aggregate")
	s.f("")
	s.f("type %s {", s.name(e.Name+"AggregateConnection"))
	s.doc("  ", "In the order of their keys, null last.")
	s.f("  nodes: [%s!]!", one)
	s.f("  pageInfo: PageInfo!")
	s.f("}")
	s.f("")
	s.f("type %s {", one)
	keys := door.GroupKeys(e)
	if len(keys) > 0 {
		s.doc("  ", "What its rows have in common.")
		s.f("  group: %s!", s.name(e.Name+"Group"))
	}
	s.f("  count: Int!")
	for _, statistic := range door.Statistics {
		if len(door.Measured(e, statistic)) > 0 {
			s.f("  %s: %s!", statistic, s.statisticType(e, statistic))
		}
	}
	s.f("}")
	s.groupKeys(e, keys)
	for _, statistic := range door.Statistics {
		s.measured(e, statistic)
	}
}

func (s *schema) statisticType(e *model.Entity, statistic string) string {
	return s.name(e.Name + strings.ToUpper(statistic[:1]) + statistic[1:])
}

func (s *schema) groupKeys(e *model.Entity, keys []door.GroupKey) {
	if len(keys) == 0 {
		return
	}
	s.f("")
	s.f("enum %s {", s.name(e.Name+"GroupBy"))
	for _, k := range keys {
		s.f("  %s", groupName(k))
	}
	s.f("}")
	s.f("")
	s.doc("", "What is not in groupBy is null. A period is named by its first day; a week begins on Monday.")
	s.f("type %s {", s.name(e.Name+"Group"))
	for _, k := range keys {
		typ := "ID"
		switch {
		case k.By != "":
			typ = s.scalarType(&model.Field{Kind: model.Date})
		case k.Field.Kind != model.Ref:
			typ = s.readType(k.Field)
		}
		s.f("  %s: %s", groupName(k), typ)
	}
	s.f("}")
}

func groupName(k door.GroupKey) string {
	name := k.Key.Name("_")
	if k.By != "" {
		name += "_" + strings.ToUpper(k.By)
	}
	return name
}

// statisticDocs say what the types of statistics hold.
var statisticDocs = map[string]string{
	"sum": "Exact for all but Float. 0 of no values.",
	"avg": "Of a Decimal with 4 digits more than it has. Null of no values.",
	"min": "Null of no values.",
	"max": "Null of no values.",
}

func (s *schema) measured(e *model.Entity, statistic string) {
	keys := door.Measured(e, statistic)
	if len(keys) == 0 {
		return
	}
	s.f("")
	s.doc("", statisticDocs[statistic])
	s.f("type %s {", s.statisticType(e, statistic))
	for _, k := range keys {
		s.f("  %s: %s", k.Name("_"), required(s.scalarType(k.Field), k.Field.Null))
	}
	s.f("}")
}
