package openapi

import (
	"fmt"
	"slices"

	"github.com/fettlehq/fettle/emit/door"
	"github.com/fettlehq/fettle/model"
)

// aggregate works things out of the rows of e.
func (d *document) aggregate(e *model.Entity) object {
	o := entityOperation(e, e.Plural+"Aggregate", "Count and sum "+e.Plural,
		"What is worked out of those that the viewer may see: without groupBy of all, else of each group. Every filter that is given must hold.")
	o.put("parameters", d.aggregateParameters(e))
	d.schemas.put(e.Name+"Aggregate", d.aggregateSchema(e))
	d.schemas.put(e.Name+"Groups", object{
		{"type", "object"},
		{"properties", object{
			{"groups", object{{"description", "In the order of their keys, null last."}, {"type", "array"}, {"items", ref("schemas", e.Name+"Aggregate")}, {"maxItems", door.MaxGroups}}},
			{"next", object{{"description", "The cursor of the next page, null on the last."}, {"type", []string{"string", "null"}}}},
		}},
		{"required", []string{"groups", "next"}},
	})
	o.put("responses", answers(object{
		{"200", tagged(ok("A page of groups.", ref("schemas", e.Name+"Groups")), member{"Link", ref("headers", "Link")})},
		unchanged("What is worked out is as If-None-Match has it."),
	}, "400", "422"))
	o.put("security", anybody())
	return o
}

func (d *document) aggregateParameters(e *model.Entity) []object {
	reserved := append([]string{"groupBy", "zone", "limit", "after"}, door.Statistics...)
	parameters := append(d.conditions(e, reserved, nil), ref("parameters", "ifNoneMatch"))
	keys := door.GroupKeys(e)
	names := make([]string, len(keys))
	zone := false
	for i, k := range keys {
		names[i] = k.Name(".")
		zone = zone || k.By != "" && k.Field.Kind == model.DateTime
	}
	if len(keys) > 0 {
		parameters = append(parameters, listed("groupBy", "What the rows of a group have in common, with commas between. A period is named by its first day; a week begins on Monday.", names))
	}
	if zone {
		parameters = append(parameters, query("zone", "Whose clocks tell where a period begins; UTC unless given.", scalarSchema(model.TimeZone)))
	}
	for _, statistic := range door.Statistics {
		if names := measuredNames(e, statistic); len(names) > 0 {
			parameters = append(parameters, listed(statistic, "Fields of which the "+statistic+" is worked out, with commas between.", names))
		}
	}
	if len(keys) > 0 {
		parameters = append(parameters, query("limit", "Groups at most.", object{
			{"type", "integer"}, {"minimum", 1}, {"maximum", door.MaxGroups}, {"default", door.DefaultGroups},
		}), ref("parameters", "after"))
	}
	return parameters
}

func measuredNames(e *model.Entity, statistic string) (names []string) {
	for _, k := range door.Measured(e, statistic) {
		names = append(names, k.Name("."))
	}
	return names
}

// listed is a parameter that holds some of names, with commas between.
func listed(name, doc string, names []string) object {
	o := query(name, doc, object{{"type", "array"}, {"items", object{{"type", "string"}, {"enum", names}}}, {"uniqueItems", true}})
	o.put("style", "form")
	o.put("explode", false)
	return o
}

// aggregateSchema is a group: what its rows have in common, how many they are, and the statistics that were asked for.
func (d *document) aggregateSchema(e *model.Entity) object {
	var group object
	for _, k := range door.GroupKeys(e) {
		schema := object{{"anyOf", []object{ref("schemas", "Reference"), {{"type", "null"}}}}}
		switch {
		case k.By != "":
			schema = nullable(scalarSchema(model.Date))
		case k.Field.Kind != model.Ref:
			schema = nullable(d.one(k.Field, false))
		}
		group.put(k.Name("."), schema)
	}
	properties := object{
		{"group", object{{"description", "The keys of groupBy."}, {"type", "object"}, {"properties", group}}},
		{"count", object{{"type", "integer"}}},
	}
	for _, statistic := range door.Statistics {
		var values object
		for _, k := range door.Measured(e, statistic) {
			schema := scalarSchema(k.Field.Kind)
			if k.Field.Null {
				schema = nullable(schema)
			}
			values.put(k.Name("."), schema)
		}
		if len(values) > 0 {
			doc := fmt.Sprintf("Of the fields that %s= names. %s", statistic, statisticDocs[statistic])
			properties.put(statistic, object{{"description", doc}, {"type", "object"}, {"properties", values}})
		}
	}
	return object{{"type", "object"}, {"properties", properties}, {"required", []string{"group", "count"}}}
}

var statisticDocs = map[string]string{
	"sum": "Exact for all but Float; 0 of no values.",
	"avg": "Of a Decimal with 4 digits more than it has; null of no values.",
	"min": "Null of no values.",
	"max": "Null of no values.",
}

// conditions are the parameters that filter the rows of e, but those whose names args have.
func (d *document) conditions(e *model.Entity, reserved []string, args []*model.Field) []object {
	parameters := []object{}
	for _, f := range door.ReadFields(e) {
		if slices.ContainsFunc(args, func(a *model.Field) bool { return a.Name == f.Name }) {
			continue // the argument has the name
		}
		filters := d.filters(f, reserved)
		if len(e.Search) > 0 && f.Name == "search" && len(filters) > 0 {
			filters[0][0].value = "search.eq" // the bare name is that of the search
		}
		parameters = append(parameters, filters...)
	}
	if len(e.Search) > 0 {
		parameters = append(parameters, searchParameter(e))
	}
	for i, p := range parameters {
		parameters[i] = d.shared(e, p)
	}
	return parameters
}

// shared puts a filter of the rows of e where all operations that take it refer to it.
func (d *document) shared(e *model.Entity, p object) object {
	name := e.Name + "." + p.get("name").(string)
	if d.parameters.get(name) == nil {
		d.parameters.put(name, p)
	}
	return ref("parameters", name)
}
