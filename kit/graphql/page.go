package graphql

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/input"
	"github.com/fettlehq/fettle/kit/internal/filter"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/query"
)

// pageArguments reads search, where, order, first, after, last and before.
func pageArguments(s *query.Select, arguments input.Object) *kit.Problem {
	var errs []kit.FieldError
	s.Where, errs = filter.Tree(s.Entity, "where", arguments["where"])
	s.Search = input.Text(arguments["search"])
	if wrong := query.CheckSearch(s.Search); wrong != nil {
		errs = append(errs, *wrong)
	}
	for _, name := range []string{"first", "last"} {
		errs = append(errs, count(s, name, arguments[name])...)
	}
	if s.First > 0 && s.Last > 0 {
		errs = append(errs, kit.FieldError{Field: "last", Code: kit.FieldUnknown, Detail: "goes with before, and first with after: ask for one of them"})
	}
	s.After, s.Before = input.Text(arguments["after"]), input.Text(arguments["before"])
	keys, _ := arguments["order"].([]any)
	if len(keys) > 8 {
		errs = append(errs, kit.FieldError{Field: "order", Code: kit.FieldTooLong, Detail: "must have at most 8 keys"})
		keys = nil
	}
	for _, key := range keys {
		if name, ok := key.(string); ok {
			s.Order = append(s.Order, orderKey(s.Entity, name))
		}
	}
	if errs != nil {
		return invalid(errs)
	}
	return nil
}

// count reads first or last.
func count(s *query.Select, name string, raw any) []kit.FieldError {
	if raw == nil {
		return nil
	}
	value, errs := input.Value(&meta.Field{Name: name, Kind: meta.Int}, raw)
	if errs != nil {
		return errs
	}
	n, most := value.(int64), int64(cmp.Or(s.Paging(nil).Max, 100))
	if n < 1 || n > most {
		return []kit.FieldError{{Field: name, Code: kit.FieldFormat, Detail: "must be from 1 to " + strconv.FormatInt(most, 10)}}
	}
	if name == "first" {
		s.First = int(n)
	} else {
		s.Last = int(n)
	}
	return nil
}

// orderKey reads createdAt_DESC, or price_amount_ASC for a part of a value object and author_name_ASC for a field of a row
// that is referred to.
func orderKey(e *meta.Entity, value string) query.Order {
	name, descending := strings.CutSuffix(value, "_DESC")
	name = strings.TrimSuffix(name, "_ASC")
	order := query.Order{Path: []string{name}, Descending: descending}
	if e.Field(name) != nil {
		return order
	}
	for _, f := range e.Fields {
		if part, ok := strings.CutPrefix(name, f.Name+"_"); ok && (f.Kind == meta.Value || f.Kind == meta.Reference && f.Target().Field(part) != nil) {
			order.Path = []string{f.Name, part}
		}
	}
	return order
}
