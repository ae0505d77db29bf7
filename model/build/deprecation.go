package build

import (
	"net/url"
	"time"

	"github.com/fettlehq/fettle/design"
	"github.com/fettlehq/fettle/model"
)

// deprecated reads @deprecated. When what it stands on goes is part of the reason, so that every contract tells it.
func (b *builder) deprecated(ds []*design.Directive) string {
	d := design.Find(ds, "deprecated")
	if d == nil {
		return ""
	}
	text := "No longer supported"
	if reason := d.Arg("reason"); reason != nil {
		text = reason.Text
	}
	return text + until(ds)
}

// until is the end of a reason: the day on which something goes, empty where none is said.
func until(ds []*design.Directive) string {
	if on := design.Find(ds, "sunset").Arg("on"); on != nil {
		return " (until " + on.Text + ")"
	}
	return ""
}

// ends reads the @sunset of an entity. GraphQL has no @deprecated for types, so the reason stands there.
func (b *builder) ends(e *model.Entity, t *design.Type) {
	d := design.Find(t.Directives, "sunset")
	if d == nil {
		return
	}
	if e.Internal {
		b.problems.Add(d.Pos, BadSunset, "remove it", "%s opens no door: nobody would be told that it goes", e.Name)
	}
	text := "No longer supported"
	if reason := d.Arg("reason"); reason != nil && reason.Text != "" {
		text = reason.Text
	}
	e.Deprecated, e.Sunset = text+until(t.Directives), b.end(e.Name, d)
}

// leadsToEnds makes what leads to an entity that goes deprecated with it: its history, references and lists, and operations that
// answer with it. What clients send stays as it is, since they may have to send it.
func (b *builder) leadsToEnds() {
	pass := func(f *model.Field, reason *string, sunset **model.Sunset) {
		if e := f.Target; e != nil && e.Deprecated != "" && *reason == "" {
			*reason, *sunset = e.Deprecated, e.Sunset
		}
	}
	for _, e := range b.model.Entities {
		if e.History != nil {
			e.History.Deprecated, e.History.Sunset = e.Deprecated, e.Sunset
		}
		for _, f := range e.Fields {
			pass(f, &f.Deprecated, &f.Sunset)
		}
	}
	for _, op := range b.made {
		pass(op.Result, &op.Deprecated, &op.Sunset)
	}
}

// sunset reads @sunset, nil without.
func (b *builder) sunset(name string, ds []*design.Directive) *model.Sunset {
	d := design.Find(ds, "sunset")
	if d == nil {
		return nil
	}
	if reason := d.Arg("reason"); reason != nil {
		b.problems.Add(reason.Pos, BadSunset, `@deprecated(reason: "…")`, "the reason of an entity stands in @sunset, that of %s in @deprecated", name)
	}
	if design.Find(ds, "deprecated") == nil {
		b.problems.Add(d.Pos, BadSunset, `@deprecated(reason: "…")`, "%s has an end and is not deprecated: say first what to use in its place", name)
		return nil
	}
	return b.end(name, d)
}

// end reads what a @sunset says of the end of something.
func (b *builder) end(name string, d *design.Directive) *model.Sunset {
	s := &model.Sunset{Since: b.day(d, "since"), On: b.day(d, "on")}
	switch {
	case len(d.Args) == 0:
		b.problems.Add(d.Pos, BadSunset, `@sunset(on: "2027-01-31")`, "@sunset says nothing of %s", name)
	case !s.Since.IsZero() && !s.On.IsZero() && !s.On.After(s.Since):
		b.problems.Add(d.Arg("on").Pos, BadSunset, "", "%s would go before it is deprecated", name)
	}
	if see := d.Arg("see"); see != nil {
		s.See = see.Text
		if u, err := url.Parse(s.See); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
			b.problems.Add(see.Pos, BadSunset, `see: "https://example.com/changes"`, "%q is no address of a page", s.See)
		}
	}
	return s
}

// day reads an argument that is a day of the calendar; zero without.
func (b *builder) day(d *design.Directive, name string) time.Time {
	arg := d.Arg(name)
	if arg == nil {
		return time.Time{}
	}
	day, err := time.Parse(time.DateOnly, arg.Text)
	if err != nil {
		b.problems.Add(arg.Pos, BadSunset, name+`: "2027-01-31"`, "%q is no day", arg.Text)
	}
	return day
}

// mustBeGiven reports an argument, or a field of an input, that is required and deprecated: nobody could do without it.
func (b *builder) mustBeGiven(w *design.Field, where place) {
	d := design.Find(w.Directives, "deprecated")
	if d == nil || where != inArgument && where != inInput || !w.Type.Required || design.Find(w.Directives, "default") != nil {
		return
	}
	b.problems.Add(d.Pos, BadSunset, "make it optional", "%s is required: nobody could do without it, as @deprecated asks", w.Name)
}
