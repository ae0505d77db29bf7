package oracle

import (
	"cmp"
	"fmt"
	"math/big"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Aggregate is what to work out of rows. Names are those of the GraphQL door: price_amount, createdAt_MONTH.
type Aggregate struct {
	GroupBy []string            `json:"groupBy,omitempty"`
	Zone    string              `json:"zone,omitempty"`
	Of      map[string][]string `json:"of,omitempty"` // the fields of each statistic
}

var statistics = []string{"sum", "avg", "min", "max"}

var periods = []string{"DAY", "WEEK", "MONTH", "YEAR"}

// figure is a field, or a part of one, by which rows are grouped or of which figures are.
type figure struct {
	name   string
	path   []string
	field  *Field // at the end of the path
	top    *Field
	period string
}

// figures are the single values that the doors show of t.
func figures(t *Type) (all []figure) {
	for _, f := range t.Fields {
		switch {
		case !shown(f), f.List(), f.Repeated, f.Scalar == "union", f.Scalar == "JSON", f.Method:
		case f.Scalar == "value":
			for _, part := range f.Type.Fields {
				all = append(all, figure{f.Name + "_" + part.Name, []string{f.Name, part.Name}, part, f, ""})
			}
		default:
			all = append(all, figure{f.Name, []string{f.Name}, f, f, ""})
		}
	}
	return all
}

// groupKeys are what rows of t can be grouped by.
func groupKeys(t *Type) (all []figure) {
	for _, f := range figures(t) {
		if f.field.Scalar == "DateTime" || f.field.Scalar == "Date" {
			for _, period := range periods {
				if period != "DAY" || f.field.Scalar == "DateTime" {
					by := f
					by.name, by.period = f.name+"_"+period, period
					all = append(all, by)
				}
			}
		}
		if !slices.Contains([]string{"ID", "Float", "DateTime"}, f.field.Scalar) && !f.field.Auto {
			all = append(all, f)
		}
	}
	return all
}

// measures are the fields of t that have a statistic.
func measures(t *Type, of string) (all []figure) {
	for _, f := range figures(t) {
		switch f.field.Scalar {
		case "Int", "Int64", "Float", "Decimal", "Duration":
			if !f.field.Auto {
				all = append(all, f)
			}
		case "DateTime", "Date", "Time", "String":
			if of == "min" || of == "max" {
				all = append(all, f)
			}
		}
	}
	return all
}

func named(all []figure, name string) *figure {
	for i := range all {
		if all[i].name == name {
			return &all[i]
		}
	}
	return nil
}

// aggregate is what the rows of t that fit come to, group by group.
func (r *reader) aggregate(t *Type, ask *Read) answer {
	type group struct {
		keys []Value
		rows []*Row
	}
	var by []*figure
	for _, name := range ask.Aggregate.GroupBy {
		by = append(by, named(groupKeys(t), name))
	}
	var groups []*group
	if len(by) == 0 {
		groups = append(groups, &group{})
	}
	for _, row := range r.chosen(r.Rows[t], &Read{Where: ask.Where, Search: ask.Search}, nil) {
		var keys []Value
		for _, key := range by {
			keys = append(keys, key.of(r, row, ask.Aggregate.Zone))
		}
		at := slices.IndexFunc(groups, func(g *group) bool { return compareKeys(g.keys, keys) == 0 })
		if at < 0 {
			at, groups = len(groups), append(groups, &group{keys: keys})
		}
		groups[at].rows = append(groups[at].rows, row)
	}
	slices.SortFunc(groups, func(a, b *group) int { return compareKeys(a.keys, b.keys) })
	nodes, most := []any{}, cmp.Or(ask.First, groupsSize)
	for i, g := range groups {
		if i == most {
			break
		}
		node := map[string]any{"count": leaf{&Field{Scalar: "Int"}, int64(len(g.rows))}}
		keys := map[string]any{}
		for i, key := range by {
			f := key.field
			if key.period != "" {
				f = &Field{Scalar: "Date"}
			}
			keys[key.name] = leaf{f, g.keys[i]}
		}
		if len(by) > 0 {
			node["group"] = keys
		}
		for of, names := range ask.Aggregate.Of {
			values := map[string]any{}
			for _, name := range names {
				values[name] = named(measures(t, of), name).figure(r, of, g.rows)
			}
			node[of] = values
		}
		nodes = append(nodes, node)
	}
	return map[string]any{"nodes": nodes, "hasNextPage": leaf{&Field{Scalar: "Boolean"}, len(by) > 0 && len(groups) > most}}
}

// groupsSize is how many groups a page has where nobody says.
const groupsSize = 100

// compareKeys orders groups: null comes last.
func compareKeys(a, b []Value) int {
	for i := range a {
		c := 0
		switch {
		case a[i] == nil && b[i] == nil:
		case a[i] == nil:
			c = 1
		case b[i] == nil:
			c = -1
		default:
			c = compare(a[i], b[i])
		}
		if c != 0 {
			return c
		}
	}
	return 0
}

// of is the value of a row as who reads sees it, or the first day of its period on the clocks of a zone.
func (f *figure) of(r *reader, row *Row, zone string) Value {
	v := r.At(row, f.path)
	if v == nil || f.period == "" {
		return v
	}
	var day time.Time
	switch v := v.(type) {
	case time.Time:
		place, err := time.LoadLocation(zone)
		if err != nil {
			panic(err)
		}
		local := v.In(place)
		day = time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, time.UTC)
	case Day:
		var err error
		if day, err = time.Parse(time.DateOnly, string(v)); err != nil {
			panic(err)
		}
	}
	switch f.period {
	case "WEEK":
		day = day.AddDate(0, 0, -(int(day.Weekday())+6)%7)
	case "MONTH":
		day = day.AddDate(0, 0, 1-day.Day())
	case "YEAR":
		day = day.AddDate(0, 0, 1-day.YearDay())
	}
	return Day(day.Format(time.DateOnly))
}

