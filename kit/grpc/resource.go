package grpc

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/input"
	"github.com/fettlehq/fettle/kit/internal/fetch"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/query"
)

// resource is an entity at this door.
type resource struct {
	entity  *meta.Entity
	message *message
	read    []*meta.Field
	slots   map[*meta.Field]slot // of what is read, and of the references of unions
	id      *field
}

// shape is how a row is written: a slot for each of what was selected of it.
type shape []slot

// slot is how one selected field is written.
type slot struct {
	field  *field
	arm    *field     // of a union: the alternative in its message
	parts  *structure // of value objects
	nested shape      // of rows: nil is the id alone
	target *resource  // of rows
	items  *field     // of a list that comes in pages
	next   *field
}

// structure is how a value object is written: a field for each of its parts.
type structure struct {
	fields []*field
	parts  []*structure // of those that are value objects themselves
}

// bind ties the fields of e to those of its message.
func (d *door) bind(l *linker, e *meta.Entity, m *message) (*resource, error) {
	if r := d.resources[e]; r != nil {
		return r, nil
	}
	r := &resource{entity: e, message: m, read: query.ReadFields(e), slots: map[*meta.Field]slot{}, id: m.names["id"]}
	d.resources[e] = r
	if r.id == nil {
		return nil, fmt.Errorf("message of %s: it has no id", e.Name)
	}
	for _, f := range r.read {
		own := m.names[f.Name]
		if own == nil {
			return nil, fmt.Errorf("message of %s: it has no field %s", e.Name, f.Name)
		}
		s := slot{field: own}
		var err error
		switch {
		case f.Kind == meta.Union:
			err = d.bindUnion(l, r, f, own)
		case f.Kind == meta.List && f.Bound == 0:
			if s.items, s.next = own.message.names["items"], own.message.names["nextPageToken"]; s.items == nil || s.next == nil {
				return nil, fmt.Errorf("message of %s: %s is no page", e.Name, f.Name)
			}
			s.target, err = d.bind(l, f.Target(), s.items.message)
		case f.Target() != nil:
			s.target, err = d.bind(l, f.Target(), own.message)
		case f.Kind == meta.Value:
			s.parts, err = bindParts(f, own.message)
		}
		if err != nil {
			return nil, err
		}
		r.slots[f] = s
	}
	return r, nil
}

func (d *door) bindUnion(l *linker, r *resource, f *meta.Field, own *field) error {
	for _, reference := range query.ShownArms(f) {
		arm := own.message.names[reference.Target().Singular]
		if arm == nil {
			return fmt.Errorf("message of %s: %s has no %s", r.entity.Name, f.Name, reference.Target().Singular)
		}
		target, err := d.bind(l, reference.Target(), arm.message)
		if err != nil {
			return err
		}
		r.slots[reference] = slot{field: own, arm: arm, target: target}
	}
	return nil
}

func bindParts(of *meta.Field, m *message) (*structure, error) {
	s := &structure{}
	for _, part := range of.Fields {
		own := m.names[part.Name]
		if own == nil {
			return nil, fmt.Errorf("message of %s: it has no field %s", of.Type, part.Name)
		}
		var below *structure
		if part.Kind == meta.Value || part.Kind == meta.Input {
			var err error
			if below, err = bindParts(part, own.message); err != nil {
				return nil, err
			}
		}
		s.fields, s.parts = append(s.fields, own), append(s.parts, below)
	}
	return s, nil
}

