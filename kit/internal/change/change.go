// Package change reads what a client sends to make or change a row, with the rows that belong to it.
//
//	rest, graphql, grpc ─▶ Read (input.Object) ─▶ []query.Change, a query.Parts for each list of parts
//
// It knows shapes, not rules: those are package query's.
package change

import (
	"maps"
	"slices"
	"strconv"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/input"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/query"
)

// Read reads the members of object as changes of a row of e: of a new one, or of one that is there. Readable tells whether
// the caller could have read a field that he may not set here. All errors are collected, up to a bound.
func Read(e *meta.Entity, verb meta.Verb, object input.Object, readable func(e *meta.Entity, name string) bool) ([]query.Change, []kit.FieldError) {
	r := &reader{readable: readable}
	changes := r.row("", e, verb, object, nil)
	return changes, r.errors
}

// Patch is Read of a patch of a row that is there: of a value object that the caller could have read, parts that are left out
// stay. With deep the patch is one of RFC 7396 to its leaves: objects in JSON fields merge too.
func Patch(e *meta.Entity, object input.Object, deep bool, readable func(e *meta.Entity, name string) bool) ([]query.Change, []kit.FieldError) {
	r := &reader{readable: readable, deep: deep}
	if query.Exposed(e, meta.Read) { // what nobody may read is given whole
		for _, f := range query.UpdateFields(e) {
			if f.Kind == meta.Value && slices.Contains(query.ReadFields(e), f) {
				r.partial = append(r.partial, f)
			}
		}
	}
	changes := r.row("", e, meta.Update, object, nil)
	return changes, r.errors
}

type reader struct {
	readable func(e *meta.Entity, name string) bool
	partial  []*meta.Field // value objects of which some parts may be given
	deep     bool
	errors   []kit.FieldError
}

// maxErrors bounds what an answer says about one input.
const maxErrors = 50

func (r *reader) fail(path, code, detail string) {
	if len(r.errors) < maxErrors {
		r.errors = append(r.errors, kit.FieldError{Field: path, Code: code, Detail: detail})
	}
}

// row reads the members of object. But is the reference by which the row belongs to another, which it does not name.
func (r *reader) row(prefix string, e *meta.Entity, verb meta.Verb, object input.Object, but *meta.Field) []query.Change {
	fields := query.CreateFields(e)
	if verb == meta.Update {
		fields = query.UpdateFields(e)
	}
	own, lists := make([]*meta.Field, 0, len(fields)), 0
	for _, f := range fields {
		switch {
		case f == but:
		case nests(f):
			lists++
		default:
			own = append(own, f)
		}
	}
	rest := object
	if lists > 0 {
		rest = maps.Clone(object)
		for _, f := range fields {
			if nests(f) {
				delete(rest, f.Name)
			}
		}
	}
	merged := map[*meta.Field]query.Merge(nil)
	if verb == meta.Update {
		merged, rest = r.merges(prefix, own, rest, but)
	}
	values, errs := input.Fields(own, rest, func(name string) bool { return r.readable(e, name) })
	for _, wrong := range errs {
		r.fail(prefix+wrong.Field, wrong.Code, wrong.Detail)
	}
	changes := make([]query.Change, 0, len(object))
	for _, f := range fields {
		raw, given := object[f.Name]
		switch {
		case !given || f == but:
		case !nests(f):
			if merge, ok := merged[f]; ok {
				changes = append(changes, query.Change{Field: f, Value: merge})
			} else if value, ok := values[f]; ok {
				changes = append(changes, query.Change{Field: f, Value: value})
			}
		case raw == nil && verb == meta.Create: // none
		case f.Parts != nil:
			changes = append(changes, query.Change{Field: f, Value: r.parts(prefix+f.Name, f, verb, raw)})
		default:
			changes = append(changes, query.Change{Field: f, Value: r.links(prefix+f.Name, verb, raw)})
		}
	}
	return changes
}

// merges takes from object the objects that merge with what the row has; value objects of a row that belongs to another are
// given whole.
func (r *reader) merges(prefix string, fields []*meta.Field, object input.Object, but *meta.Field) (map[*meta.Field]query.Merge, input.Object) {
	merged, rest := map[*meta.Field]query.Merge{}, object
	for _, f := range fields {
		given, ok := object[f.Name].(input.Object)
		if !ok || f.Repeated {
			continue
		}
		switch {
		case f.Kind == meta.JSON && r.deep:
			merged[f] = query.Merge{Patch: r.value(prefix, f, given)}
		case but == nil && slices.Contains(r.partial, f) && !r.whole(f, given):
			merged[f] = query.Merge{Patch: r.some(prefix+f.Name+".", f, given)}
		default:
			continue
		}
		if len(merged) == 1 {
			rest = maps.Clone(object)
		}
		delete(rest, f.Name)
	}
	return merged, rest
}

// whole tells whether nothing of a value object is left to merge with.
func (r *reader) whole(f *meta.Field, given input.Object) bool {
	for _, part := range f.Fields {
		if _, ok := given[part.Name]; !ok || part.Kind == meta.JSON && r.deep {
			return false
		}
	}
	return true
}

