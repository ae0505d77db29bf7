package rest

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/input"
	"github.com/fettlehq/fettle/kit/internal/fetch"
	"github.com/fettlehq/fettle/kit/internal/filter"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/query"
)

// The parameters of a list that are no conditions. A field of such a name is filtered by as "order.eq".
const (
	paramOrder   = "order"
	paramLimit   = "limit"
	paramAfter   = "after"
	paramBefore  = "before"
	paramInclude = "include"
	paramFields  = "fields"
	paramCount   = "count"
	paramSearch  = "search" // of what has a search
)

// maxConditions bounds the conditions of one request.
const maxConditions = 100

// parameters reads the query of the URL.
func (c *call) parameters() (url.Values, error) {
	values, err := url.ParseQuery(c.r.URL.RawQuery)
	if err != nil {
		return nil, malformed("The query of the URL is malformed.")
	}
	for name, texts := range values {
		if !isText(name) || slices.ContainsFunc(texts, func(text string) bool { return !isText(text) }) {
			return nil, malformed("The query of the URL is not UTF-8, or holds the character U+0000.")
		}
	}
	return values, nil
}

// onlyParameters reads the query of the URL and refuses all parameters but those named.
func (c *call) onlyParameters(names ...string) (*parameters, error) {
	values, err := c.parameters()
	if err != nil {
		return nil, err
	}
	p := &parameters{call: c, values: values}
	for name := range values {
		if !slices.Contains(names, name) {
			p.unknown(name, names)
		}
	}
	return p, p.err()
}

// parameters collects what is wrong with the parameters of a request.
type parameters struct {
	call   *call
	values url.Values
	errors []kit.FieldError
}

func (p *parameters) fail(name, code, detail string) {
	p.errors = append(p.errors, kit.FieldError{Field: name, Code: code, Detail: detail})
}

func (p *parameters) unknown(name string, known []string) {
	p.fail(name[:min(len(name), 64)], kit.FieldUnknown, "is no parameter here"+input.DidYouMean(name, known))
}

func (p *parameters) err() error {
	if len(p.errors) == 0 {
		return nil
	}
	slices.SortStableFunc(p.errors, func(a, b kit.FieldError) int { return strings.Compare(a.Field, b.Field) })
	return invalid(p.errors[:min(len(p.errors), 20)])
}

// one is the text of a parameter that stands at most once.
func (p *parameters) one(name string) (string, bool) {
	texts := p.values[name]
	if len(texts) > 1 {
		p.fail(name, kit.FieldFormat, "must stand once")
	}
	return p.values.Get(name), len(texts) > 0
}

// readParameters adds to s, a list, what the parameters ask for.
func (c *call) readParameters(s *query.Select, values url.Values) error {
	p := &parameters{call: c, values: values}
	r := c.door.resources[s.Entity.Name]
	s.Fields = c.selections(r, p)
	s.Unversioned = true // an answer with several rows has a tag of another kind
	s.Order = p.order(r)
	p.page(s)
	s.Count = p.count()
	s.Search = p.search(r)
	s.Where = p.where(r, r.listParameters())
	if err := p.err(); err != nil {
		return err
	}
	return c.checkRows(s, fetch.Size(s, nil))
}

// selections are what include and fields ask to be shown of rows of r.
func (c *call) selections(r *resource, p *parameters) []query.Selection {
	c.some = p.values.Get(paramFields) != ""
	asked := r.entity.Name + " " + p.values.Get(paramInclude) + " " + p.values.Get(paramFields)
	if known, ok := c.door.shown.Get(asked); ok && len(p.values[paramInclude]) < 2 && len(p.values[paramFields]) < 2 {
		return known
	}
	wrong := len(p.errors)
	selections := slices.Clip(c.door.selections(r, c.door.shape(p, r), false))
	if len(p.errors) == wrong && len(asked) <= maxKeptLength {
		c.door.shown.Put(asked, selections)
	}
	return selections
}

const maxKeptLength = 2000 // bytes of include and fields; what longer ones select is not kept

// oneSelect is what the parameters of a single row ask for: nothing but include and fields.
func (c *call) oneSelect(r *resource) (*query.Select, error) {
	p, err := c.onlyParameters(paramInclude, paramFields)
	if err != nil {
		return nil, err
	}
	s := &query.Select{Entity: r.entity, Fields: c.selections(r, p)}
	if err := p.err(); err != nil {
		return nil, err
	}
	return s, c.checkRows(s, 1)
}

