// Package promise says what a service surely answers, as its design has it: what its own tests ask.
//
//	model ─▶ what certainly holds, in three values ─▶ []Promise ─▶ emit/golang: app/design_test.go
//
// It promises nothing that it does not know: a rule that asks for a role nobody has yet is known not to hold, one that counts
// rows is not known, and an entity whose rows it cannot make by itself is only asked from outside.
package promise

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/model"
)

// Promise is a request and what is answered.
type Promise struct {
	Title string // of the test: the sentence that holds. Those of one title follow each other
	As    string // who asks: ada, who makes rows, bob, another, or empty: nobody
	Ask   string // "POST /v1/notes"
	Body  Body
	Want  int    // status
	Says  string // part of the answer
	Keep  string // under which name the id of the answer is kept: {note} in what follows
}

// Body is JSON that may have a long text in it: Before, Times times x, After.
type Body struct {
	Before string
	Times  int
	After  string
}

// most is how many promises a test has at most.
const most = 400

// Who asks.
const (
	ada = "ada"
	bob = "bob"
)

// unknownID is an id that nothing has.
const unknownID = "00000000-0000-7000-8000-000000000000"

// Of are the promises of a design.
func Of(m *model.Model) []Promise {
	w := &writer{model: m, samples: map[*model.Entity]int{}}
	w.registration()
	for _, e := range m.Entities {
		if !e.Internal && e.HistoryOf == nil && len(e.Replaced) == 0 {
			w.entity(e)
		}
	}
	for _, module := range m.Modules {
		for _, o := range module.Operations {
			w.operation(o)
		}
	}
	return w.out[:min(len(w.out), most)]
}

type writer struct {
	model   *model.Model
	out     []Promise
	samples map[*model.Entity]int // rows made so far, so that what is unique differs
	names   int
}

func (w *writer) promise(p Promise) { w.out = append(w.out, p) }

// Account is what registration takes besides the login and a password, as JSON, where {name} is the person's; false where no
// sample of it is known. Names have three letters.
func Account(m *model.Model) (fields string, known bool) {
	if m.Account == nil {
		return "", false
	}
	var parts []string
	for _, f := range m.Account.Fields {
		if f.Null || f.Default != nil {
			continue
		}
		value, known := sample(f, 0)
		if f.Kind == model.String && known { // it may be unique
			value = fmt.Sprintf("%q", "{name}"+strings.Repeat("x", max(least(f)-3, 0)))
			known = f.MaxLength == nil || *f.MaxLength >= max(3, least(f))
		}
		if !known {
			return "", false
		}
		parts = append(parts, fmt.Sprintf("%q:%s", f.Name, value))
	}
	return "{" + strings.Join(parts, ",") + "}", true
}

func (w *writer) signsIn() bool {
	_, known := Account(w.model)
	return known
}

// registration promises that an address is proven before it signs in.
func (w *writer) registration() {
	fields, known := Account(w.model)
	if !known || w.model.Account.Verify != model.BeforeSignIn {
		return
	}
	login := fmt.Sprintf(`{"%s":"eve@example.com","password":"correct horse battery staple"`, w.model.Account.Login.Name)
	rest := strings.ReplaceAll(strings.TrimPrefix(fields, "{"), "{name}", "eve")
	if rest != "}" {
		rest = "," + rest
	}
	title := "an address is proven before it signs in"
	w.promise(Promise{Title: title, Ask: "POST /auth/register", Body: Body{Before: login + rest}, Want: 202, Says: "verification-sent"})
	w.promise(Promise{Title: title, Ask: "POST /auth/sign-in", Body: Body{Before: login + "}"}, Want: 403})
	w.promise(Promise{Title: title, Ask: "POST /auth/sign-in", Body: Body{Before: strings.Replace(login, "staple", "stable", 1) + "}"}, Want: 401})
	w.promise(Promise{Title: title, Ask: "POST /auth/register", Body: Body{Before: `{}`}, Want: 422, Says: fmt.Sprintf(`"field":"%s"`, w.model.Account.Login.Name)})
}

