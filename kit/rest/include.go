package rest

import (
	"strconv"
	"strings"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/input"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/query"
)

// The most paths of include and of fields.
const (
	maxIncludes = 32
	maxFields   = 100
)

// shape is what an answer shows of a row: include adds to what is always there, fields says all that is.
type shape struct {
	below map[*meta.Field]*shape // relations that are brought along, each with its own, and what is computed in rows of lists
	only  map[*meta.Field]bool   // what fields names, the relations among them; nil where it names nothing here: all
}

// bring is the shape of what f leads to, which is brought along.
func (s *shape) bring(f *meta.Field) *shape {
	if s.below == nil {
		s.below = map[*meta.Field]*shape{}
	}
	if s.below[f] == nil {
		s.below[f] = &shape{}
	}
	return s.below[f]
}

func (s *shape) name(f *meta.Field) {
	if s.only == nil {
		s.only = map[*meta.Field]bool{}
	}
	s.only[f] = true
}

// shape reads include and fields.
func (d *door) shape(p *parameters, r *resource) *shape {
	s := &shape{}
	for _, steps := range d.paths(p, paramInclude, maxIncludes) {
		d.includePath(p, r, s, steps)
	}
	for _, steps := range d.paths(p, paramFields, maxFields) {
		d.fieldPath(p, r, s, steps)
	}
	return s
}

// paths reads "author,comments.author".
func (d *door) paths(p *parameters, name string, most int) [][]string {
	text, ok := p.one(name)
	if !ok || text == "" {
		return nil
	}
	if strings.Count(text, ",") >= most {
		p.fail(name, kit.FieldTooLong, "must have at most "+strconv.Itoa(most)+" paths")
		return nil
	}
	var paths [][]string
	deepest := d.options.MaxDepth
	if name == paramFields {
		deepest++ // the last step goes no deeper
	}
	for path := range strings.SplitSeq(text, ",") {
		steps := strings.Split(path, ".")
		if len(steps) > deepest {
			p.fail(name, kit.FieldTooLong, "must go at most "+strconv.Itoa(deepest)+" levels deep")
			continue
		}
		paths = append(paths, steps)
	}
	return paths
}

func (d *door) includePath(p *parameters, r *resource, at *shape, steps []string) {
	for i, step := range steps {
		f := p.named(r.read, step)
		if f != nil && f.Kind == meta.Union {
			if arm := d.unionStep(p, paramInclude, r, f, at.bring(f), steps[i+1:]); arm != nil {
				d.includePath(p, d.resources[arm.Target().Name], at.bring(f).bring(arm), steps[i+2:])
			}
			return
		}
		if f == nil || f.Target() == nil && (!f.IsComputed() || i < len(steps)-1) {
			p.fail(paramInclude, kit.FieldUnknown,
				strconv.Quote(step[:min(len(step), 64)])+" is no relation of "+r.entity.Name+input.DidYouMean(step, relations(r)))
			return
		}
		below := at.bring(f)
		if f.Target() != nil {
			at, r = below, d.resources[f.Target().Name]
		}
	}
}

// fieldPath names the field that steps lead to. A path through a relation brings that along.
func (d *door) fieldPath(p *parameters, r *resource, at *shape, steps []string) {
	step := steps[0]
	f := p.named(r.read, step)
	switch {
	case f == nil:
		p.fail(paramFields, kit.FieldUnknown, strconv.Quote(step[:min(len(step), 64)])+" is no field of "+r.entity.Name+input.DidYouMean(step, fieldNames(r)))
	case len(steps) == 1:
		at.name(f)
		if f.Kind == meta.List || f.IsComputed() {
			at.bring(f) // it is shown only where it is asked for
		}
	case f.Kind == meta.Union:
		at.name(f)
		if arm := d.unionStep(p, paramFields, r, f, at.bring(f), steps[1:]); arm != nil && len(steps) > 2 {
			d.fieldPath(p, d.resources[arm.Target().Name], at.bring(f).bring(arm), steps[2:])
		}
	case f.Target() == nil:
		p.fail(paramFields, kit.FieldUnknown, strconv.Quote(step)+" is shown as a whole: name nothing in it")
	default:
		at.name(f)
		d.fieldPath(p, d.resources[f.Target().Name], at.bring(f), steps[1:])
	}
}

// unionStep is the reference of a union that the first of steps names, nil where there is none: "subject", which brings
// along whatever row it is, or "subject.message.author", what is behind it where it is a message.
func (d *door) unionStep(p *parameters, parameter string, r *resource, f *meta.Field, at *shape, steps []string) *meta.Field {
	if len(steps) == 0 {
		return nil
	}
	var members []string
	for _, arm := range query.ShownArms(f) {
		name := arm.Target().Singular
		if members = append(members, name); name == steps[0] {
			at.bring(arm)
			return arm
		}
	}
	p.fail(parameter, kit.FieldUnknown,
		strconv.Quote(steps[0][:min(len(steps[0]), 64)])+" is no type of "+f.Name+" of "+r.entity.Name+input.DidYouMean(steps[0], members))
	return nil
}

func relations(r *resource) []string {
	var names []string
	for _, f := range r.read {
		if f.Target() != nil || f.Kind == meta.Union {
			names = append(names, f.Name)
		}
	}
	return names
}

func fieldNames(r *resource) []string {
	names := make([]string, len(r.read))
	for i, f := range r.read {
		names[i] = f.Name
	}
	return names
}

// selections are the fields of r that s shows: all but lists, unless fields names some, and what is brought along. What is
// computed in the rows of a list is worked out for each: it is shown where it is named.
func (d *door) selections(r *resource, s *shape, inList bool) []query.Selection {
	selections := make([]query.Selection, 0, len(r.read))
	for _, f := range r.read {
		selection := query.Selection{Field: f}
		below, wanted := s.below[f]
		if s.only != nil && !s.only[f] && !wanted {
			continue
		}
		if f.Kind == meta.Union {
			selections = append(selections, d.unionSelections(f, below, inList)...)
			continue
		}
		if wanted && f.Target() != nil {
			target := d.resources[f.Target().Name]
			selection.Nested = &query.Select{
				Entity: target.entity, Fields: d.selections(target, below, inList || f.Kind == meta.List), Unversioned: true,
			}
		}
		if wanted || f.Kind != meta.List && (!inList || !f.IsComputed()) {
			selections = append(selections, selection)
		}
	}
	return selections
}

// unionSelections are the references of a union, side by side. below is nil where it is not brought along.
func (d *door) unionSelections(f *meta.Field, below *shape, inList bool) []query.Selection {
	var selections []query.Selection
	for _, arm := range query.ShownArms(f) {
		selection := query.Selection{Field: arm}
		if below != nil {
			target, behind := d.resources[arm.Target().Name], below.below[arm]
			if behind == nil {
				behind = &shape{}
			}
			selection.Nested = &query.Select{Entity: target.entity, Fields: d.selections(target, behind, inList)}
		}
		selections = append(selections, selection)
	}
	return selections
}