// figure is a statistic of rows. Of what is hidden nothing is told: no value is no sum, where a rule may hide values.
func (f *figure) figure(r *reader, of string, rows []*Row) leaf {
	var values []Value
	for _, row := range rows {
		if v := r.At(row, f.path); v != nil {
			values = append(values, v)
		}
	}
	field := *f.field
	switch {
	case of == "sum" && field.Scalar == "Int":
		field.Scalar = "Int64"
	case of == "sum" && field.Scalar == "Int64":
		field.Scalar = "Decimal"
	case of == "avg" && (field.Scalar == "Int" || field.Scalar == "Int64"):
		field.Scalar = "Float"
	}
	if of == "sum" && len(values) == 0 && len(f.top.Allow["READ"]) > 0 {
		return leaf{&field, nil}
	}
	return leaf{&field, statistic(of, &field, values)}
}

func statistic(of string, f *Field, values []Value) Value {
	if of != "avg" && !(of == "sum" && f.Scalar == "Decimal") {
		v := aggregate(of, values)
		if v == int64(0) && f.Scalar == "Duration" {
			return time.Duration(0)
		}
		return v
	}
	if len(values) == 0 {
		if of == "sum" {
			return new(big.Rat)
		}
		return nil
	}
	total := new(big.Rat)
	for _, v := range values {
		if d, ok := v.(time.Duration); ok {
			v = int64(d / time.Microsecond)
		}
		x, _ := rational(v, false)
		total.Add(total, x)
	}
	if of == "sum" {
		return total
	}
	total.Quo(total, new(big.Rat).SetInt64(int64(len(values))))
	switch f.Scalar {
	case "Decimal":
		rounded, _ := new(big.Rat).SetString(total.FloatString(8))
		return rounded
	case "Duration":
		rounded, _ := new(big.Rat).SetString(total.FloatString(0))
		return time.Duration(rounded.Num().Int64()) * time.Microsecond
	}
	mean, _ := total.Float64()
	return mean
}

// aggregate is a random aggregation of rows of t.
func (c *caller) aggregate(t *Type) *Read {
	ask := &Read{Of: t.Name, Aggregate: &Aggregate{Of: map[string][]string{}, Zone: one(c, []string{"UTC", "Europe/Rome"})}}
	known := groupKeys(t)
	for range c.IntN(3) {
		if len(known) > 0 {
			if name := one(c, known).name; !slices.Contains(ask.Aggregate.GroupBy, name) {
				ask.Aggregate.GroupBy = append(ask.Aggregate.GroupBy, name)
			}
		}
	}
	for _, of := range statistics {
		for _, f := range measures(t, of) {
			if c.chance(40) {
				ask.Aggregate.Of[of] = append(ask.Aggregate.Of[of], f.name)
			}
		}
	}
	ask.Rest = c.chance(30)
	if !ask.Rest && c.chance(60) {
		ask.Where = c.where(t, 2)
	}
	if c.chance(30) {
		ask.First = 1 + c.IntN(4)
	}
	ask.Search = c.search(t)
	return ask
}