func (w *writer) entity(e *model.Entity) {
	path, one := "/v1/"+e.Path, words(e.Name)
	if len(e.Allow.Read) > 0 {
		title := fmt.Sprintf("%s are listed as far as their rules go", words(e.Plural))
		w.promise(Promise{Title: title, Ask: "GET " + path, Want: 200, Says: `"items":`})
		w.promise(Promise{Title: title, Ask: "GET " + path + "?no-such=1", Want: 422, Says: "UNKNOWN_FIELD"})
		w.promise(Promise{Title: title, Ask: "GET " + path + "/" + unknownID, Want: 404})
	}
	if len(e.Allow.Create) == 0 {
		return
	}
	if signedIn(e.Allow.Create) {
		w.promise(Promise{Title: fmt.Sprintf("nobody makes a %s without signing in", one), Ask: "POST " + path, Body: Body{Before: "{}"}, Want: 401})
	}
	if !w.signsIn() || e.TenantColumn != "" {
		return
	}
	w.rows(e, path, one)
}

// rows promises what happens to a row that ada makes.
func (w *writer) rows(e *model.Entity, path, one string) {
	begin := len(w.out)
	title := fmt.Sprintf("whoever makes a %s may see it", one)
	r, can := w.make(e, title, 0)
	if !can {
		w.out = w.out[:begin]
		return
	}
	who := viewer{name: bob, fields: accountFields(w.model)}
	owner := viewer{name: ada, fields: who.fields}
	at := path + "/{" + r.name + "}"
	if allows(e.Allow.Create, owner, r) == no {
		made := w.out[len(w.out)-1]
		w.out = w.out[:begin]
		if len(r.refs) == 0 {
			w.promise(Promise{Title: fmt.Sprintf("a new account makes no %s", one), As: ada, Ask: "POST " + path, Body: made.Body, Want: 403})
		}
		return
	}
	if allows(e.Allow.Create, owner, r) != yes {
		w.out = w.out[:begin]
		return
	}
	reads := allows(e.Allow.Read, owner, r)
	if reads != yes { // what the answer of a write shows is then not certain
		w.out = w.out[:begin]
		w.validation(e, path, one)
		return
	}
	w.promise(Promise{Title: title, As: ada, Ask: "GET " + at, Want: 200, Says: `"id":"{` + r.name + `}"`})
	if len(e.Allow.Read) > 0 && allows(e.Allow.Read, who, r) == no {
		hidden := fmt.Sprintf("a %s is not there for those who may not see it", one)
		w.promise(Promise{Title: hidden, As: bob, Ask: "GET " + at, Want: 404})
		if len(e.Allow.Update) > 0 {
			w.promise(Promise{Title: hidden, As: bob, Ask: "PATCH " + at, Body: Body{Before: "{}"}, Want: 404})
		}
		if len(e.Allow.Delete) > 0 {
			w.promise(Promise{Title: hidden, As: bob, Ask: "DELETE " + at, Want: 404})
		}
	}
	if len(e.Allow.Read) > 0 && signedIn(e.Allow.Read) {
		w.promise(Promise{Title: fmt.Sprintf("a %s is not there for who is not signed in", one), Ask: "GET " + at, Want: 404})
	}
	w.validation(e, path, one)
	if allows(e.Allow.Delete, owner, r) == yes && !referred(w.model, e) {
		gone := fmt.Sprintf("a %s that is deleted is gone", one)
		w.promise(Promise{Title: gone, As: ada, Ask: "DELETE " + at, Want: 204})
		w.promise(Promise{Title: gone, As: ada, Ask: "GET " + at, Want: 404})
	}
}

