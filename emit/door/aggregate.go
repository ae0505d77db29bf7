package door

import (
	"strings"

	"github.com/fettlehq/fettle/model"
)

// GroupKey is what the rows of a group have in common: a column, or the period in which it falls.
type GroupKey struct {
	Key
	By string // of a DateTime or a Date: "day", "week", "month" or "year"; else empty
}

// Name is what a door calls the key.
func (k GroupKey) Name(join string) string {
	name := k.Key.Name(join)
	if k.By != "" {
		name += join + k.By
	}
	return name
}

// Name is the names of the path, joined.
func (k Key) Name(join string) string {
	names := make([]string, len(k.Path))
	for i, f := range k.Path {
		names[i] = f.Name
	}
	return strings.Join(names, join)
}

// Statistics are what is worked out of the values of a column.
var Statistics = []string{"sum", "avg", "min", "max"}

// How many groups a page has, unless the caller says otherwise and at most.
const (
	DefaultGroups = 100
	MaxGroups     = 1000
)

// GroupKeys are the keys by which the doors group the rows of e. Kit/query decides the same (GroupKeys).
func GroupKeys(e *model.Entity) (keys []GroupKey) {
	for _, k := range columns(e) {
		switch k.Field.Kind {
		case model.DateTime:
			keys = append(keys, GroupKey{k, "day"}, GroupKey{k, "week"}, GroupKey{k, "month"}, GroupKey{k, "year"})
		case model.Date:
			keys = append(keys, GroupKey{k, "week"}, GroupKey{k, "month"}, GroupKey{k, "year"})
		}
		if groupable(k.Field) {
			keys = append(keys, GroupKey{Key: k})
		}
	}
	return keys
}

func groupable(f *model.Field) bool {
	switch f.Kind {
	case model.ID, model.Float, model.DateTime, model.JSON, model.Bytes, model.Value, model.InputDTO, model.List, model.Union, model.File:
		return false
	}
	return !f.Auto
}

// Measured are the columns of e of which the doors work out a statistic, each as the field that it comes to.
func Measured(e *model.Entity, statistic string) (keys []Key) {
	for _, k := range columns(e) {
		if !measurable(k.Field, statistic) || k.Field.Auto && k.Field.Kind != model.DateTime {
			continue
		}
		value := *k.Field
		value.Null = statistic != "sum" || len(k.Path[0].Allow.Read) > 0
		value.MinLength, value.MaxLength, value.Min, value.Max, value.Pattern, value.Scalar = nil, nil, nil, nil, "", nil
		switch {
		case statistic == "sum" && value.Kind == model.Int:
			value.Kind = model.Int64
		case statistic == "sum" && value.Kind == model.Int64:
			value.Kind = model.Decimal
		case statistic == "avg" && (value.Kind == model.Int || value.Kind == model.Int64):
			value.Kind = model.Float
		}
		keys = append(keys, Key{k.Path, &value})
	}
	return keys
}

func measurable(f *model.Field, statistic string) bool {
	switch f.Kind {
	case model.Int, model.Int64, model.Float, model.Decimal, model.Duration:
		return true
	case model.DateTime, model.Date, model.Time, model.String:
		return statistic == "min" || statistic == "max"
	}
	return false
}

// columns are the single values in what the doors show of e.
func columns(e *model.Entity) (keys []Key) {
	for _, f := range ReadFields(e) {
		switch {
		case f.Repeated || f.Method:
		case f.Kind == model.Value:
			for _, part := range f.Fields {
				if !part.Repeated {
					keys = append(keys, Key{[]*model.Field{f, part}, part})
				}
			}
		default:
			keys = append(keys, Key{[]*model.Field{f}, f})
		}
	}
	return keys
}
