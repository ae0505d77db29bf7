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
	if on := design.Find(ds, "sunset").Arg("on"); on != nil {
		text += " (until " + on.Text + ")"
	}
	return text
}

// sunset reads @sunset, nil without.
func (b *builder) sunset(name string, ds []*design.Directive) *model.Sunset {
	d := design.Find(ds, "sunset")
	if d == nil {
		return nil
	}
	s := &model.Sunset{Since: b.day(d, "since"), On: b.day(d, "on")}
	switch {
	case design.Find(ds, "deprecated") == nil:
		b.problems.Add(d.Pos, BadSunset, `@deprecated(reason: "…")`, "%s has an end and is not deprecated: say first what to use in its place", name)
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
