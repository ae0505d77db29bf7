package query

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/fettlehq/fettle/kit/meta"
)

var update = flag.Bool("update", false, "write what is instead of comparing it")

// Each file of testdata is one rule of rendering, which its title says. Its section "rules" holds conditions on an
// article, one a line, and a section a dialect their SQL. Words before a condition: guarded (asked for by the viewer),
// out (nobody is signed in), not (its opposite). A constant that begins with ? is the viewer's.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no golden files", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			rules := archive.Files[0]
			got := txtar.Format(&txtar.Archive{Comment: archive.Comment, Files: []txtar.File{
				rules,
				{Name: "sqlite", Data: golden(t, string(rules.Data), false)},
				{Name: "postgres", Data: golden(t, string(rules.Data), true)},
			}})
			if *update {
				if err := os.WriteFile(file, got, 0o644); err != nil {
					t.Fatal(err)
				}
			} else if want := txtar.Format(archive); !bytes.Equal(got, want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// golden renders each line of rules.
func golden(t *testing.T, rules string, postgres bool) []byte {
	b := goldenBackend()
	if err := meta.Resolve(b); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	for line := range strings.Lines(rules) {
		r := &renderer{dialect: dialect{postgres}, backend: b, account: b.Entity("User"), signed: true, slots: map[*meta.Expr]int{}}
		row := &scope{entity: b.Entity("Article"), alias: "t0"}
		e, negate := env{this: row, old: row}, false
		p := &parser{tokens: strings.Fields(strings.NewReplacer("(", " ( ", ")", " ) ").Replace(line)), slots: r.slots}
		for ; p.tokens[0] == "guarded" || p.tokens[0] == "out" || p.tokens[0] == "not"; p.tokens = p.tokens[1:] {
			e.guarded = e.guarded || p.tokens[0] == "guarded"
			r.signed = r.signed && p.tokens[0] != "out"
			negate = negate || p.tokens[0] == "not"
		}
		sql, params := finish(r.cond(p.expr(), e, negate), r.params)
		if r.err != nil {
			sql = "error: " + r.err.Error()
		}
		for i, param := range params {
			if param.source == nowSource {
				sql = strings.ReplaceAll(sql, "$"+strconv.Itoa(i+1), "$now"+strings.TrimPrefix(strconv.FormatInt(param.offset, 10), "0"))
			} else if param.source == viewerSource {
				sql = strings.ReplaceAll(sql, "$"+strconv.Itoa(i+1), "$viewer")
			}
		}
		out.WriteString(sql + "\n")
	}
	return out.Bytes()
}

// parser reads s-expressions: (eq author viewer), (exists comments c (eq c.author viewer)).
type parser struct {
	tokens []string
	slots  map[*meta.Expr]int
	names  []string // of variables
}

func (p *parser) next() string {
	token := p.tokens[0]
	p.tokens = p.tokens[1:]
	return token
}

var operations = map[string]meta.Op{
	"eq": meta.OpEq, "ne": meta.OpNe, "lt": meta.OpLt, "le": meta.OpLe, "gt": meta.OpGt,
	"ge": meta.OpGe, "and": meta.OpAnd, "or": meta.OpOr, "not": meta.OpNot, "in": meta.OpIn, "if": meta.OpIf, "add": meta.OpAdd,
	"sub": meta.OpSub, "mul": meta.OpMul, "div": meta.OpDiv, "mod": meta.OpMod, "neg": meta.OpNeg, "exists": meta.OpExists,
	"count": meta.OpCount, "sum": meta.OpSum, "min": meta.OpMin, "max": meta.OpMax, "avg": meta.OpAvg, "find": meta.OpFind,
	"can": meta.OpCan, "call": meta.OpCall,
}

func (p *parser) expr() *meta.Expr {
	token := p.next()
	if token != "(" {
		return p.atom(token)
	}
	x := &meta.Expr{Op: operations[p.next()]}
	switch x.Op {
	case meta.OpCall:
		x.Name = p.next()
	case meta.OpCan:
		x.Verb = map[string]meta.Verb{"read": meta.Read, "update": meta.Update}[p.next()]
	case meta.OpExists, meta.OpCount, meta.OpSum, meta.OpMin, meta.OpMax, meta.OpAvg, meta.OpFind:
		x.Args = append(x.Args, p.expr())
		x.Var = p.next()
		p.names = append(p.names, x.Var)
	}
	for p.tokens[0] != ")" {
		x.Args = append(x.Args, p.expr())
	}
	p.next()
	return x
}

func (p *parser) atom(token string) *meta.Expr {
	given := strings.HasPrefix(token, "?")
	text := strings.TrimPrefix(token, "?")
	var value any = strings.Trim(text, "'")
	n, notNumber := strconv.ParseInt(text, 10, 64)
	path := strings.Split(text, ".")
	switch {
	case text == "null":
		return meta.Null()
	case text == "true":
		return meta.True()
	case text == "now":
		return meta.Now()
	case notNumber == nil:
		value = n
	case text[0] == '\'':
	case text == "this":
		return meta.This()
	case path[0] == "viewer":
		return meta.Viewer(path[1:]...)
	case path[0] == "old":
		return meta.Old(path[1:]...)
	case contains(p.names, path[0]):
		return meta.Var(path[0], path[1:]...)
	default:
		return meta.This(path...)
	}
	x := meta.Const(value)
	if given {
		p.slots[x] = len(p.slots)
	}
	return x
}

func goldenBackend() *meta.Backend {
	fields := func(fields ...*meta.Field) []*meta.Field {
		return append([]*meta.Field{
			{Name: "id", Kind: meta.ID, Column: "id", Auto: true},
			{Name: "createdAt", Kind: meta.DateTime, Column: "created_at", Auto: true},
		}, fields...)
	}
	rule := func(line string) *meta.Expr {
		p := &parser{tokens: strings.Fields(strings.NewReplacer("(", " ( ", ")", " ) ").Replace(line))}
		return p.expr()
	}
	rules := func(text ...string) (rules []meta.Rule) {
		for _, line := range text {
			rules = append(rules, meta.Rule{When: rule(line), Source: line})
		}
		return rules
	}
	return &meta.Backend{
		Account: &meta.Account{Entity: "User"},
		Enums:   []*meta.Enum{{Name: "Status", Values: []string{"OPEN", "DONE"}}},
		Entities: []*meta.Entity{
			{Name: "Bookmark", Table: "bookmarks", Key: "id", Fields: fields(
				&meta.Field{Name: "user", Kind: meta.Reference, Type: "User", Column: "user_id"},
				&meta.Field{Name: "article", Kind: meta.Reference, Type: "Article", Column: "article_id"},
			), Allow: meta.Allow{Read: rules("(eq user viewer)")}},
			{Name: "User", Table: "users", Key: "id", Fields: fields(
				&meta.Field{Name: "name", Kind: meta.String, Column: "name", Search: true},
				&meta.Field{Name: "email", Kind: meta.Email, Column: "email", Allow: meta.Allow{Read: rules("(eq this viewer)")}},
				&meta.Field{Name: "role", Kind: meta.String, Column: "role"},
				&meta.Field{Name: "active", Kind: meta.Boolean, Column: "active"},
				&meta.Field{Name: "zone", Kind: meta.TimeZone, Column: "zone"},
				&meta.Field{Name: "team", Kind: meta.Reference, Type: "Team", Column: "team_id", Null: true},
			), Allow: meta.Allow{Read: rules("active", "(eq this viewer)")}},
			{Name: "Team", Table: "teams", Key: "id", Fields: fields(
				&meta.Field{Name: "owner", Kind: meta.Reference, Type: "User", Column: "owner_id"},
				&meta.Field{Name: "open", Kind: meta.Boolean, Column: "open"},
				&meta.Field{Name: "members", Kind: meta.List, Type: "User", Inverse: "team"},
			), Allow: meta.Allow{Read: rules("true"), Update: rules("(eq owner viewer)")}},
			{Name: "Article", Table: "articles", Key: "id", Fields: fields(
				&meta.Field{Name: "title", Kind: meta.String, Column: "title", Search: true},
				&meta.Field{Name: "status", Kind: meta.EnumKind, Type: "Status", Column: "status"},
				&meta.Field{Name: "author", Kind: meta.Reference, Type: "User", Column: "author_id"},
				&meta.Field{Name: "editor", Kind: meta.Reference, Type: "User", Column: "editor_id", Null: true},
				&meta.Field{Name: "price", Kind: meta.Value, Fields: []*meta.Field{{Name: "amount", Kind: meta.Decimal, Column: "price_amount", Digits: 9, Scale: 2}}},
				&meta.Field{Name: "rate", Kind: meta.Decimal, Column: "rate"},
				&meta.Field{Name: "stars", Kind: meta.Int, Column: "stars", Null: true},
				&meta.Field{Name: "secret", Kind: meta.String, Column: "secret", Search: true, Allow: meta.Allow{Read: rules("(eq author viewer)")}},
				&meta.Field{Name: "takes", Kind: meta.Duration, Column: "takes"},
				&meta.Field{Name: "readers", Kind: meta.List, Type: "User", Join: &meta.JoinTable{Table: "bookmarks", From: "article_id", To: "user_id", Through: "Bookmark"}},
				&meta.Field{Name: "liked", Kind: meta.Boolean, Computed: rule("(exists fans f (eq f viewer))")},
				&meta.Field{Name: "saves", Kind: meta.Int, Computed: rule("(call size readers)")},
				&meta.Field{Name: "loved", Kind: meta.Boolean, Computed: rule("(and liked (gt saves 3))")},
				&meta.Field{Name: "worth", Kind: meta.Decimal, Computed: rule("(mul price.amount saves)")},
				&meta.Field{Name: "mean", Kind: meta.Float, Null: true, Computed: rule("(avg comments c true c.words)")},
				&meta.Field{Name: "lead", Kind: meta.Reference, Type: "User", Null: true, Computed: rule("(find comments c (gt c.words 9) c.author)")},
				&meta.Field{Name: "hot", Kind: meta.Boolean, Computed: rule("(gt saves 9)"), Allow: meta.Allow{Read: rules("(eq author viewer)")}},
				&meta.Field{Name: "series", Kind: meta.Reference, Type: "Series", Column: "series_id"},
				&meta.Field{Name: "shelves", Kind: meta.List, Type: "Series", Join: &meta.JoinTable{Table: "shelves", From: "article_id", To: "series_id"}},
				&meta.Field{Name: "endsAt", Kind: meta.DateTime, Column: "ends_at", Null: true},
				&meta.Field{Name: "labels", Kind: meta.String, Repeated: true, Column: "labels"},
				&meta.Field{Name: "days", Kind: meta.EnumKind, Type: "Status", Repeated: true, Null: true, Column: "days"},
				&meta.Field{Name: "costs", Kind: meta.Decimal, Repeated: true, Column: "costs", Digits: 9, Scale: 2, Allow: meta.Allow{Read: rules("(eq author viewer)")}},
				&meta.Field{Name: "dueOn", Kind: meta.Date, Column: "due_on", Null: true},
				&meta.Field{Name: "opens", Kind: meta.Time, Column: "opens"},
				&meta.Field{Name: "comments", Kind: meta.List, Type: "Comment", Inverse: "article"},
				&meta.Field{Name: "fans", Kind: meta.List, Type: "User", Join: &meta.JoinTable{Table: "fans", From: "article_id", To: "user_id"}},
			), Allow: meta.Allow{Read: rules("(eq status 'DONE')", "(eq author viewer)")}},
			{Name: "Series", Table: "series", Key: "id", SoftDelete: true, Fields: fields(
				&meta.Field{Name: "title", Kind: meta.String, Column: "title"},
				&meta.Field{Name: "parts", Kind: meta.List, Type: "Part", Inverse: "series"},
			), Allow: meta.Allow{Read: rules("true")}},
			{Name: "Part", Table: "parts", Key: "id", Fields: fields(
				&meta.Field{Name: "series", Kind: meta.Reference, Type: "Series", Column: "series_id", OnDelete: meta.Cascade},
				&meta.Field{Name: "text", Kind: meta.String, Column: "text"},
			), Allow: meta.Allow{Read: rules("true")}},
			{Name: "Comment", Table: "comments", Key: "id", Fields: fields(
				&meta.Field{Name: "article", Kind: meta.Reference, Type: "Article", Column: "article_id"},
				&meta.Field{Name: "author", Kind: meta.Reference, Type: "User", Column: "author_id"},
				&meta.Field{Name: "words", Kind: meta.Int, Column: "words"},
				&meta.Field{Name: "text", Kind: meta.String, Column: "text", Search: true},
				&meta.Field{Name: "order", Kind: meta.Int, Column: "order"},
			), Allow: meta.Allow{Read: rules("(can read article)")}},
		},
	}
}
