package grpc

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/input"
	"github.com/fettlehq/fettle/kit/internal/filter"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/query"
)

// aggregates is how groups of the rows of an entity are asked for and written.
type aggregates struct {
	entity       *meta.Entity
	groups, next *field
	group, count *field // of a group
	keys         map[string]groupKey
	measures     map[query.Statistic][]measure
	statistics   map[query.Statistic]*field
}

// groupKey is a key, and where it is written.
type groupKey struct {
	query.GroupKey
	field *field
}

// measure is a value that can be worked out, and where it is written.
type measure struct {
	query.Measure
	field *field
}

func (d *door) addAggregate(_ *linker, m *method, e *meta.Entity) error {
	a, err := newAggregates(m, e)
	if err != nil {
		return err
	}
	return d.unary(m, func(ctx context.Context, c *call) ([]byte, error) {
		asked := &query.Aggregation{Entity: e, After: c.string("pageToken")}
		var errs []kit.FieldError
		asked.Where, errs = filter.Tree(e, "filter", c.in["filter"])
		if len(e.Searched()) > 0 {
			asked.Search = c.string("search")
			if wrong := query.CheckSearch(asked.Search); wrong != nil {
				errs = append(errs, *wrong)
			}
		}
		first, wrong := c.number("pageSize", query.MaxGroups)
		asked.First, errs = int(first), append(errs, wrong...)
		keys, wrong := a.by(c, asked)
		errs = append(errs, wrong...)
		measured, wrong := a.read(c, asked)
		if errs = append(errs, wrong...); errs != nil {
			return nil, invalid(errs)
		}
		var found *query.Groups
		err := c.read(ctx, d.engine.SingleAggregate, func(ctx context.Context, tx *query.Tx) (err error) {
			found, err = tx.Aggregate(ctx, asked)
			return err
		})
		if err != nil {
			return nil, err
		}
		return a.answer(c, keys, measured, found), nil
	})
}

func newAggregates(m *method, e *meta.Entity) (*aggregates, error) {
	conditions, err := m.need("filter")
	if err != nil {
		return nil, err
	}
	conditions.message.alternatives(map[*message]bool{})
	a := &aggregates{
		entity: e, groups: m.out.names["groups"], next: m.out.names["nextPageToken"],
		keys: map[string]groupKey{}, measures: map[query.Statistic][]measure{}, statistics: map[query.Statistic]*field{},
	}
	if a.groups == nil || a.groups.message == nil || a.groups.message.names["count"] == nil {
		return nil, errors.New("its answer has no groups")
	}
	of := a.groups.message
	a.group, a.count = of.names["group"], of.names["count"]
	if by := m.in.names["groupBy"]; by != nil && by.form == formEnum && a.group != nil {
		if err := a.link(by.enum, a.group.message); err != nil {
			return nil, err
		}
	}
	known := query.Measures(e)
	for _, statistic := range query.Statistics {
		f := of.names[string(statistic)]
		if f == nil {
			continue
		}
		a.statistics[statistic] = f
		for _, own := range f.message.fields {
			found := false
			for _, k := range known {
				if found = k.Of == statistic && joined(k.Path) == own.text; found {
					a.measures[statistic] = append(a.measures[statistic], measure{k, own})
					break
				}
			}
			if !found {
				return nil, fmt.Errorf("there is no %s of %s of %s", statistic, own.text, e.Plural)
			}
		}
	}
	return a, nil
}

// link finds the keys that the values of an enum mean. A key of a period gives way to a field of its name, as in emit/proto.
func (a *aggregates) link(by *enum, group *message) error {
	known := map[string]query.GroupKey{}
	for _, periods := range []bool{false, true} {
		for _, k := range query.GroupKeys(a.entity) {
			name := joined(k.Path)
			if k.By != "" {
				name += "_" + string(k.By)
			}
			if _, taken := known[name]; !taken && periods == (k.By != "") {
				known[name] = k
			}
		}
	}
	for _, name := range by.names {
		text := strings.ToLower(name)
		k, ok := known[text]
		f := group.names[text]
		if !ok || f == nil {
			return fmt.Errorf("there is no key %s of %s", text, a.entity.Plural)
		}
		a.keys[name] = groupKey{k, f}
	}
	return nil
}

// by reads by what the rows are grouped.
func (a *aggregates) by(c *call, asked *query.Aggregation) (keys []groupKey, errs []kit.FieldError) {
	names, _ := c.in["groupBy"].([]any)
	for _, raw := range names {
		name, _ := raw.(string)
		k, ok := a.keys[name]
		if !ok {
			errs = append(errs, kit.FieldError{Field: "groupBy", Code: kit.FieldUnknown, Detail: "has a key that is none"})
			continue
		}
		k.Zone = c.string("timeZone")
		keys, asked.Groups = append(keys, k), append(asked.Groups, k.GroupKey)
	}
	return keys, errs[:min(len(errs), 20)]
}

// read reads what the mask asks to be worked out.
func (a *aggregates) read(c *call, asked *query.Aggregation) (measured []measure, errs []kit.FieldError) {
	m, err := readMask(c.in, "readMask")
	if err != nil {
		return nil, []kit.FieldError{{Field: "readMask", Code: kit.FieldFormat, Detail: "is no mask"}}
	}
	s := &selection{door: c.door, name: "readMask"}
	for _, statistic := range query.Statistics {
		f := a.statistics[statistic]
		if f == nil {
			continue
		}
		below, wanted := m.below(f)
		if !wanted {
			continue
		}
		all := len(below) == 0
		for _, one := range a.measures[statistic] {
			if _, named := below.below(one.field); all || named {
				measured, asked.Measures = append(measured, one), append(asked.Measures, one.Measure)
			}
		}
		s.unknown(f.message, below)
	}
	for _, f := range []*field{a.group, a.count} {
		if f != nil {
			m.below(f) // which are told in any case
		}
	}
	s.unknown(a.groups.message, m)
	return measured, s.errors
}

func (a *aggregates) answer(c *call, keys []groupKey, measured []measure, found *query.Groups) []byte {
	w := c.answer()
	w.list(a.groups, len(found.Groups), func(i int) {
		g := found.Groups[i]
		if len(keys) > 0 {
			start := w.open(a.group)
			for j, k := range keys {
				w.key(k, a.entity, g.Keys[j])
			}
			w.close(start)
		}
		w.scalar(a.count, g.Count)
		for j := 0; j < len(measured); {
			of := measured[j].Of
			start := w.open(a.statistics[of])
			for ; j < len(measured) && measured[j].Of == of; j++ {
				w.scalar(measured[j].field, g.Values[j])
			}
			w.close(start)
		}
	})
	if found.HasNext && a.next != nil {
		w.text(a.next, found.Cursor(len(found.Groups)-1))
	}
	return w.bytes()
}

// key writes what the rows of a group have in common.
func (w *writer) key(k groupKey, e *meta.Entity, value any) {
	if value == nil {
		return
	}
	if k.Field(e).Kind == meta.Int64 || k.field.form != formString {
		w.scalar(k.field, value)
		return
	}
	w.text(k.field, input.Text(value))
}
