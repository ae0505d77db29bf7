package build

import (
	"fmt"
	"math/rand"
	"strings"
	"testing"

	"github.com/fettlehq/fettle/model"
)

const visitorDesign = `
type User @entity @account(login: email) {
  email: Email! @unique
  banned: Boolean! @readOnly @default(value: false)
  best: User @readOnly
  friends: [User!]!
  knows: Boolean! @computed(from: "friends.exists(f, f == viewer)")
}
type Note @entity @allow(do: READ, when: "%s") {
  author: User!
  editor: User
  shared: Boolean!
  readers: [User!]!
  parts: [Part!]!
  mine: Part @computed(from: "parts.find(p, p.owner == viewer)")
}
type Part @entity { note: Note!, owner: User, open: Boolean! @readOnly }
`

// What the analysis says of rules is compared with what they do to a visitor on small random databases. A rule that is
// said never to hold must not hold; one that is accepted must hold as well when every comparison with the missing
// viewer goes against the visitor, so that it holds by the data or by naming viewer == null.
func TestSignedOutRules(t *testing.T) {
	random := rand.New(rand.NewSource(1))
	accepted, refused, never := 0, 0, 0
	for range 400 {
		rule := randomCondition(random, 3, "")
		_, m, problems := parse(snippet("design/a.graphql", fmt.Sprintf(visitorDesign, rule)))
		bad := false
		for _, p := range problems {
			if p.Code != SignedOutHolds {
				t.Fatalf("%s: %s", rule, p.Message)
			}
			bad = true
		}
		note := m.Entities[1]
		r := note.Allow.Read[0]
		holds, onlyByAbsence := tryRule(random, m, r.When)
		switch {
		case !r.SignedOut:
			never++
			if holds {
				t.Errorf("%s: said never to hold, but does", rule)
			}
		case bad:
			refused++
		default:
			accepted++
			if onlyByAbsence {
				t.Errorf("%s: accepted, but holds only because nobody is signed in", rule)
			}
		}
	}
	if accepted < 40 || refused < 40 || never < 40 {
		t.Errorf("too one-sided: %d accepted, %d refused, %d never", accepted, refused, never)
	}
}

// randomCondition writes a condition about a Note, or about the element of a list of users (u) or parts (p).
func randomCondition(r *rand.Rand, depth int, element string) string {
	pick := func(of ...string) string { return of[r.Intn(len(of))] }
	sub := func() string { return randomCondition(r, depth-1, element) }
	if depth > 0 {
		switch r.Intn(7) {
		case 0, 1:
			return "(" + sub() + " && " + sub() + ")"
		case 2, 3:
			return "(" + sub() + " || " + sub() + ")"
		case 4:
			return "!(" + sub() + ")"
		case 5:
			if element == "" {
				list := pick("readers", "author.friends", "parts")
				v := map[bool]string{true: "p", false: "u"}[list == "parts"]
				return fmt.Sprintf("%s.%s(%s, %s)", list, pick("exists", "all"), v, randomCondition(r, depth-1, v))
			}
		}
	}
	switch element {
	case "u":
		return pick("u == viewer", "u != viewer", "u.banned", "u.knows", "u == author", "viewer.best == u", "u.best == viewer")
	case "p":
		return pick("p.owner == viewer", "p.owner != viewer", "p.open", "p.owner == null", "p.owner.knows")
	}
	return pick("viewer == null", "viewer != null", "viewer.banned", "viewer.best == null", "author == viewer", "author != viewer",
		"shared", "editor == null", "editor == viewer", "author.knows", "mine == null", "mine != null", "mine.open",
		"viewer in readers", "viewer.best in [author, editor]", "author == editor", "editor != author", "true", "false",
		"mine.owner == author", "mine.owner != author", "(shared ? author != viewer : editor == viewer)")
}

// tryRule says whether a rule holds for a visitor anywhere, and whether it anywhere does so only by absence.
func tryRule(r *rand.Rand, m *model.Model, rule *model.Expr) (holds, onlyByAbsence bool) {
	for range 60 {
		for _, note := range randomRows(r, m) {
			if truthOf(visit(rule, visitor{this: note})) {
				holds = true
				if !truthOf(visit(rule, visitor{this: note, adverse: true, wanted: true})) {
					onlyByAbsence = true
				}
			}
		}
	}
	return holds, onlyByAbsence
}

// row is a row of a random database.
type row struct {
	entity *model.Entity
	fields map[string]any // bool, *row, []*row
}