// value reads a value of f.
func (r *reader) value(prefix string, f *meta.Field, raw any) any {
	value, errs := input.Value(f, raw)
	for _, wrong := range errs {
		r.fail(prefix+wrong.Field, wrong.Code, wrong.Detail)
	}
	return value
}

// some reads those parts of a value object that are given.
func (r *reader) some(prefix string, f *meta.Field, object input.Object) []any {
	given, errs := input.Fields(f.Fields, object, nil)
	for _, wrong := range errs {
		r.fail(prefix+wrong.Field, wrong.Code, wrong.Detail)
	}
	parts := make([]any, len(f.Fields))
	for i, part := range f.Fields {
		value, ok := given[part]
		if _, object := object[part.Name].(input.Object); object && part.Kind == meta.JSON && r.deep {
			value = query.Merge{Patch: value}
		}
		if parts[i] = value; !ok {
			parts[i] = query.Kept{}
		}
	}
	return parts
}

// nests tells whether a field is an object of what to do with the rows of a list.
func nests(f *meta.Field) bool { return f.Kind == meta.List && (f.Parts != nil || f.Bound == 0) }

// links reads which rows a many-to-many list is to have and to lose.
func (r *reader) links(path string, verb meta.Verb, raw any) (links query.Links) {
	object, ok := raw.(input.Object)
	if !ok {
		r.fail(path, kit.FieldType, "must be an object of what to link and unlink")
		return links
	}
	members := map[string]func(path string, item any){
		"link": func(path string, item any) { links.Link = append(links.Link, r.key(path, item)) },
	}
	if verb == meta.Update {
		members["unlink"] = func(path string, item any) { links.Unlink = append(links.Unlink, r.key(path, item)) }
	}
	r.lists(path, object, []string{"link", "unlink"}, members)
	return links
}

// lists reads the lists of an object, each by its member.
func (r *reader) lists(path string, object input.Object, names []string, members map[string]func(path string, item any)) {
	for _, name := range slices.Sorted(maps.Keys(object)) {
		switch {
		case members[name] == nil:
			r.fail(path+"."+name[:min(len(name), 64)], kit.FieldUnknown, "is no field here"+input.DidYouMean(name, names))
		case object[name] != nil:
			r.each(path+"."+name, object[name], members[name])
		}
	}
}

// parts reads what is to become of the rows of a list.
func (r *reader) parts(path string, f *meta.Field, verb meta.Verb, raw any) (parts query.Parts) {
	object, ok := raw.(input.Object)
	if !ok {
		r.fail(path, kit.FieldType, "must be an object of what to create, update and delete")
		return parts
	}
	e := f.Target()
	by := e.Field(f.Inverse)
	members := map[string]func(path string, item any){}
	if f.Parts.Create {
		members["create"] = func(path string, item any) {
			if row, ok := r.object(path, item); ok {
				parts.Create = append(parts.Create, r.row(path+".", e, meta.Create, row, by))
			}
		}
	}
	if f.Parts.Update && verb == meta.Update {
		members["update"] = func(path string, item any) {
			if row, ok := r.object(path, item); ok {
				parts.Update = append(parts.Update, r.update(path, e, row, by))
			}
		}
	}
	if f.Parts.Delete && verb == meta.Update {
		members["delete"] = func(path string, item any) { parts.Delete = append(parts.Delete, r.key(path, item)) }
	}
	r.lists(path, object, []string{"create", "update", "delete"}, members)
	return parts
}

func (r *reader) each(path string, raw any, do func(path string, item any)) {
	items, ok := raw.([]any)
	if !ok {
		r.fail(path, kit.FieldType, "must be a list")
		return
	}
	for i, item := range items {
		do(path+"."+strconv.Itoa(i), item)
	}
}

func (r *reader) object(path string, item any) (input.Object, bool) {
	object, ok := item.(input.Object)
	if !ok {
		r.fail(path, kit.FieldType, "must be an object")
	}
	return object, ok
}

func (r *reader) key(path string, raw any) string {
	value, errs := input.Value(&meta.Field{Kind: meta.Reference}, raw)
	for _, wrong := range errs {
		r.fail(path, wrong.Code, wrong.Detail)
	}
	text, _ := value.(string)
	return text
}

// update reads which row of the list to change, and how.
func (r *reader) update(path string, e *meta.Entity, row input.Object, by *meta.Field) query.PartUpdate {
	update := query.PartUpdate{Key: r.key(path+".id", row["id"])}
	if raw := row["version"]; raw != nil {
		value, errs := input.Value(&meta.Field{Name: "version", Kind: e.Field("version").Kind}, raw)
		for _, wrong := range errs {
			r.fail(path+"."+wrong.Field, wrong.Code, wrong.Detail)
		}
		if update.Version, _ = value.(int64); errs == nil && update.Version < 1 {
			r.fail(path+".version", kit.FieldTooSmall, "must be at least 1")
		}
	}
	rest := maps.Clone(row)
	delete(rest, "id")
	delete(rest, "version")
	update.Changes = r.row(path+".", e, meta.Update, rest, by)
	return update
}