// aggregate is an aggregation as GraphQL.
func (d *document) aggregate(name string, t *Type, ask *Read) string {
	args := []string{fmt.Sprintf("zone: %q", ask.Aggregate.Zone)}
	if ask.Where != nil {
		d.variables["w"] = d.p.where(t, ask.Where)
		d.types = append(d.types, "$w: "+t.Name+"Filter")
		args = append(args, "where: $w")
	}
	if ask.Search != "" {
		args = append(args, "search: "+quote(ask.Search))
	}
	if len(ask.Aggregate.GroupBy) > 0 {
		args = append(args, "groupBy: ["+strings.Join(ask.Aggregate.GroupBy, ", ")+"]")
	}
	if ask.First > 0 {
		args = append(args, fmt.Sprintf("first: %d", ask.First))
	}
	text := name + "(" + strings.Join(args, ", ") + ") { pageInfo { hasNextPage } nodes { count"
	if len(ask.Aggregate.GroupBy) > 0 {
		text += " group { " + strings.Join(ask.Aggregate.GroupBy, " ") + " }"
	}
	for _, of := range statistics {
		if names := ask.Aggregate.Of[of]; len(names) > 0 {
			text += " " + of + " { " + strings.Join(names, " ") + " }"
		}
	}
	return text + " } }"
}

// dotted is what the REST door calls a figure.
func dotted(name string) string {
	steps := strings.Split(name, "_")
	if last := len(steps) - 1; slices.Contains(periods, steps[last]) {
		steps[last] = strings.ToLower(steps[last])
	}
	return strings.Join(steps, ".")
}

// aggregateREST asks the other door, and tells its answer as GraphQL would.
func (p *subject) aggregateREST(w *World, s *Step) (any, error) {
	ask := s.Read
	parameters := url.Values{"zone": {ask.Aggregate.Zone}}
	put := func(parameter string, names []string) {
		var all []string
		for _, name := range names {
			all = append(all, dotted(name))
		}
		if all != nil {
			parameters.Set(parameter, strings.Join(all, ","))
		}
	}
	if ask.Search != "" {
		parameters.Set("search", ask.Search)
	}
	put("groupBy", ask.Aggregate.GroupBy)
	for of, names := range ask.Aggregate.Of {
		put(of, names)
	}
	if ask.First > 0 {
		parameters.Set("limit", fmt.Sprint(ask.First))
	}
	q := p.request(w, s)
	q.method, q.path = http.MethodGet, resource(p.backend.Entity(ask.Of), "")+":aggregate?"+parameters.Encode()
	a, err := p.ask(q)
	if err != nil {
		return nil, err
	}
	if a.status >= http.StatusBadRequest {
		return nil, &refusal{code: fmt.Sprint(a.object()["code"]), text: a.text}
	}
	groups, _ := a.object()["groups"].([]any)
	for _, g := range groups {
		for member, names := range objectOf(g) {
			for _, name := range append(slices.Clone(ask.Aggregate.GroupBy), ask.Aggregate.Of[member]...) {
				v, there := objectOf(names)[dotted(name)]
				if reference := objectOf(v); reference != nil {
					v = reference["id"]
				}
				if there {
					objectOf(names)[name] = v
				}
			}
		}
	}
	return map[string]any{"nodes": groups, "hasNextPage": a.object()["next"] != nil}, nil
}

// fitAggregate leaves out of an aggregation what t does not have.
func fitAggregate(ask *Aggregate, t *Type) *Aggregate {
	fit := &Aggregate{Zone: ask.Zone, Of: map[string][]string{}}
	if fit.Zone == "" {
		fit.Zone = "UTC"
	}
	for _, name := range ask.GroupBy {
		if named(groupKeys(t), name) != nil {
			fit.GroupBy = append(fit.GroupBy, name)
		}
	}
	for _, of := range statistics {
		for _, name := range ask.Of[of] {
			if named(measures(t, of), name) != nil {
				fit.Of[of] = append(fit.Of[of], name)
			}
		}
	}
	return fit
}
