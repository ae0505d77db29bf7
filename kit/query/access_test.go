package query_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/query"
)

// What lets a row through or holds it back is told rule by rule, and the answer is what a door says.
func TestAccess(t *testing.T) {
	for _, d := range databases(t)[:2] {
		t.Run(d.name, func(t *testing.T) {
			w := newWorldOf(t, d.open(t), keeping())
			w.access()
		})
	}
}

func (w *world) access() {
	draft := string(w.create(w.ann, false, "Article", "title", "draft", "rating", int64(3)))
	comment := string(w.create(w.ann, false, "Comment", "article", draft, "body", "hi"))
	book := string(w.create(w.ann, false, "Notebook"))

	w.wantAccess(w.bob, "Article", meta.Read, draft, nil, "NOT_FOUND",
		"rule false", "  false status == 'PUBLISHED' [status=DRAFT]",
		"rule false", "  false author == viewer [author=ann viewer=bob]",
		"earnings false", "  false author == viewer [author=ann viewer=bob]",
		"popular false", "  false author == viewer [author=ann viewer=bob]")
	w.wantAccess(kit.Viewer{}, "Comment", meta.Read, comment, nil, "NOT_FOUND",
		"rule false", "  false can(READ, article)", "    false ", "    false ")
	w.wantAccess(w.ann, "Comment", meta.Read, comment, nil, "OK",
		"rule true", "  true can(READ, article)", "    false ", "    true ")
	w.wantAccess(w.ann, "Article", meta.Update, draft, w.changes(w.entity("Article"), "rating", int64(2)), "INVALID",
		"refused INVALID")
	w.wantAccess(w.ann, "Notebook", meta.Update, book, nil, "OK",
		"seen true", "  true owner == viewer [owner=ann viewer=ann]", "rule later")
	w.wantAccess(w.ann, "Notebook", meta.Update, book, w.changes(w.entity("Notebook"), "locked", true), "OK",
		"seen true", "  true owner == viewer [owner=ann viewer=ann]",
		"rule true", "  true owner == viewer && old.locked == false",
		"    true owner == viewer [owner=ann viewer=ann]", "    true old.locked == false [old.locked=false]")
	w.wantAccess(w.bob, "Comment", meta.Create, "", w.changes(w.entity("Comment"), "article", draft, "body", "hi"), "INVALID",
		"rule false", "  false author == viewer && can(READ, article)", "    true author == viewer [author=bob viewer=bob]",
		"    false can(READ, article)", "      false ", "      false ")
	if n := w.stored("comments"); n != 1 {
		w.Errorf("%d comments: what was written to explain stays", n)
	}

	must(w.delete(w.ann, "Article", draft, 0))
	w.wantAccess(w.ann, "Article", meta.Delete, draft, nil, "NOT_FOUND", "hidden it was deleted at",
		"seen false", "  false status == 'PUBLISHED' [status=DRAFT]", "seen true", "  true author == viewer [author=ann viewer=ann]",
		"rule true", "  true author == viewer [author=ann viewer=ann]")
	_, err := w.engine.Access(context.Background(), w.ann, w.entity("Article"), meta.Read, "nowhere", nil)
	w.want(err, "NOT_FOUND")
}

// wantAccess compares an explanation, a line each for the entity's rules, its clauses and what stands around.
func (w *world) wantAccess(v kit.Viewer, entity string, verb meta.Verb, key string, changes []query.Change, answer string, lines ...string) {
	w.Helper()
	a, err := w.engine.Access(context.Background(), v, w.entity(entity), verb, key, changes)
	if err != nil {
		w.Fatal(err)
	}
	var got []string
	for _, h := range a.Hidden {
		got = append(got, "hidden "+h)
	}
	if a.Refused != "" {
		got = append(got, "refused "+a.Refused)
	}
	decided := func(name string, all []query.Decision) {
		for _, d := range all {
			what := name
			if d.Field != "" {
				what = d.Field
			}
			if d.Later {
				got = append(got, what+" later")
				continue
			}
			got = append(got, fmt.Sprint(what, " ", d.Holds))
			for _, c := range d.Clauses {
				got = w.clauseLines(got, c, "  ")
			}
		}
	}
	decided("seen", a.Seen)
	decided("rule", a.Rules)
	decided("field", a.Fields)
	fits := slices.EqualFunc(got, lines, func(got, want string) bool { return strings.HasPrefix(got, want) })
	if a.Answer != answer || !fits {
		w.Errorf("%s %s: got %s\n%s\nwant %s\n%s", entity, key, a.Answer, strings.Join(got, "\n"), answer, strings.Join(lines, "\n"))
	}
}

func (w *world) clauseLines(into []string, c query.Clause, indent string) []string {
	line := fmt.Sprint(indent, c.Holds, " ", c.Text)
	var values []string
	for _, v := range c.Values {
		value := fmt.Sprint(v.Value)
		for name, viewer := range map[string]kit.Viewer{"ann": w.ann, "bob": w.bob} {
			if value == string(viewer.ID) {
				value = name
			}
		}
		values = append(values, v.Path+"="+value)
	}
	if values != nil {
		line += " [" + strings.Join(values, " ") + "]"
	}
	into = append(into, line)
	for _, inner := range c.Clauses {
		into = w.clauseLines(into, inner, indent+"  ")
	}
	return into
}