// orders are the keys by which rows of e are ordered, by the values of their enum. Where two would have one name it is that
// of the shorter path; emit/proto decides the same.
func orders(e *meta.Entity, of *enum) (map[string]query.Order, error) {
	known := map[string]query.Order{}
	add := func(path ...string) {
		name := strings.ToUpper(joined(path))
		for _, suffix := range []string{"_ASC", "_DESC"} {
			if _, taken := known[name+suffix]; !taken {
				known[name+suffix] = query.Order{Path: path, Descending: suffix == "_DESC"}
			}
		}
	}
	fields := query.ReadFields(e)
	for _, f := range fields {
		if ordered(f) {
			add(f.Name)
		}
	}
	for _, f := range fields {
		var below []*meta.Field
		switch f.Kind {
		case meta.Value:
			below = f.Fields
		case meta.Reference:
			below = query.ReadFields(f.Target())
		}
		for _, part := range below {
			if ordered(part) {
				add(f.Name, part.Name)
			}
		}
	}
	all := map[string]query.Order{}
	for _, name := range of.names {
		order, ok := known[name]
		if !ok {
			return nil, fmt.Errorf("orders of %s: there is no %s", e.Name, name)
		}
		all[name] = order
	}
	return all, nil
}

func ordered(f *meta.Field) bool {
	switch f.Kind {
	case meta.JSON, meta.Bytes, meta.Value, meta.Input, meta.List, meta.Reference, meta.Union:
		return false
	}
	return !f.Method
}

// mask is the paths of a FieldMask as a tree.
type mask map[string]mask

// Bounds of a mask.
const (
	maxPaths = 200
	maxSteps = 16
)

// readMask is the tree of the mask that stands in the request under name; nil where there is none.
func readMask(in input.Object, name string) (mask, error) {
	raw, given := in[name]
	if !given {
		return nil, nil
	}
	paths, ok := raw.([]string)
	if !ok {
		return nil, kit.Invalid(name, kit.FieldType, "must be paths, with commas between them")
	}
	if len(paths) > maxPaths {
		return nil, kit.Invalid(name, kit.FieldTooLong, "must have at most %d paths", maxPaths)
	}
	m := mask{}
	for _, path := range paths {
		if path == "*" {
			return nil, nil
		}
		steps := strings.Split(path, ".")
		if len(steps) > maxSteps {
			return nil, kit.Invalid(name, kit.FieldTooLong, "must go at most %d levels deep", maxSteps)
		}
		at := m
		for _, step := range steps {
			if at[step] == nil {
				at[step] = mask{}
			}
			at = at[step]
		}
	}
	if len(m) == 0 {
		return nil, nil
	}
	return m, nil
}

// below is what m says of a field, and removes it from what is left to be found.
func (m mask) below(f *field) (mask, bool) {
	under, wanted := m[f.text]
	if other, also := m[f.name]; also && f.name != f.text {
		under, wanted = other, true
		delete(m, f.name)
	}
	delete(m, f.text)
	return under, wanted
}

// selection plans what is read of rows, and how they are written.
type selection struct {
	door   *door
	name   string // of the mask in the request
	errors []kit.FieldError
}

func (s *selection) fail(code, detail string) {
	s.errors = append(s.errors, kit.FieldError{Field: s.name, Code: code, Detail: detail})
}

// rows plans what m asks of rows of r; where it asks nothing all but lists, and what is computed in a list. Deep is how many
// relations led there.
func (s *selection) rows(r *resource, m mask, deep int, inList bool) ([]query.Selection, shape) {
	selections, shape := make([]query.Selection, 0, len(r.read)), make(shape, 0, len(r.read))
	if deep > s.door.options.MaxDepth {
		s.fail(kit.FieldTooLong, "must go at most "+strconv.Itoa(s.door.options.MaxDepth)+" relations deep")
		return nil, nil
	}
	add := func(f *meta.Field, at slot, nested *query.Select) {
		selections = append(selections, query.Selection{Field: f, Nested: nested})
		shape = append(shape, at)
	}
	all := len(m) == 0
	for _, f := range r.read {
		at := r.slots[f]
		below, wanted := m.below(at.field)
		if !wanted && !(all && f.Kind != meta.List && (!inList || !f.IsComputed())) {
			continue
		}
		switch {
		case f.Kind == meta.Union:
			s.union(r, f, below, wanted, deep, inList, add)
		case at.target != nil:
			nested, shape := s.related(at, f, below, wanted, deep, inList)
			at.nested = shape
			add(f, at, nested)
		default:
			add(f, at, nil)
			s.parts(at.field, below)
		}
	}
	s.unknown(r.message, m)
	if len(selections) == 0 {
		add(r.entity.Field("id"), slot{field: r.id}, nil)
	}
	return selections, shape
}