// validation promises that what the design bounds is bounded.
func (w *writer) validation(e *model.Entity, path, one string) {
	title := fmt.Sprintf("what a %s may not hold is told by field", one)
	for _, f := range inputs(e) {
		if f.Kind == model.Ref || f.Kind == model.Union || f.Repeated || len(f.Allow.Create) > 0 {
			continue
		}
		says := fmt.Sprintf(`"field":%q`, f.Name)
		body := func(value string) Body { return Body{Before: fmt.Sprintf(`{%q:%s}`, f.Name, value)} }
		if !f.Null && f.Default == nil {
			w.promise(Promise{Title: title, As: ada, Ask: "POST " + path, Body: body("null"), Want: 422, Says: says})
		}
		if f.Kind == model.String && f.MaxLength != nil && *f.MaxLength <= 20000 {
			w.promise(Promise{Title: title, As: ada, Ask: "POST " + path, Body: Body{fmt.Sprintf(`{%q:"`, f.Name), *f.MaxLength + 1, `"}`}, Want: 422, Says: says})
		}
		if f.Kind == model.Int && f.Max != nil && *f.Max < 1e9 {
			w.promise(Promise{Title: title, As: ada, Ask: "POST " + path, Body: body(fmt.Sprint(int64(*f.Max) + 1)), Want: 422, Says: says})
		}
		if f.Kind == model.EnumKind {
			w.promise(Promise{Title: title, As: ada, Ask: "POST " + path, Body: body(`"NO_SUCH_VALUE"`), Want: 422, Says: says})
		}
	}
	w.promise(Promise{Title: title, As: ada, Ask: "POST " + path, Body: Body{Before: `{"noSuchField":1}`}, Want: 422, Says: "UNKNOWN_FIELD"})
}

// operation promises that what is for people who have signed in is for nobody else.
func (w *writer) operation(o *model.Operation) {
	if o.Internal || o.Method == "" || !signedIn(o.Allow) || o.Kind == model.Subscription {
		return
	}
	path := "/v1" + o.Path
	var body []string
	asked := url.Values{}
	for _, a := range o.Args {
		hole := "{" + a.Name + "}"
		value, known := argument(a)
		switch {
		case strings.Contains(path, hole) && a.Kind == model.Ref:
			path = strings.ReplaceAll(path, hole, unknownID)
		case strings.Contains(path, hole), !known:
			return
		case a.Kind == model.InputDTO && strings.HasPrefix(value, "{"): // whose fields stand in the body themselves
			body = append(body, strings.TrimSuffix(strings.TrimPrefix(value, "{"), "}"))
		case o.Method == "GET" || o.Method == "DELETE":
			asked.Set(a.Name, strings.Trim(value, `"`))
		default:
			body = append(body, fmt.Sprintf("%q:%s", a.Name, value))
		}
	}
	if len(asked) > 0 {
		path += "?" + asked.Encode()
	}
	p := Promise{Title: fmt.Sprintf("%s is for those who have signed in", o.Name), Ask: o.Method + " " + path, Want: 401}
	if o.Method != "GET" && o.Method != "DELETE" {
		p.Body = Body{Before: "{" + strings.Join(slices.DeleteFunc(body, func(part string) bool { return part == "" }), ",") + "}"}
	}
	w.promise(p)
}

// argument is a sample of an argument as JSON; empty where it may be left out.
func argument(a *model.Field) (text string, known bool) {
	switch {
	case a.Kind == model.Ref && a.Repeated:
		return fmt.Sprintf("[%q]", unknownID), true
	case a.Kind == model.Ref:
		return fmt.Sprintf("%q", unknownID), true
	case a.Kind == model.InputDTO && !a.Repeated:
		var parts []string
		for _, f := range a.Struct.Fields {
			if f.Null || f.Default != nil {
				continue
			}
			value, known := argument(f)
			if !known {
				return "", false
			}
			parts = append(parts, fmt.Sprintf("%q:%s", f.Name, value))
		}
		return "{" + strings.Join(parts, ",") + "}", true
	}
	return sample(a, 1)
}

// least is how long a text must be.
func least(f *model.Field) int {
	if f.MinLength == nil {
		return 0
	}
	return *f.MinLength
}

// signedIn tells whether rules hold for nobody who is not signed in.
func signedIn(rules []*model.Rule) bool {
	for _, r := range rules {
		if r.SignedOut {
			return false
		}
	}
	return len(rules) > 0
}

// referred tells whether rows of other entities may refer to one, so that deleting it may be more than it seems.
func referred(m *model.Model, to *model.Entity) bool {
	for _, e := range m.Entities {
		for _, f := range e.Fields {
			if f.Kind == model.Ref && f.Target == to && f.OnDelete == model.Restrict {
				return true
			}
		}
	}
	return false
}

// words are a name in a sentence: order lines of orderLines.
func words(name string) string {
	var b strings.Builder
	for i, c := range name {
		if i > 0 && c >= 'A' && c <= 'Z' {
			b.WriteByte(' ')
		}
		b.WriteRune(c)
	}
	return strings.ToLower(b.String())
}
