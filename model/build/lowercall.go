package build

import (
	"regexp"
	"time"
	_ "time/tzdata" // a design means the same on a machine without zone files

	"cel.dev/cel-go/common/ast"

	"github.com/fettlehq/fettle/model"
)

// function lowers a call by name. The checker has seen to the number of parts and, roughly, their types.
func (l *lowerer) function(e ast.Expr, name string) *value {
	c := e.AsCall()
	args := c.Args()
	if c.IsMemberFunction() {
		return l.member(e, name, c.Target(), args)
	}
	switch name {
	case "@first":
		if list := l.lower(args[0]); list != nil {
			return l.first(e, list)
		}
		return nil
	case "size":
		return l.member(e, name, args[0], nil)
	case "can":
		return l.can(e, args)
	case "duration", "timestamp", "date", "time", "decimal":
		return l.literalCall(e, name, args[0])
	case "slug", "next", "token":
		return l.generator(e, name, args)
	}
	return l.fail(e, NoSuchOperation, "", "%s has no form in a database", name)
}

func (l *lowerer) member(e ast.Expr, name string, target ast.Expr, args []ast.Expr) *value {
	of := l.lower(target)
	if of == nil {
		return nil
	}
	switch name {
	case "size", "sum", "min", "max", "avg":
		if of.list != nil {
			return l.aggregate(e, name, of)
		}
		if !of.t.text() {
			return l.fail(e, WrongType, "", "%s is for texts and lists, and this is %s", name, of.t)
		}
		return &value{x: &model.Expr{Op: model.Call, Name: "size", Args: []*model.Expr{of.x}, Kind: model.Int64}, t: typ{kind: model.Int64}}
	case "matches":
		return l.matches(e, target, of, args[0])
	case "at":
		return l.at(e, target, of, args)
	}
	kind := model.String
	out := &model.Expr{Op: model.Call, Name: name}
	switch name {
	case "startsWith", "endsWith", "contains":
		kind = model.Boolean
	case "lower", "upper", "trim":
	default:
		return l.fail(e, NoSuchOperation, "", "%s has no form in a database", name)
	}
	out.Kind = kind
	x := l.as(of, typ{kind: model.String}, target)
	if x == nil {
		return nil
	}
	out.Args = append(out.Args, x)
	for _, a := range args {
		part := l.as(l.lower(a), typ{kind: model.String}, a)
		if part == nil {
			return nil
		}
		out.Args = append(out.Args, part)
	}
	return &value{x: out, t: typ{kind: kind}}
}

// matches is a pattern on a text and a search for words on an entity.
func (l *lowerer) matches(e, target ast.Expr, of *value, arg ast.Expr) *value {
	words := l.as(l.lower(arg), typ{kind: model.String}, arg)
	if words == nil {
		return nil
	}
	switch {
	case of.list != nil || of.t.kind != model.Ref && !of.t.text():
		return l.fail(target, WrongType, "", "matches is for texts and entities")
	case of.t.text() && words.Op != model.Const:
		return l.fail(arg, NoSuchOperation, "", "a pattern is a literal")
	case of.t.text():
		if pattern, ok := words.Value.(string); ok {
			if _, err := regexp.Compile(pattern); err != nil {
				return l.fail(arg, BadPattern, "", "%q is no pattern: %s", pattern, patternMistake(err))
			}
		}
	default:
		if !l.searches(target, of, arg, words) {
			return nil
		}
	}
	return truth(&model.Expr{Op: model.Call, Name: "matches", Args: []*model.Expr{of.x, words}, Kind: model.Boolean})
}

// at is an instant: a date or the day of another instant, a time of day, a zone.
func (l *lowerer) at(e, target ast.Expr, of *value, args []ast.Expr) *value {
	want := typ{kind: model.Date}
	if of.t.kind == model.DateTime {
		want.kind = model.DateTime
	}
	day := l.as(of, want, target)
	clock := l.lower(args[0])
	zone := l.zone(args[1])
	if day == nil || clock == nil || zone == nil {
		return nil
	}
	if clock.x != nil && clock.x.Op == model.Const {
		if text, ok := clock.x.Value.(string); ok && clock.t.kind == model.String {
			full, ok := timeText(text)
			if !ok {
				return l.fail(args[0], WrongType, "write it as in '09:00'", "%q is no time of day", text)
			}
			clock = &value{x: &model.Expr{Op: model.Const, Kind: model.Time, Value: full}, t: typ{kind: model.Time}}
		}
	}
	time := l.as(clock, typ{kind: model.Time}, args[0])
	if time == nil {
		return nil
	}
	return &value{x: &model.Expr{Op: model.Call, Name: "at", Args: []*model.Expr{day, time, zone}, Kind: model.DateTime}, t: typ{kind: model.DateTime}}
}