func randomRows(r *rand.Rand, m *model.Model) []*row {
	var users, notes []*row
	flip := func() bool { return r.Intn(2) == 0 }
	user := func() any {
		if flip() {
			return (*row)(nil)
		}
		return users[r.Intn(len(users))]
	}
	some := func() (out []*row) {
		for _, u := range users {
			if flip() {
				out = append(out, u)
			}
		}
		return out
	}
	for range 2 {
		users = append(users, &row{entity: m.Entities[0], fields: map[string]any{"banned": flip()}})
	}
	for _, u := range users {
		u.fields["best"], u.fields["friends"] = user(), some()
	}
	for range 2 {
		n := &row{entity: m.Entities[1]}
		var parts []*row
		for range r.Intn(3) {
			parts = append(parts, &row{entity: m.Entities[2], fields: map[string]any{"note": n, "owner": user(), "open": flip()}})
		}
		n.fields = map[string]any{"author": users[r.Intn(2)], "editor": user(), "shared": flip(), "readers": some(), "parts": parts}
		notes = append(notes, n)
	}
	return notes
}

// visitor evaluates for somebody who is not signed in. Adverse, each comparison with the missing viewer comes out as
// the opposite of what is wanted.
type visitor struct {
	this    *row
	vars    map[string]*row
	adverse bool
	wanted  bool
}

// missing is what is null because nobody is signed in.
type missing struct{}

func truthOf(v any) bool { return v == true }

func (v visitor) lost(otherwise bool) bool {
	if v.adverse {
		return !v.wanted
	}
	return otherwise
}

func visit(x *model.Expr, v visitor) any {
	switch x.Op {
	case model.Const:
		return x.Value
	case model.Get:
		return v.get(x)
	case model.And, model.Or:
		for _, a := range x.Args {
			if v.condition(a) == (x.Op == model.Or) {
				return x.Op == model.Or
			}
		}
		return x.Op == model.And
	case model.Not:
		v.wanted = !v.wanted
		return !v.condition(x.Args[0])
	case model.Eq, model.Ne:
		return v.compare(x)
	case model.In:
		a := visit(x.Args[0], v)
		if a == (missing{}) {
			return v.lost(false)
		}
		for _, b := range x.Args[1:] {
			if same(a, visit(b, v)) {
				return true
			}
		}
		return false
	case model.If:
		if v.condition(x.Args[0]) {
			return visit(x.Args[1], v)
		}
		return visit(x.Args[2], v)
	case model.Exists, model.Find:
		return v.list(x)
	}
	panic(x.String())
}

func (v visitor) condition(x *model.Expr) bool {
	got := visit(x, v)
	if got == (missing{}) {
		return v.lost(false)
	}
	return truthOf(got)
}

func (v visitor) list(x *model.Expr) any {
	list, _ := visit(x.Args[0], v).([]*row)
	if strings.Contains(x.Args[1].String(), "(Get Viewer") && x.Op == model.Find {
		return missing{}
	}
	for _, element := range list {
		inner := v
		inner.vars = map[string]*row{x.Var: element}
		for k, other := range v.vars {
			if k != x.Var {
				inner.vars[k] = other
			}
		}
		if inner.condition(x.Args[1]) {
			if x.Op == model.Find {
				return visit(x.Args[2], inner)
			}
			return true
		}
	}
	if x.Op == model.Find {
		return nil
	}
	return false
}

func (v visitor) get(x *model.Expr) any {
	var at any = v.this
	switch x.Root {
	case model.Viewer:
		return missing{}
	case model.Variable:
		at = v.vars[x.Var]
	}
	for _, name := range x.Path {
		r, _ := at.(*row)
		if at == (missing{}) || r == nil {
			if at == (missing{}) {
				return missing{}
			}
			return nil
		}
		f := find(r.entity.Fields, name)
		if f.Computed != nil {
			inner := v
			inner.this = r
			if f.Kind == model.Boolean {
				at = inner.condition(f.Computed)
			} else {
				at = visit(f.Computed, inner)
			}
			continue
		}
		at = r.fields[name]
	}
	return at
}

func (v visitor) compare(x *model.Expr) bool {
	a, b := x.Args[0], x.Args[1]
	if isNull(a) {
		a, b = b, a
	}
	left := visit(a, v)
	if isNull(b) {
		absent := left == (missing{})
		if absent && !isViewer(a) {
			return v.lost(x.Op == model.Eq)
		}
		r, isRow := left.(*row)
		null := absent || left == nil || isRow && r == nil
		return null == (x.Op == model.Eq)
	}
	right := visit(b, v)
	if left == (missing{}) || right == (missing{}) {
		return v.lost(x.Op == model.Ne)
	}
	return same(left, right) == (x.Op == model.Eq)
}

func same(a, b any) bool {
	x, ok := a.(*row)
	if ok && x == nil || a == nil || b == nil || b == (missing{}) {
		return false
	}
	return a == b
}