// related plans the row, or the rows, behind f. Of a reference nothing is read but its id where the mask asks nothing else.
func (s *selection) related(at slot, f *meta.Field, below mask, wanted bool, deep int, inList bool) (*query.Select, shape) {
	if at.items != nil {
		under, items := below.below(at.items)
		_, next := below.below(at.next)
		s.unknown(at.field.message, below)
		if below = under; next && !items {
			below = mask{at.target.id.text: {}}
		}
	}
	if f.Kind == meta.Reference {
		_, id := below[at.target.id.text]
		if !wanted || len(below) == 1 && id {
			return nil, nil
		}
	}
	nested := &query.Select{Entity: at.target.entity, Unversioned: true}
	var out shape
	nested.Fields, out = s.rows(at.target, below, deep+1, inList || f.Kind == meta.List)
	return nested, out
}

// union plans the row that a union names, whatever its type.
func (s *selection) union(r *resource, f *meta.Field, below mask, wanted bool, deep int, inList bool, add func(*meta.Field, slot, *query.Select)) {
	whole := len(below) == 0
	for _, reference := range query.ShownArms(f) {
		at := r.slots[reference]
		under, named := below.below(at.arm)
		nested, shape := s.related(at, reference, under, wanted && (whole || named), deep, inList)
		at.nested = shape
		add(reference, at, nested)
	}
	s.unknown(r.slots[f].field.message, below)
}

// parts complains of paths that lead into a value object, which is read as a whole, or into what has nothing in it.
func (s *selection) parts(f *field, below mask) {
	if f.message != nil && len(below) > 0 {
		s.fail(kit.FieldUnknown, strconv.Quote(f.text)+" is shown as a whole: name nothing in it")
		return
	}
	for step := range below {
		s.fail(kit.FieldUnknown, strconv.Quote(step[:min(len(step), 64)])+" is nothing of "+f.text)
	}
}

// unknown says what is left of a mask.
func (s *selection) unknown(m *message, left mask) {
	if len(left) == 0 {
		return
	}
	names := make([]string, len(m.fields))
	for i, f := range m.fields {
		names[i] = f.text
	}
	steps := make([]string, 0, len(left))
	for step := range left {
		steps = append(steps, step)
	}
	slices.Sort(steps)
	for _, step := range steps[:min(len(steps), 20)] {
		s.fail(kit.FieldUnknown, strconv.Quote(step[:min(len(step), 64)])+" is no field here"+input.DidYouMean(step, names))
	}
}

// choose plans what is read of rows of r by the mask that stands under name, at most times of them.
func (d *door) choose(sel *query.Select, r *resource, in input.Object, name string) (shape, error) {
	sel.Unversioned = true // no answer has a version that was not asked for
	text, short := r.chooses(in[name])
	if known, ok := d.chosen.Get(text); ok && short {
		sel.Fields = known.fields
		return known.shape, nil
	}
	m, err := readMask(in, name)
	if err != nil {
		return nil, err
	}
	s := &selection{door: d, name: name}
	var made choice
	made.fields, made.shape = s.rows(r, m, 0, false)
	if len(s.errors) > 0 {
		return nil, invalid(s.errors[:min(len(s.errors), 20)])
	}
	if made.fields = slices.Clip(made.fields); short {
		d.chosen.Put(text, made)
	}
	sel.Fields = made.fields
	return made.shape, nil
}

// choice is what a mask makes of rows. Nobody changes it.
type choice struct {
	fields []query.Selection
	shape  shape
}