// checkRows refuses an answer that may get too large. Those of all parts of a batch are one.
func (c *call) checkRows(s *query.Select, times int) error {
	most := c.door.options.MaxRows
	rows := times * fetch.Rows(s, most)
	if rows > most {
		return kit.Invalid(paramInclude, kit.FieldTooLarge, "may bring %d rows, more than %d: ask for a smaller page or include less", rows, most)
	}
	if c.rows == nil {
		return nil
	}
	if *c.rows += rows; *c.rows > most {
		return kit.Invalid(paramInclude, kit.FieldTooLarge, "may bring %d rows with what stands before it, more than %d: ask for less in one batch", *c.rows, most)
	}
	return nil
}

// page reads which page of the list is meant: before is the way back, from the end where it is empty.
func (p *parameters) page(s *query.Select) {
	s.First = p.atMost(cmp.Or(s.Paging(nil).Max, 100))
	s.After, _ = p.one(paramAfter)
	before, back := p.one(paramBefore)
	switch {
	case !back:
		return
	case len(p.values[paramAfter]) > 0:
		p.fail(paramBefore, kit.FieldFormat, "goes without after: a page is one or the other")
	}
	s.Before, s.First, s.Last = before, 0, fetch.Size(s, nil)
}

// atMost is the limit, 0 where none is given.
func (p *parameters) atMost(most int) int {
	text, ok := p.one(paramLimit)
	if !ok {
		return 0
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > most {
		p.fail(paramLimit, kit.FieldFormat, "must be a number from 1 to "+strconv.Itoa(most))
		return 0
	}
	return n
}

func (p *parameters) search(r *resource) string {
	if !r.searched {
		return ""
	}
	text, _ := p.one(paramSearch)
	if wrong := query.CheckSearch(text); wrong != nil {
		p.errors = append(p.errors, *wrong)
	}
	return text
}

func (p *parameters) count() bool {
	text, ok := p.one(paramCount)
	if ok && text != "true" && text != "false" {
		p.fail(paramCount, kit.FieldFormat, "must be true or false")
	}
	return text == "true"
}

// order reads "-createdAt,price.amount".
func (p *parameters) order(r *resource) []query.Order {
	text, ok := p.one(paramOrder)
	if !ok || text == "" {
		return nil
	}
	keys := strings.Split(text, ",")
	if len(keys) > 8 {
		p.fail(paramOrder, kit.FieldTooLong, "must have at most 8 keys")
		return nil
	}
	orders := make([]query.Order, 0, len(keys))
	for _, key := range keys {
		name, descending := strings.CutPrefix(key, "-")
		path, problem := p.orderPath(r.read, name, true)
		if problem != "" {
			p.fail(paramOrder, kit.FieldUnknown, problem)
			continue
		}
		if slices.ContainsFunc(orders, func(o query.Order) bool { return slices.Equal(o.Path, path) }) {
			p.fail(paramOrder, kit.FieldFormat, "names "+strconv.Quote(name)+" twice")
			continue
		}
		orders = append(orders, query.Order{Path: path, Descending: descending})
	}
	return orders
}

// orderPath is the path that name says. Deep lets it lead through a reference.
func (p *parameters) orderPath(fields []*meta.Field, name string, deep bool) (path []string, problem string) {
	first, rest, parts := strings.Cut(name, ".")
	f := p.named(fields, first)
	switch {
	case f == nil:
		return nil, strconv.Quote(first[:min(len(first), 64)]) + " is no field" + input.DidYouMean(first, filter.Names(fields))
	case f.Kind == meta.Value && !parts && deep:
		return nil, "name a part of " + first + ", such as " + first + "." + f.Fields[0].Name
	case f.Kind == meta.Value && deep:
		path, problem = p.orderPath(f.Fields, rest, false)
		return append([]string{first}, path...), problem
	case f.Kind == meta.Reference && deep && parts:
		path, problem = p.orderPath(query.ReadFields(f.Target()), rest, false)
		return append([]string{first}, path...), problem
	case parts || f.Repeated || len(filter.Comparisons(f)) == 0 || f.Kind == meta.Reference:
		return nil, strconv.Quote(first) + " has no order"
	}
	return []string{first}, ""
}

// named is the field that a caller names, who is told where it goes.
func (p *parameters) named(fields []*meta.Field, name string) *meta.Field {
	f := named(fields, name)
	if f != nil && f.Deprecated != nil {
		p.call.tell(f.Deprecated)
	}
	return f
}

// uses tells where the fields of a path go.
func (p *parameters) uses(e *meta.Entity, path []string) {
	fields := query.ReadFields(e)
	for _, step := range path {
		if f := p.named(fields, step); f != nil {
			fields = members(f)
		}
	}
}

func named(fields []*meta.Field, name string) *meta.Field {
	for _, f := range fields {
		if f.Union() == nil && f.Name == name || f.Union() != nil && f.Target().Singular == name {
			return f
		}
	}
	return nil
}

// listParameters are those of a list that are no conditions.
func (r *resource) listParameters() []string {
	names := []string{paramOrder, paramLimit, paramAfter, paramBefore, paramInclude, paramFields, paramCount}
	if r.searched {
		names = append(names, paramSearch)
	}
	return names
}

// where reads all parameters but the reserved ones as conditions, in order of their names so that equal requests share a plan.
func (p *parameters) where(r *resource, reserved []string) *meta.Expr {
	names := make([]string, 0, len(p.values))
	for name := range p.values {
		if !slices.Contains(reserved, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	var conditions []*meta.Expr
	for _, name := range names {
		for _, text := range p.values[name] {
			if len(conditions)+len(p.errors) >= maxConditions {
				p.fail(name[:min(len(name), 64)], kit.FieldTooLarge, "is one condition too many: "+strconv.Itoa(maxConditions)+" are allowed")
				return nil
			}
			if condition := p.condition(r, reserved, name, text); condition != nil {
				conditions = append(conditions, condition)
			}
		}
	}
	switch len(conditions) {
	case 0:
		return nil
	case 1:
		return conditions[0]
	}
	return meta.And(conditions...)
}

// condition reads "author.username.contains=x": fields, then a comparison, eq where none is said.
func (p *parameters) condition(r *resource, reserved []string, name, text string) *meta.Expr {
	var place filter.Place
	var f *meta.Field
	fields, comparison := r.read, filter.Eq
	steps := strings.Split(name, ".")
	if len(steps) > 8 {
		p.fail(name[:min(len(name), 64)], kit.FieldUnknown, "is too deep a path")
		return nil
	}
	for i, step := range steps {
		next := p.named(fields, step)
		if next == nil && f != nil && i == len(steps)-1 {
			comparison = step
			break
		}
		if next == nil {
			known := filter.Names(fields)
			if f == nil {
				known = append(known, reserved...)
			}
			p.noStep(name, step, f, known)
			return nil
		}
		if next.Union() == nil {
			place = place.Step(step)
		} else {
			place.Path[len(place.Path)-1] = next.Name // its union is nothing in itself
		}
		f, fields = next, members(next)
	}
	compared, ok := operand(f, comparison, text)
	if !ok {
		p.fail(name[:min(len(name), 64)], kit.FieldFormat, `has a quote that does not end before a comma or the end: "a ""b"", c" is one value`)
		return nil
	}
	p.call.tellValue(f, compared)
	condition, errs := filter.Compare(place, f, comparison, name, compared)
	if len(errs) > 0 && strings.Contains(text, " ") {
		meant, _ := operand(f, comparison, strings.ReplaceAll(text, " ", "+"))
		if _, none := filter.Compare(place, f, comparison, name, meant); none == nil {
			errs[0].Detail += "; a + in a URL is written %2B"
		}
	}
	if f.Kind == meta.List || f.Kind == meta.Value || f.Kind == meta.Union {
		errs = []kit.FieldError{{Field: name, Code: kit.FieldUnknown, Detail: whole(f)}}
	}
	if comparison != filter.Eq && errs != nil && !slices.Contains(filter.Comparisons(f), comparison) {
		errs[0].Detail += input.DidYouMean(comparison, append(filter.Comparisons(f), filter.Names(fields)...))
	}
	p.errors = append(p.errors, errs...)
	return condition
}

func whole(f *meta.Field) string {
	if f.Kind == meta.Union {
		return "is one of several types: name one, such as " + query.ShownArms(f)[0].Path()
	}
	if f.Kind == meta.List {
		return "is a list: filter by one on /graphql"
	}
	return "has parts: name one, such as " + f.Name + "." + f.Fields[0].Name
}

func (p *parameters) noStep(name, step string, owner *meta.Field, known []string) {
	if owner == nil {
		p.unknown(name, known)
		return
	}
	p.fail(name[:min(len(name), 64)], kit.FieldUnknown,
		strconv.Quote(step[:min(len(step), 64)])+" is nothing of "+owner.Name+input.DidYouMean(step, known))
}

// members are the fields that a path may go on to.
func members(f *meta.Field) []*meta.Field {
	switch f.Kind {
	case meta.Reference:
		return query.ReadFields(f.Target())
	case meta.Value:
		return f.Fields
	case meta.Union:
		return query.ShownArms(f)
	}
	return nil
}

// operand makes the tree of what a field is compared with; false where text is no list though it must be.
func operand(f *meta.Field, comparison, text string) (tree any, ok bool) {
	switch comparison {
	case filter.IsNull, filter.IsEmpty:
		return input.Node(meta.Boolean, text), true
	case filter.In, filter.NotIn, filter.HasSome, filter.HasEvery:
		parts, ok := input.Elements(text)
		elements := make([]any, len(parts))
		for i, part := range parts {
			elements[i] = input.Node(f.Kind, part)
		}
		return elements, ok
	}
	return input.Node(f.Kind, text), true
}
