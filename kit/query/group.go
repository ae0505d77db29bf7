package query

import (
	"strings"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/input"
	"github.com/fettlehq/fettle/kit/meta"
)

// GroupKey is what the rows of a group have in common: a field, a part of a value object (two steps of Path), or the period
// in which a DateTime or a Date falls.
type GroupKey struct {
	Path []string
	By   Period
	Zone string // whose clocks tell where a period begins, for a DateTime; UTC unless given
}

// Period is a stretch of the calendar. It is named by its first day.
type Period string

// The periods. A week begins on Monday, as in ISO 8601.
const (
	Day   Period = "day"
	Week  Period = "week"
	Month Period = "month"
	Year  Period = "year"
)

// Periods are all of them, the shortest first.
var Periods = []Period{Day, Week, Month, Year}

// Field describes the values of the key: its field, or a Date of a period.
func (k GroupKey) Field(e *meta.Entity) *meta.Field {
	f := keyField(e, k.Path)
	if k.By != "" {
		return &meta.Field{Name: k.Name("."), Kind: meta.Date, Null: true}
	}
	return f
}

// Name is what a door calls the key, its steps joined: "price.currency", "createdAt.month".
func (k GroupKey) Name(join string) string {
	name := strings.Join(k.Path, join)
	if k.By != "" {
		name += join + string(k.By)
	}
	return name
}

func (k GroupKey) zone() string {
	if k.Zone == "" {
		return "UTC"
	}
	return k.Zone
}

// GroupKeys are the keys by which the doors group the rows of e.
func GroupKeys(e *meta.Entity) (keys []GroupKey) {
	for _, path := range valuePaths(e) {
		f := keyField(e, path)
		switch f.Kind {
		case meta.DateTime, meta.Date:
			for _, by := range Periods {
				if by != Day || f.Kind == meta.DateTime {
					keys = append(keys, GroupKey{Path: path, By: by})
				}
			}
		}
		if groupable(f) {
			keys = append(keys, GroupKey{Path: path})
		}
	}
	return keys
}

func groupable(f *meta.Field) bool {
	switch f.Kind {
	case meta.ID, meta.Float, meta.DateTime, meta.JSON, meta.Bytes, meta.Value, meta.Input, meta.List, meta.Union:
		return false
	}
	return !f.Auto
}

// valuePaths lead to each single value in what the doors show of e.
func valuePaths(e *meta.Entity) (paths [][]string) {
	for _, f := range ReadFields(e) {
		switch {
		case f.Repeated || f.Method:
		case f.Kind == meta.Value:
			for _, part := range f.Fields {
				if !part.Repeated {
					paths = append(paths, []string{f.Name, part.Name})
				}
			}
		default:
			paths = append(paths, []string{f.Name})
		}
	}
	return paths
}

func (k GroupKey) check(e *meta.Entity) error {
	f := keyField(e, k.Path)
	switch {
	case f == nil || f.Repeated || f.Method || k.By == "" && !groupable(f) || k.By != "" && f.Kind != meta.DateTime && f.Kind != meta.Date:
		return malformed("There are no groups of %s by %s.", e.Plural, k.Name("."))
	case k.By != "":
		if _, wrong := input.Value(&meta.Field{Name: "zone", Kind: meta.TimeZone}, k.zone()); wrong != nil {
			return &kit.Problem{Code: kit.CodeInvalid, Status: 422, Detail: "The input is invalid.", Fields: wrong}
		}
	}
	return nil
}

// period is the first day of the period of an instant or a date. The name of the zone is the value in a slot. A zone may put an
// instant of the first or the last day that there are on one that there is not: it counts as that day.
func (r *renderer) period(sql string, kind meta.Kind, by Period, slot int) string {
	if sql == sqlNull {
		return sql
	}
	zone := r.param(param{source: slotSource, slot: slot, typ: typ{kind: meta.TimeZone}})
	if !r.postgres {
		return "period_start(" + sql + ", " + zone + ", '" + string(by) + "')"
	}
	sql = bracket(bracketCase(sql))
	local := sql
	if kind == meta.DateTime {
		local = "(" + sql + " AT TIME ZONE " + zone + "::text)"
	}
	first := "date_trunc('" + string(by) + "', " + local + "::timestamp)::date"
	return "CASE WHEN " + sql + " IS NOT NULL THEN GREATEST(LEAST(" + first + ", DATE '9999-12-31'), DATE '0001-01-01') END" // which pass over null
}
