package rest

import (
	"strconv"
	"strings"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/input"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/query"
)

// maxIncludes bounds the relations of one answer.
const maxIncludes = 32

// included is the relations that an answer brings along, each with its own, and what is computed in rows of lists.
type included map[*meta.Field]included

// include reads "author,comments.author".
func (d *door) include(p *parameters, r *resource) included {
	root := included{}
	text, ok := p.one(paramInclude)
	if !ok || text == "" {
		return root
	}
	paths := strings.Split(text, ",")
	if len(paths) > maxIncludes {
		p.fail(paramInclude, kit.FieldTooLong, "must have at most "+strconv.Itoa(maxIncludes)+" paths")
		return root
	}
	for _, path := range paths {
		steps := strings.Split(path, ".")
		if len(steps) > d.options.MaxDepth {
			p.fail(paramInclude, kit.FieldTooLong, "must go at most "+strconv.Itoa(d.options.MaxDepth)+" levels deep")
			continue
		}
		d.includePath(p, r, root, steps)
	}
	return root
}

func (d *door) includePath(p *parameters, r *resource, at included, steps []string) {
	for i, step := range steps {
		f := named(r.read, step)
		if f != nil && f.Kind == meta.Union {
			d.includeUnion(p, r, at, f, steps[i+1:])
			return
		}
		if f == nil || f.Target() == nil && (!f.IsComputed() || i < len(steps)-1) {
			p.fail(paramInclude, kit.FieldUnknown,
				strconv.Quote(step[:min(len(step), 64)])+" is no relation of "+r.entity.Name+input.DidYouMean(step, relations(r)))
			return
		}
		if at[f] == nil {
			at[f] = included{}
		}
		if f.Target() != nil {
			at, r = at[f], d.resources[f.Target().Name]
		}
	}
}

// includeUnion includes the row that a union names, whatever its type, or with more steps what is behind it where it is
// of the type that the first of them names: "subject", "subject.message.author".
func (d *door) includeUnion(p *parameters, r *resource, at included, f *meta.Field, steps []string) {
	if at[f] == nil {
		at[f] = included{}
	}
	if len(steps) == 0 {
		return
	}
	var members []string
	for _, arm := range query.ShownArms(f) {
		name := arm.Target().Singular
		if members = append(members, name); name != steps[0] {
			continue
		}
		if at[f][arm] == nil {
			at[f][arm] = included{}
		}
		d.includePath(p, d.resources[arm.Target().Name], at[f][arm], steps[1:])
		return
	}
	p.fail(paramInclude, kit.FieldUnknown,
		strconv.Quote(steps[0][:min(len(steps[0]), 64)])+" is no type of "+f.Name+" of "+r.entity.Name+input.DidYouMean(steps[0], members))
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

// selections are all fields of r but lists, and the relations that are included. What is computed in the rows of a list
// is worked out for each: it is shown where include names it.
func (d *door) selections(r *resource, relations included, inList bool) []query.Selection {
	selections := make([]query.Selection, 0, len(r.read))
	for _, f := range r.read {
		selection := query.Selection{Field: f}
		below, wanted := relations[f]
		if f.Kind == meta.Union {
			selections = append(selections, d.unionSelections(f, below, wanted, inList)...)
			continue
		}
		if wanted && f.Target() != nil {
			target := d.resources[f.Target().Name]
			selection.Nested = &query.Select{Entity: target.entity, Fields: d.selections(target, below, inList || f.Kind == meta.List)}
		}
		if wanted || f.Kind != meta.List && (!inList || !f.IsComputed()) {
			selections = append(selections, selection)
		}
	}
	return selections
}

// unionSelections are the references of a union, side by side.
func (d *door) unionSelections(f *meta.Field, below included, wanted, inList bool) []query.Selection {
	var selections []query.Selection
	for _, arm := range query.ShownArms(f) {
		selection := query.Selection{Field: arm}
		if target := d.resources[arm.Target().Name]; wanted {
			selection.Nested = &query.Select{Entity: target.entity, Fields: d.selections(target, below[arm], inList)}
		}
		selections = append(selections, selection)
	}
	return selections
}
