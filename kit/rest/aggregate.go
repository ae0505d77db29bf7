package rest

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/input"
	"github.com/fettlehq/fettle/kit/internal/tenant"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/query"
)

// The parameters of an aggregation that are no conditions, beside its statistics. A field of such a name is filtered by as
// "sum.eq".
const (
	paramGroupBy = "groupBy"
	paramZone    = "zone"
)

// aggregatePath is where what is worked out of the rows of e stands. A colon is in no path of rows, so that no row's key
// stands there.
func aggregatePath(e *meta.Entity) string { return "/" + e.Path + ":aggregate" }

func (c *call) aggregate(r *resource, _ string) error {
	values, err := c.parameters()
	if err != nil {
		return err
	}
	p := &parameters{call: c, values: values}
	a := &query.Aggregation{Entity: r.entity}
	a.Groups = p.groupBy(a.Entity)
	for _, of := range query.Statistics {
		a.Measures = append(a.Measures, p.measures(a.Entity, of)...)
	}
	a.First = p.atMost(query.MaxGroups)
	a.After, _ = p.one(paramAfter)
	a.Search = p.search(r)
	a.Where = p.where(r, r.aggregateParameters())
	if err := p.err(); err != nil {
		return err
	}
	var groups *query.Groups
	err = c.readAlone(c.door.engine.SingleAggregate, func(ctx context.Context, tx *query.Tx) (err error) {
		groups, err = tx.Aggregate(ctx, a)
		return err
	})
	if err != nil {
		return err
	}
	if groups.HasNext {
		values.Set(paramAfter, groups.Cursor(len(groups.Groups)-1))
		c.w.Header().Add("Link", "<"+tenant.Prefix(c.r.Context())+c.r.URL.EscapedPath()+"?"+values.Encode()+`>; rel="next"`)
	}
	return c.sendPage(appendGroups(nil, a, groups))
}

// aggregateParameters are those that are no conditions.
func (r *resource) aggregateParameters() []string {
	names := []string{paramGroupBy, paramZone, paramLimit, paramAfter}
	for _, of := range query.Statistics {
		names = append(names, string(of))
	}
	if r.searched {
		names = append(names, paramSearch)
	}
	return names
}

// groupBy reads "status,createdAt.month".
func (p *parameters) groupBy(e *meta.Entity) (keys []query.GroupKey) {
	text, ok := p.one(paramGroupBy)
	zone, _ := p.one(paramZone)
	if !ok || text == "" {
		return nil
	}
	known := query.GroupKeys(e)
	names := make([]string, len(known))
	for i, k := range known {
		names[i] = k.Name(".")
	}
	for name := range strings.SplitSeq(text, ",") {
		i := slices.Index(names, name)
		if i < 0 {
			p.noneOf(paramGroupBy, name, "groups nothing", names)
			continue
		}
		key := known[i]
		key.Zone = zone
		p.uses(e, key.Path)
		keys = append(keys, key)
	}
	return keys
}

// measures reads "price.amount,stock" of a statistic.
func (p *parameters) measures(e *meta.Entity, of query.Statistic) (measures []query.Measure) {
	text, ok := p.one(string(of))
	if !ok || text == "" {
		return nil
	}
	var names []string
	known := map[string]query.Measure{}
	for _, m := range query.Measures(e) {
		if m.Of == of {
			name := strings.Join(m.Path, ".")
			names, known[name] = append(names, name), m
		}
	}
	for name := range strings.SplitSeq(text, ",") {
		m, ok := known[name]
		if !ok {
			p.noneOf(string(of), name, "has no "+string(of), names)
			continue
		}
		p.uses(e, m.Path)
		measures = append(measures, m)
	}
	return measures
}

func (p *parameters) noneOf(parameter, name, problem string, known []string) {
	name = name[:min(len(name), 64)]
	p.fail(parameter, kit.FieldUnknown, strconv.Quote(name)+" "+problem+input.DidYouMean(name, known))
}

// appendGroups writes {"groups": [{"group": {…}, "count": 3, "sum": {…}}], "next": …}.
func appendGroups(buf []byte, a *query.Aggregation, groups *query.Groups) []byte {
	buf = append(buf, `{"groups":[`...)
	for i, g := range groups.Groups {
		if i > 0 {
			buf = append(buf, ',')
		}
		buf = appendGroup(buf, a, g)
	}
	buf = append(buf, `],"next":`...)
	if !groups.HasNext {
		return append(buf, "null}"...)
	}
	return append(input.AppendString(buf, groups.Cursor(len(groups.Groups)-1)), '}')
}

func appendGroup(buf []byte, a *query.Aggregation, g query.Group) []byte {
	buf = append(buf, `{"group":{`...)
	for i, k := range a.Groups {
		if i > 0 {
			buf = append(buf, ',')
		}
		buf = append(input.AppendString(buf, k.Name(".")), ':')
		if id, ok := g.Keys[i].(string); ok && k.Field(a.Entity).Kind == meta.Reference {
			buf = appendID(buf, id)
			continue
		}
		buf = input.AppendJSON(buf, k.Field(a.Entity), g.Keys[i])
	}
	buf = strconv.AppendInt(append(buf, `},"count":`...), g.Count, 10)
	of := query.Statistic("")
	for i, m := range a.Measures {
		switch {
		case m.Of == of:
			buf = append(buf, ',')
		case of != "":
			buf = append(buf, '}')
			fallthrough
		default:
			of = m.Of
			buf = append(input.AppendString(append(buf, ','), string(of)), ":{"...)
		}
		buf = append(input.AppendString(buf, strings.Join(m.Path, ".")), ':')
		buf = input.AppendJSON(buf, m.Field(a.Entity), g.Values[i])
	}
	if of != "" {
		buf = append(buf, '}')
	}
	return append(buf, '}')
}
