package graphql

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fettlehq/fettle/kit"
)

// Limits bound what one request may ask for. A zero means the number given here.
type Limits struct {
	Body       int64 // bytes; 1 MiB
	Tokens     int   // of the document; 5000
	Depth      int   // levels of fields; 15
	Fields     int   // fields after fragments are put in; 2000
	Aliases    int   // fields under another name, __typename too; 100
	Directives int   // of the document; 100
	Pairs      int   // of fields under one name that must agree, and fields that are looked through for them; 30000
	Roots      int   // fields of the query or mutation itself; 20
	Rows       int   // rows that all pages together may bring; 10000
	Cost       int   // values that the answer may hold: each field as often as there may be rows of it; 500000
	Errors     int   // that an answer tells; 20
	References int   // rows that nodes, or a gateway, may name in one field; 1000

	Streams    int           // WebSockets and streams of events of the process; 10000
	Operations int           // that run on one WebSocket at the same time; 100
	Init       time.Duration // in which a WebSocket must say who asks; 3 s
	Time       time.Duration // that an operation on a WebSocket, or a read of a subscription, may take; 30 s
	Write      time.Duration // that a client may take to read an answer; 10 s
	Beat       time.Duration // between signs of life; 15 s
}

func (l Limits) withDefaults() Limits {
	return Limits{
		Body:       cmp.Or(l.Body, 1<<20),
		Tokens:     cmp.Or(l.Tokens, 5000),
		Depth:      cmp.Or(l.Depth, 15),
		Fields:     cmp.Or(l.Fields, 2000),
		Aliases:    cmp.Or(l.Aliases, 100),
		Directives: cmp.Or(l.Directives, 100),
		Pairs:      cmp.Or(l.Pairs, 30_000),
		Roots:      cmp.Or(l.Roots, 20),
		Rows:       cmp.Or(l.Rows, 10_000),
		Cost:       cmp.Or(l.Cost, 500_000),
		Errors:     cmp.Or(l.Errors, 20),
		References: cmp.Or(l.References, 1000),
		Streams:    cmp.Or(l.Streams, 10_000),
		Operations: cmp.Or(l.Operations, 100),
		Init:       cmp.Or(l.Init, 3*time.Second),
		Time:       cmp.Or(l.Time, 30*time.Second),
		Write:      cmp.Or(l.Write, 10*time.Second),
		Beat:       cmp.Or(l.Beat, 15*time.Second),
	}
}

// tooMuch is the failure of a document that asks for more than a limit of that name.
func tooMuch(limit string, most int, detail string, at *ast.Position) *failure {
	return &failure{
		message: detail, at: at, limit: limit, most: most,
		problem: &kit.Problem{Code: codeLimit, Status: http.StatusBadRequest, Detail: detail},
	}
}

// measure counts what stands in a document, before anything is looked up in the schema: what is too much is refused while
// it costs next to nothing. Fragments count where they are written, and again in the collector where they are put in.
type measure struct {
	limits     Limits
	aliases    int
	directives int
	fragments  ast.FragmentDefinitionList
	pairs      int
	failure    *failure // the first
}

// bounded is the failure of a document that has more aliases, directives or fields under one name than the limits allow.
func (l Limits) bounded(document *ast.QueryDocument) *failure {
	m := &measure{limits: l, fragments: document.Fragments}
	for _, op := range document.Operations {
		m.directed(op.Directives)
		for _, v := range op.VariableDefinitions {
			m.directed(v.Directives)
		}
		m.set(op.SelectionSet)
	}
	for _, fragment := range document.Fragments {
		m.directed(fragment.Directives)
		m.set(fragment.SelectionSet)
	}
	for _, op := range document.Operations {
		m.compare([]part{{set: op.SelectionSet}})
	}
	for _, fragment := range document.Fragments {
		m.compare([]part{{fragment.SelectionSet, []string{fragment.Name}}})
	}
	return m.failure
}

// part is something that is selected, and the fragments that it stands in.
type part struct {
	set    ast.SelectionSet
	within []string
}

// compare counts how often two fields of parts, which are selected of one object, stand under one name: the rule that they must
// agree (GraphQL, section 5.3.2) compares each with each, and what is selected below them together.
func (m *measure) compare(parts []part) {
	g := &together{measure: m, below: map[string][]part{}, spread: map[string]bool{}}
	for _, p := range parts {
		g.add(p)
	}
	for _, name := range g.names {
		below := g.below[name]
		m.count(len(below)*(len(below)-1)/2, g.at)
		below = slices.DeleteFunc(below, func(p part) bool { return len(p.set) == 0 })
		if m.failure == nil && len(below) > 0 {
			m.compare(below)
		}
	}
}

// together is the fields that are selected of one object.
type together struct {
	*measure
	names  []string
	below  map[string][]part // what is selected of the fields of each name
	spread map[string]bool   // fragments that are put in
	at     *ast.Position
}

func (g *together) add(p part) {
	for _, selection := range p.set {
		if g.at = selection.GetPosition(); g.failure != nil {
			return
		}
		g.count(1, g.at)
		switch s := selection.(type) {
		case *ast.Field:
			if g.below[s.Alias] == nil {
				g.names = append(g.names, s.Alias)
			}
			g.below[s.Alias] = append(g.below[s.Alias], part{s.SelectionSet, p.within})
		case *ast.InlineFragment:
			g.add(part{s.SelectionSet, p.within})
		case *ast.FragmentSpread:
			fragment := g.fragments.ForName(s.Name)
			if fragment == nil || g.spread[s.Name] || slices.Contains(p.within, s.Name) { // one in itself is refused by another rule
				continue
			}
			g.spread[s.Name] = true
			g.add(part{fragment.SelectionSet, append(slices.Clone(p.within), s.Name)})
		}
	}
}

func (m *measure) count(pairs int, at *ast.Position) {
	if m.pairs += pairs; m.pairs > m.limits.Pairs && m.failure == nil {
		m.failure = tooMuch("pairs", m.limits.Pairs, "The document selects fields under one name too often.", at)
	}
}

func (m *measure) fail(limit string, most int, what string, at *ast.Position) {
	if m.failure == nil {
		m.failure = tooMuch(limit, most, "The document has more than "+strconv.Itoa(most)+" "+what+".", at)
	}
}

func (m *measure) set(set ast.SelectionSet) {
	for _, selection := range set {
		if m.failure != nil {
			return
		}
		switch s := selection.(type) {
		case *ast.Field:
			if s.Alias != s.Name { // of __typename too
				m.aliases++
			}
			if m.aliases > m.limits.Aliases {
				m.fail("aliases", m.limits.Aliases, "aliases", s.Position)
			}
			m.directed(s.Directives)
			m.set(s.SelectionSet)
		case *ast.InlineFragment:
			m.directed(s.Directives)
			m.set(s.SelectionSet)
		case *ast.FragmentSpread:
			m.directed(s.Directives)
		}
	}
}

func (m *measure) directed(directives ast.DirectiveList) {
	m.directives += len(directives)
	if m.directives > m.limits.Directives {
		m.fail("directives", m.limits.Directives, "directives", directives[0].Position)
	}
}