// zone is a TimeZone of a field, or a literal that names one: any other text would fail when it is asked about.
func (l *lowerer) zone(arg ast.Expr) *model.Expr {
	v := l.lower(arg)
	x := l.as(v, typ{kind: model.TimeZone}, arg)
	if x == nil {
		return nil
	}
	if name, ok := x.Value.(string); ok && x.Op == model.Const {
		if _, err := time.LoadLocation(name); err != nil || name == "" || name == "Local" {
			l.fail(arg, WrongType, "'Europe/Vienna'", "%q is no time zone", name)
			return nil
		}
		return x
	}
	if v.t.kind != model.TimeZone && v.t.kind != nullKind {
		l.fail(arg, WrongType, "", "a TimeZone is needed here, and this is %s", v.t)
		return nil
	}
	return x
}

// can asks another entity's rule.
func (l *lowerer) can(e ast.Expr, args []ast.Expr) *value {
	verb := l.lower(args[0])
	of := l.lower(args[1])
	if verb == nil || of == nil {
		return nil
	}
	if of.list != nil || of.t.kind != model.Ref && of.t.kind != model.Union {
		return l.fail(args[1], WrongType, "", "can asks about a row, as in can(READ, issue)")
	}
	name, _ := verb.x.Value.(string)
	ask := func(row *model.Expr, of *model.Entity) *model.Expr {
		x := &model.Expr{Op: model.Can, Verb: model.Verb(name), Args: []*model.Expr{row}, Kind: model.Boolean}
		l.b.asked[x] = []*model.Entity{of}
		return x
	}
	if of.t.entity != nil {
		return truth(ask(of.x, of.t.entity))
	}
	any := &model.Expr{Op: model.Or, Kind: model.Boolean}
	for _, arm := range of.t.arms {
		any.Args = append(any.Args, ask(armOf(of.x, arm), arm.Target))
	}
	return truth(single(any))
}

// literalCall reads duration('24h') and its like at once.
func (l *lowerer) literalCall(e ast.Expr, name string, arg ast.Expr) *value {
	v := l.lower(arg)
	if v == nil {
		return nil
	}
	text, ok := "", false
	if v.x != nil && v.x.Op == model.Const {
		text, ok = v.x.Value.(string)
	}
	if !ok {
		return l.fail(arg, NoSuchOperation, "write the text itself, in quotes", "%s takes a literal", name)
	}
	c := func(kind model.Kind, v any) *value {
		return &value{x: &model.Expr{Op: model.Const, Kind: kind, Value: v}, t: typ{kind: kind}}
	}
	hint := ""
	switch name {
	case "duration":
		if d, err := parseDuration(text); err == nil {
			return c(model.Duration, d.Microseconds())
		}
		hint = "write it as in duration('90s'), duration('24h') or duration('30d')"
	case "timestamp":
		if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
			return c(model.DateTime, t.UTC().Format(time.RFC3339Nano))
		}
		hint = "write it as in timestamp('2006-01-02T15:04:05Z')"
	case "date":
		if _, err := time.Parse(time.DateOnly, text); err == nil {
			return c(model.Date, text)
		}
		hint = "write it as in date('2006-01-02')"
	case "time":
		if full, ok := timeText(text); ok {
			return c(model.Time, full)
		}
		hint = "write it as in time('09:00')"
	case "decimal":
		if decimalPattern.MatchString(text) {
			return c(model.Decimal, text)
		}
		hint = "write it as in decimal('12.50')"
	}
	return l.fail(arg, WrongType, hint, "%q is no %s", text, name)
}

// generator lowers slug, next and token, which only a default may use.
func (l *lowerer) generator(e ast.Expr, name string, args []ast.Expr) *value {
	if !l.scope.defaults {
		return l.fail(e, WrongPlace, "", "%s makes a new value: it stands in @default(from:) only", name)
	}
	out := &model.Expr{Op: model.Call, Name: name, Kind: model.String}
	want := typ{kind: model.String}
	switch name {
	case "next":
		out.Kind = model.Int64
		want = typ{}
	case "token":
		want = typ{kind: model.Int64}
	}
	for _, a := range args {
		x := l.as(l.lower(a), want, a)
		if x == nil {
			return nil
		}
		switch {
		case name == "next" && (x.Op != model.Get || x.Root != model.This || x.Kind != model.Ref || len(x.Path) != 1):
			return l.fail(a, WrongType, "", "next counts per parent: it takes a reference of the row")
		case name == "token" && x.Op != model.Const:
			return l.fail(a, NoSuchOperation, "write it as in token(32)", "token takes the number of characters, as a literal")
		}
		out.Args = append(out.Args, x)
	}
	return &value{x: out, t: typ{kind: out.Kind}}
}