const longestKept = 2000 // bytes of a mask; what longer ones choose is not kept

// chooses is a mask of rows of r as a text that no other mask has, and whether it is short enough to be kept.
func (r *resource) chooses(raw any) (text string, short bool) {
	paths, ok := raw.([]string)
	if !ok && raw != nil {
		return "", false
	}
	const end = "\x00"
	all := append([]byte(r.entity.Name), end...)
	for _, path := range paths {
		all = append(append(all, path...), end...)
	}
	text = string(all)
	return text, len(text) <= longestKept && strings.Count(text, end) == 1+len(paths)
}

// checkRows refuses an answer that may get too large.
func (d *door) checkRows(s *query.Select, times int, name string) error {
	if rows := times * fetch.Rows(s, d.options.MaxRows); rows > d.options.MaxRows {
		return kit.Invalid(name, kit.FieldTooLarge,
			"may bring %d rows, more than %d: ask for a smaller page or read less", rows, d.options.MaxRows)
	}
	return nil
}

func invalid(errs []kit.FieldError) *kit.Problem {
	return &kit.Problem{Code: kit.CodeInvalid, Status: 422, Detail: "The input is invalid.", Fields: errs}
}

// row writes the fields of a row.
func (w *writer) row(s shape, row *query.Row) {
	for i := range s {
		if value := row.Values[i]; value != nil {
			w.slot(&s[i], value)
		}
	}
}

func (w *writer) slot(s *slot, value any) {
	switch v := value.(type) {
	case *query.Row:
		if v != nil {
			w.related(s, v, v.ID)
		}
		return
	case *query.List:
		if v != nil {
			w.below(s, v)
		}
		return
	case []any:
		switch {
		case s.parts == nil:
			w.scalars(s.field, v)
		case s.field.repeated:
			w.structures(s.field, s.parts, v)
		default:
			start := w.open(s.field)
			w.structure(s.parts, v)
			w.close(start)
		}
		return
	case string:
		if s.target != nil {
			if v != "" {
				w.related(s, nil, kit.ID(v))
			}
			return
		}
	}
	w.scalar(s.field, value)
}

// related writes the row that a reference leads to, or that is meant by a union.
func (w *writer) related(s *slot, row *query.Row, id kit.ID) {
	start := w.open(s.field)
	inner := 0
	if s.arm != nil {
		inner = w.open(s.arm)
	}
	if s.nested == nil || row == nil {
		w.text(s.target.id, string(id))
	} else {
		w.row(s.nested, row)
	}
	if s.arm != nil {
		w.close(inner)
	}
	w.close(start)
}

// below writes a list of a row.
func (w *writer) below(s *slot, list *query.List) {
	if s.items == nil {
		w.list(s.field, len(list.Rows), func(i int) { w.row(s.nested, list.Rows[i]) })
		return
	}
	start := w.open(s.field)
	w.list(s.items, len(list.Rows), func(i int) { w.row(s.nested, list.Rows[i]) })
	if list.HasNext {
		w.text(s.next, list.Cursor(len(list.Rows)-1))
	}
	w.close(start)
}

func (w *writer) structures(f *field, s *structure, values []any) {
	w.list(f, len(values), func(i int) {
		if parts, ok := values[i].([]any); ok {
			w.structure(s, parts)
		}
	})
}

// structure writes the parts of a value object.
func (w *writer) structure(s *structure, parts []any) {
	for i, part := range parts {
		w.part(s.fields[i], s.parts[i], part)
	}
}

func (w *writer) part(f *field, s *structure, value any) {
	list, ok := value.([]any)
	switch {
	case value == nil:
	case !ok:
		w.scalar(f, value)
	case s == nil:
		w.scalars(f, list)
	case f.repeated:
		w.structures(f, s, list)
	default:
		start := w.open(f)
		w.structure(s, list)
		w.close(start)
	}
}
