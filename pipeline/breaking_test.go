package pipeline

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fettlehq/fettle/design"
	"github.com/fettlehq/fettle/diag"
	"github.com/fettlehq/fettle/emit/proto"
)

// yards are designs that have what the rows of the table change; a row is about the first that has it.
var yards = []string{
	// Fields, and what holds.
	`extend schema @backend(name: "yard", module: "example.com/yard")
type User @entity @account(login: email, verify: LATER) @allow(do: UPDATE, when: "true") {
  email: Email! @unique @personal
  name: String! @length(min: 1, max: 80)
}
type Post @entity @page(size: 20, max: 100, order: [createdAt_DESC])
  @unique(fields: [kind, title]) @check(that: "rank == null || rank < 9", code: TOO_HIGH)
  @allow(do: [READ, CREATE, UPDATE], when: "true") {
  slug: String! @key @format(pattern: "^[a-z]+$")
  title: String! @length(min: 3, max: 80) @search
  note: String
  rank: Int @range(min: 1, max: 7)
  price: Decimal @decimal(digits: 8, scale: 2)
  status: Status! @default(value: DRAFT) @flow(from: DRAFT, to: [OPEN, SHUT]) @flow(from: OPEN, to: SHUT)
  kind: Status
  isbn: Isbn
  code: String @format(pattern: "^[A-Z]{3}$")
  since: DateTime! @default(from: "now")
  until: DateTime
  size: Size
  words: [String!]! @length(max: 10)
  double: Int @computed(from: "rank + rank")
  secret: String @writeOnly
  hidden: String @internal
  fixed: String @immutable
  given: String @readOnly
  gone: String @deprecated(reason: "use note") @sunset(on: "2030-01-01")
}
scalar Isbn @format(pattern: "^[0-9]{13}$")
enum Status { DRAFT OPEN SHUT }
type Size { width: Int! height: Int }
`,
	// Entities, and what they have to do with each other.
	`extend schema @backend(name: "yard", module: "example.com/yard")
type User @entity @account(login: email) @allow(do: READ, when: "true") { email: Email! @unique @personal }
type Poem @entity @softDelete(keep: "30d") @history @allow(do: [READ, CREATE, DELETE], when: "true") {
  text: String! @default(value: "-") @allow(do: READ, when: "viewer != null")
  author: User
  comments: [Comment!]!
  fans: [User!]! @through(entity: Fan, from: poem, to: user)
}
type Tag @entity @allow(do: [READ, CREATE, DELETE], when: "true") { name: String! @key(upsert: true) }
type Comment @entity @allow(do: [READ, CREATE], when: "true") {
  poem: Poem! @onDelete(do: CASCADE)
  tag: Tag @onDelete(do: SET_NULL)
  line: String!
}
interface Named { name: String! }
type Cat implements Named @entity @allow(do: [READ, CREATE], when: "true") { name: String! lives: Int! @default(value: 9) }
union Subject = Poem | Comment
type Report @entity @allow(do: [READ, CREATE], when: "true") { subject: Subject! }
type Fan @entity @allow(do: [READ, CREATE], when: "viewer != null ") @unique(fields: [poem, user]) { poem: Poem! user: User! }
`,
	// Tenants.
	`extend schema @backend(name: "yard", module: "example.com/yard")
type Team @entity @tenant(by: HEADER, when: "true") @allow(do: [READ, CREATE], when: "true") { code: String! @key }
type Job @entity @allow(do: [READ, CREATE, UPDATE], when: "true") { team: Team! job: String! @unique(ignoreCase: true) }
`,
	`extend schema @backend(name: "yard", module: "example.com/yard")
type Club @entity @allow(do: [READ, CREATE], when: "true") { code: String! @unique }
type Game @entity @allow(do: [READ, CREATE, UPDATE], when: "true") { club: Club! game: String! @unique }
`,
	// Operations.
	`extend schema @backend(name: "yard", module: "example.com/yard", subgraph: true)
type Song @entity @allow(do: READ, when: "true") { rank: Int }
type Act @entity @allow(do: READ, when: "true") { year: Int }
enum Mood { LOUD LOW }
input Move { by: Int! @range(min: 1, max: 9) why: String to: ID @ref(entity: Song) }
extend type Mutation {
  moveSong(song: ID!, move: Move!): Song! @allow(when: "true") @fails(with: [TOO_FAR])
  shut(song: ID!): Song! @allow(when: "true") @idempotent
  link(row: ID! @ref(entity: Song)): Boolean! @allow(when: "true") @rest(method: PUT, path: "/links/{row}")
}
extend type Query {
  latest(least: Int): [Song!]! @where(that: "rank >= least")
  weigh(word: String! @length(max: 20)): Int! @allow(when: "true")
}
extend type Subscription { told(rank: Int @range(max: 6)): Song! @on(entity: Song, do: [CREATE, UPDATE]) }
`,
}

// evolutions are changes of a design, by the directive or argument that they are about ("+" where it is added, "-" where it goes), as
// replacements, and the doors whose deployed clients they break: R of REST, which the clients in Go and TypeScript use, Q of GraphQL, P of
// gRPC. The empty set is a change that none of them may be told of.
var evolutions = []struct{ about, from, to, breaks string }{
	// What a design consists of.
	{"a field, +", "note: String\n", "note: String\n more: String\n", ""},
	{"a field that must be given, +", "note: String\n", "note: String\n more: String!\n", "RQP"},
	{"a field, -", "  note: String\n", "", "RQP"},
	{"a field's type", "note: String\n", "note: Int\n", "RQP"},
	{"a field that may be null", "line: String!", "line: String", "RQP"},
	{"a field that may not be null", "note: String\n", "note: String!\n", "RQP"},
	{"a list of scalars", "note: String\n", "note: [String!]\n", "RQP"},
	{"a reference's target", "author: User", "author: Tag", "RQP"},
	{"an entity, +", "type Fan ", "type Bird @entity @allow(do: READ, when: \"true\") { wings: Int }\ntype Fan ", ""},
	{"an entity, -", "type Report @entity @allow(do: [READ, CREATE], when: \"true\") { subject: Subject! }\n", "", "RQP"},
	{"a value of an enum, +", "{ DRAFT OPEN SHUT }", "{ DRAFT OPEN SHUT LOST }", "R"},
	{"a value of an enum, -", "DRAFT, to: [OPEN, SHUT]) @flow(from: OPEN, to: SHUT)>{ DRAFT OPEN SHUT }", "DRAFT, to: OPEN)>{ DRAFT OPEN }", "RQP"},
	{"a member of a union, +", "Subject = Poem | Comment", "Subject = Poem | Comment | Tag", "Q"},
	{"a member of a union, -", "Subject = Poem | Comment", "Subject = Poem", "RQP"},
	{"a part of a value object, +", "height: Int }", "height: Int depth: Int }", ""},
	{"a part of a value object, -", "height: Int }", "}", "RQP"},
	{"an argument, +", "weigh(word", "weigh(mood: Mood, word", ""},
	{"an argument that must be given, +", "weigh(word", "weigh(more: Int!, word", "RQP"},
	{"an argument, -", "latest(least: Int): [Song!]! @where(that: \"rank >= least\")", "latest: [Song!]! @where(that: \"rank >= 3\")", "RQP"},
	{"an operation, -", "  shut(song: ID!): Song! @allow(when: \"true\") @idempotent\n", "", "RQP"},
	{"an operation's result", "weigh(word: String! @length(max: 20)): Int!", "weigh(word: String! @length(max: 20)): Int", "RQP"},
	{"a part of an input, +", "why: String", "why: String how: String", ""},
	{"a part of an input that must be given", "why: String", "why: String!", "RQP"},

	// The backend as a whole.
	{"backend(name)", "name: \"yard\"", "name: \"garden\"", "P"},
	{"backend(module)", "example.com/yard", "example.com/garden", ""},
	{"backend(clients)", "module: \"example.com/yard\"", "module: \"example.com/yard\", clients: [GO, TYPESCRIPT]", ""},
	{"backend(subgraph), +", "module: \"example.com/yard\"", "module: \"example.com/yard\", subgraph: true", ""},
	{"backend(subgraph), -", ", subgraph: true", "", "Q"},

	// What a type is.
	{"implements, -", " implements Named", "", "Q"},
	{"entity(plural)", "type Fan @entity", "type Fan @entity(plural: \"fanbase\")", "RQP"},
	{"account(login)", "email: Email! @unique>@account(login: email, verify: LATER)>  name: String! @length(min: 1, max: 80)", "email: Email! @unique(reveals: true)>@account(login: mail, verify: LATER)>  name: String! @length(min: 1, max: 80)\n mail: Email! @unique", "RQP"},
	{"account(verify)", "verify: LATER", "verify: BEFORE_SIGN_IN", "R"},
	{"account(verify), the other way", "verify: LATER", "verify: NEVER", "R"},
	{"tenant(by)", "by: HEADER", "by: PATH", "RQ"},
	{"tenant(by), by a host", "by: HEADER", "by: SUBDOMAIN", "RQ"},
	{"tenant(when)", "HEADER, when: \"true\"", "HEADER, when: \"false\"", "RQP"},
	{"tenant, -", " @tenant(by: HEADER, when: \"true\")", "", "RQP"},
	{"tenant, +", "type Club @entity", "type Club @entity @tenant(by: PATH, when: \"true\")", "RQP"},
	{"history, -", " @history", "", "RQP"},
	{"history, +", "type Fan @entity", "type Fan @entity @history", ""},
	{"softDelete, -", "@softDelete(keep: \"30d\") ", "", "RQP"},
	{"softDelete, +", "type Cat implements Named @entity", "type Cat implements Named @entity @softDelete", ""},
	{"softDelete(keep)", "keep: \"30d\"", "keep: \"60d\"", ""},
	{"db(name)", "note: String\n", "note: String @db(name: \"annotation\")\n", ""},
	{"was(name)", "note: String\n", "remark: String @was(name: note)\n", "RQP"},
	{"was(name) of an entity", "type Cat implements Named @entity", "type Kitten implements Named @entity @was(name: Cat)", "RQP"},
	{"sunset(on)", "2030-01-01", "2031-01-01", ""},
	{"sunset(on), sooner", "2030-01-01", "2027-01-01", "RQP"},
	{"sunset(on), past", "note: String\n", "note: String @deprecated(reason: \"no\") @sunset(on: \"2026-11-01\")\n", "RQP"},
	{"sunset(on), to come", "note: String\n", "note: String @deprecated(reason: \"no\") @sunset(on: \"2026-12-01\")\n", ""},
	{"sunset(since)", "@sunset(on: \"2030-01-01\")", "@sunset(since: \"2026-01-01\", on: \"2030-01-01\")", ""},
	{"sunset(see)", "@sunset(on: \"2030-01-01\")", "@sunset(on: \"2030-01-01\", see: \"https://example.com/old\")", ""},
	{"sunset, -", " @sunset(on: \"2030-01-01\")", "", "R"}, // the time that was promised,
	{"sunset(reason), +", "type Tag @entity ", "type Tag @entity @sunset(reason: \"write Kind\", on: \"2030-01-01\") ", ""},
	{"sunset of a value, +", "SHUT }", "SHUT @deprecated(reason: \"none\") @sunset(on: \"2030-01-01\") }", ""},
	{"deprecated, +", "note: String\n", "note: String @deprecated(reason: \"no\")\n", ""},
	{"deprecated, -", "gone: String @deprecated(reason: \"use note\") @sunset(on: \"2030-01-01\")", "gone: String", ""},

	// Who may do what.
	{"allow(do), -", "[READ, CREATE, DELETE]", "[READ, CREATE]", "RQP"},
	{"allow(do), +", "[READ, CREATE], when: \"true\") { subject", "[READ, CREATE, UPDATE, DELETE], when: \"true\") { subject", ""},
	{"allow(when), of somebody who is signed in", "[READ, CREATE], when: \"true\"", "[READ, CREATE], when: \"viewer != null\"", "RQP"},
	{"allow(when), narrower", "when: \"viewer != null \"", "when: \"viewer == user\"", "RQP"},
	{"allow(when), and one more", "when: \"viewer != null \"", "when: \"viewer != null && user != null\"", "RQP"},
	{"allow(when), or one more", "when: \"viewer != null \"", "when: \"user == null || viewer != null\"", ""},
	{"allow(when), in other words", "when: \"viewer != null \"", "when: \"viewer != null\"", ""},
	{"allow, one more", "@allow(do: [READ, CREATE], when: \"viewer != null \")", "@allow(do: [READ, CREATE], when: \"viewer != null\") @allow(do: READ, when: \"viewer == user\")", ""},
	{"allow on an operation, narrower", "Int! @allow(when: \"true\")", "Int! @allow(when: \"word != ''\")", "RQP"},
	{"allow on a field, READ, +", "line: String!", "line: String! @allow(do: READ, when: \"viewer != null\")", "RQP"},
	{"allow on a field, READ, -", " @allow(do: READ, when: \"viewer != null\")\n", "\n", "P"}, // FIELD_SAME_CARDINALITY of buf,
	{"allow on a field, UPDATE, +", "title: String!", "title: String! @allow(do: UPDATE, when: \"viewer != null\")", "RQP"},
	{"allow on a field, UPDATE, that says what holds", "title: String!", "title: String! @allow(do: UPDATE, when: \"true\")", ""},
	{"allow on an operation, -", "Int! @allow(when: \"true\")", "Int!", "RQP"},
	{"internal, +", "note: String\n", "note: String @internal\n", "RQP"},
	{"internal, -", " @internal", "", ""},
	{"immutable, +", "note: String\n", "note: String @immutable\n", "RQP"},
	{"immutable, -", " @immutable", "", ""},
	{"readOnly, +", "note: String\n", "note: String @readOnly\n", "RQP"},
	{"readOnly, -", " @readOnly", "", ""},
	{"writeOnly, +", "note: String\n", "note: String @writeOnly\n", "RQP"},
	{"writeOnly, -", " @writeOnly", "", ""},
	{"personal, +", "note: String\n", "note: String @personal\n", ""},
	{"personal, -", " @personal", "", ""},

	// What holds.
	{"unique, +", "note: String\n", "note: String @unique\n", "RQP"},
	{"unique of a new field, +", "note: String\n", "note: String\n more: Int @unique\n", ""},
	{"unique, -", "@unique(ignoreCase: true)", "", ""},
	{"unique(fields), more", "[kind, title]", "[kind, title, rank]", ""},
	{"unique(fields), fewer", "[kind, title]", "[title]", "RQP"},
	{"unique(fields), others", "[kind, title]", "[kind, rank]", "RQP"},
	{"unique(when), +", "[kind, title])", "[kind, title], when: \"rank != null\")", ""},
	{"unique(ignoreCase), +", "game: String! @unique", "game: String! @unique(ignoreCase: true)", "RQP"},
	{"unique(ignoreCase)", "@unique(ignoreCase: true)", "@unique", ""},
	{"index(fields)", "type Fan @entity", "type Fan @entity @index(fields: [user, poem])", ""},
	{"index(when)", "type Fan @entity", "type Fan @entity @index(fields: [user], when: \"user != null\")", ""},
	{"check(that), +", "type Cat implements Named @entity", "type Cat implements Named @entity @check(that: \"lives < 10\", code: TOO_MANY)", "RQP"},
	{"check(that)", "rank < 9", "rank < 5", "RQP"},
	{"check(that) of a field, +", "rank: Int @range(min: 1, max: 7)", "rank: Int @range(min: 1, max: 7) @check(that: \"rank != 3\")", "RQP"},
	{"check(that) of a new field, +", "note: String\n", "note: String\n more: Int @check(that: \"more != 3\")\n", ""},
	{"check(that) of a part of an input, +", "by: Int!", "by: Int! @check(that: \"by != 3\")", "RQP"},
	{"check(that) of a value object's part, +", "width: Int!", "width: Int! @check(that: \"width != 3\")", "RQP"},
	{"check(that), wider", "rank == null || rank < 9", "rank == null || rank < 9 || title == 'a'", ""},
	{"check(code)", "code: TOO_HIGH", "code: TOO_MUCH", "RQP"},
	{"check, -", " @check(that: \"rank == null || rank < 9\", code: TOO_HIGH)", "", ""},
	{"noOverlap(from, until), +", "@unique(fields: [kind, title])", "@unique(fields: [kind, title]) @noOverlap(from: since, until: until)", "RQP"},
	{"noOverlap(per), +", "@unique(fields: [kind, title])", "@unique(fields: [kind, title]) @noOverlap(from: since, until: until, per: kind)", "RQP"},
	{"length(min)", "min: 3, max: 80", "min: 5, max: 80", "RQP"},
	{"length(max)", "min: 3, max: 80", "min: 3, max: 60", "RQP"},
	{"length, -", "title: String! @length(min: 3, max: 80)", "title: String!", "R"},
	{"length(max) of an argument", "@length(max: 20)", "@length(max: 10)", "RQP"},
	{"length(max) of a list, +", "comments: [Comment!]!", "comments: [Comment!]! @length(max: 5)", "RQP"},
	{"length(max) of a list, less", "[String!]! @length(max: 10)", "[String!]! @length(max: 5)", "RQP"},
	{"range(min)", "min: 1, max: 7", "min: 2, max: 7", "RQP"},
	{"range(max)", "min: 1, max: 7", "min: 1, max: 6", "RQP"},
	{"range of a part of an input", "min: 1, max: 9", "min: 2, max: 9", "RQP"},
	{"range of a subscription's argument", "@range(max: 6)", "@range(max: 5)", "QP"},
	{"format(pattern), +", "note: String\n", "note: String @format(pattern: \"^[a-z]*$\")\n", "RQP"},
	{"format(pattern)", "^[a-z]+$", "^[a-f]+$", "RQP"},
	{"format(pattern) of a scalar", "{13}", "{10}", "RQP"},
	{"format, -", " @format(pattern: \"^[A-Z]{3}$\")", "", ""},
	{"a scalar", "isbn: Isbn", "isbn: String", "Q"},
	{"format, - of a key", " @format(pattern: \"^[a-z]+$\")", "", ""},
	{"decimal(digits)", "digits: 8", "digits: 6", "RQP"},
	{"decimal(scale)", "digits: 8, scale: 2", "digits: 8, scale: 1", "RQP"},
	{"flow, +", "kind: Status", "kind: Status @flow(from: DRAFT, to: OPEN)", "RQP"},
	{"flow(to), -", "to: [OPEN, SHUT])", "to: OPEN)", "RQP"},
	{"flow(from), -", " @flow(from: OPEN, to: SHUT)", "", "RQP"},
	{"flow(to), +", "@flow(from: OPEN, to: SHUT)", "@flow(from: OPEN, to: [SHUT, DRAFT])", ""},

	// Fields.
	{"key, -", "slug: String! @key", "slug: String!", "RQP"},
	{"key, another", "slug: String! @key>title: String!", "slug: String!>title: String! @key", "RQP"},
	{"key, +", "type Cat implements Named @entity @allow(do: [READ, CREATE], when: \"true\") { name: String!", "type Cat implements Named @entity @allow(do: [READ, CREATE], when: \"true\") { name: String! @key", "RQP"},
	{"key(upsert), -", "@key(upsert: true)", "@key", "RQP"},
	{"key(upsert), +", "code: String! @key", "code: String! @key(upsert: true)", ""},
	{"default(value)", "@default(value: 9)", "@default(value: 7)", "RQP"},
	{"default(value), -", " @default(value: 9)", "", "RQP"},
	{"default(value), +", "note: String\n", "note: String @default(value: \"-\")\n", ""},
	{"default(from)", "since: DateTime! @default(from: \"now\")", "since: DateTime! @default(from: \"now + duration('1h')\")", ""},
	{"default(from), -", "since: DateTime! @default(from: \"now\")", "since: DateTime!", "RQP"},
	{"computed(from)", "rank + rank", "rank * 2", ""},
	{"computed, +", "note: String\n", "note: String @computed(from: \"title\")\n", "RQP"},
	{"search, -", " @search", "", "RQP"},
	{"search, +", "note: String\n", "note: String @search\n", ""},

	// Relations and lists.
	{"onDelete(do), refused", "do: CASCADE", "do: RESTRICT", "RQP"},
	{"onDelete(do), refused where it was cleared", "do: SET_NULL", "do: RESTRICT", "RQP"},
	{"onDelete(do), cleared", "do: SET_NULL", "do: CASCADE", ""},
	{"ref(entity)", "row: ID! @ref(entity: Song)", "row: ID! @ref(entity: Act)", "RQP"},
	{"ref(entity) of a part of an input", "to: ID @ref(entity: Song)", "to: ID @ref(entity: Act)", "RQP"},
	{"through(entity)", "  fans: [User!]! @through(entity: Fan, from: poem, to: user)\n", "", "RQP"},
	{"inverse(field)", "comments: [Comment!]!", "comments: [Comment!]! @inverse(field: poem)", ""},
	{"page(size)", "size: 20", "size: 10", ""},
	{"page(max)", "max: 100", "max: 50", "RQP"},
	{"page(max), more", "max: 100", "max: 200", ""},
	{"page(order)", "[createdAt_DESC]", "[createdAt_ASC]", "RQP"},
	{"page(scan)", "max: 100", "max: 100, scan: true", ""},

	// Operations.
	{"where(that)", "rank >= least", "rank > least", ""},
	{"where(scan)", "\"rank >= least\"", "\"rank >= least\", scan: false", ""},
	{"rest(method)", "method: PUT", "method: POST", "R"},
	{"rest(path)", "/links/{row}", "/refs/{row}", "R"},
	{"fails(with), +", "[TOO_FAR]", "[TOO_FAR, TOO_NEAR]", ""},
	{"fails(with), -", " @fails(with: [TOO_FAR])", "", ""},
	{"fails(as)", "[TOO_FAR])", "[TOO_FAR], as: PAYMENT_REQUIRED)", "RQP"},
	{"idempotent, -", " @idempotent", "", "RQP"},
	{"idempotent, +", "[TOO_FAR])", "[TOO_FAR]) @idempotent", "P"}, // RPC_SAME_IDEMPOTENCY_LEVEL of buf
	{"retryable", "[TOO_FAR])", "[TOO_FAR]) @retryable", ""},
	{"emits(events)", "[TOO_FAR])>type Act ", "[TOO_FAR]) @emits(events: [Moved])>type Moved @event(key: song) { song: Song! }\ntype Act ", ""},
	{"on(do), less", "do: [CREATE, UPDATE])", "do: [CREATE])", "QP"},
	{"on(do), other", "do: [CREATE, UPDATE])", "do: [UPDATE])", "QP"},
	{"on(when)", "do: [CREATE, UPDATE])", "do: [CREATE, UPDATE], when: \"rank != null\")", ""},
}

// doorOf is the door whose clients a code is about. One about what no contract says is about all that the row names.
var doorOf = map[diag.Code]string{BreaksREST: "R", BreaksGraphQL: "Q", BreaksGRPC: "P"}

// A gate that is silent where a client breaks, or tells of a door none of whose clients does, is of no use.
func TestGate(t *testing.T) {
	var versions []*edition
	for _, text := range yards {
		versions = append(versions, evolved(t, nil, text))
	}
	for _, e := range evolutions {
		t.Run(e.about, func(t *testing.T) {
			from := strings.Split(e.from, ">")
			of := slices.IndexFunc(yards, func(yard string) bool {
				return !slices.ContainsFunc(from, func(part string) bool { return !strings.Contains(yard, part) })
			})
			if of < 0 {
				t.Fatalf("no design has %q", from)
			}
			text := yards[of]
			for i, to := range strings.Split(e.to, ">") {
				text = strings.Replace(text, from[i], to, 1)
			}
			told := evolved(t, versions[of], text).problems
			if len(told) == 0 && e.breaks != "" {
				t.Errorf("nothing is told of what breaks %s", e.breaks)
			}
			if strings.Contains(e.breaks, "R") && !slices.ContainsFunc(told, func(p diag.Diagnostic) bool { return p.Code == BreaksREST || p.Code == BreaksPromise }) {
				t.Error("nothing is told of what breaks clients of REST")
			}
			for _, p := range told {
				t.Logf("%s [%s]", p.Message, p.Code)
				if p.Pos.Line == 0 && !strings.HasSuffix(e.about, "-") && !strings.HasPrefix(e.about, "backend(") && !strings.HasPrefix(e.about, "account(") {
					t.Errorf("has no place: %s [%s]", p.Message, p.Code)
				}
				if e.breaks == "" || !strings.Contains(e.breaks, doorOf[p.Code]) {
					t.Errorf("breaks %q, and is told: %s [%s]", e.breaks, p.Message, p.Code)
				}
			}
		})
	}
}

// What one declaration causes is one problem for each door, however many types and answers have it.
func TestGateTellsOnceOfACause(t *testing.T) {
	was := evolved(t, nil, yards[1])
	for _, test := range []struct{ from, to, want string }{
		{"line: String!", "line: String", `
13:3 G006 GET /v1/comments/{id}: the response property leave
13:3 G007 Comment.line: Comment.line was String! and is String (FIELD_TYPE_CHANGED) leave
13:3 G008 Comment.line: line of Comment was single and is optional (FIELD_SAME_CARDINALITY) leave`},
		{"  line: String!\n", "", `
10:6 G006 POST /v1/comments: removed the request property keep
10:6 G007 Comment.line: Comment.line is gone (FIELD_REMOVED), and 9 more that follow keep
10:6 G008 Comment.line: line of Comment is gone (FIELD_NO_DELETE), and 9 more that follow keep`},
		{"name: String! lives: Int! @default(value: 9)", "name: String! lives: Int!", `
16:92 G006 POST /v1/cats: the request property let
16:92 G007 CreateCatInput.lives: CreateCatInput.lives was Int and is Int! (INPUT_TYPE_CHANGED) leave`},
		{"  fans: [User!]! @through(entity: Fan, from: poem, to: user)\n", "", `
3:6 G006 GET /v1/poems/{id}: removed the optional property keep
3:6 G007 Poem.fans: Poem.fans is gone (FIELD_REMOVED), and 1 more that follow keep
3:6 G008 Poem.fans: fans of Poem is gone (FIELD_NO_DELETE), and 1 more that follow keep`},
	} {
		if !strings.Contains(yards[1], test.from) {
			t.Fatalf("the design has no %q", test.from)
		}
		var got strings.Builder
		for _, p := range evolved(t, was, strings.Replace(yards[1], test.from, test.to, 1)).problems {
			text, _, _ := strings.Cut(strings.TrimPrefix(p.Message, "breaks clients: "), " `")
			hint, _, _ := strings.Cut(p.Hint, " ")
			fmt.Fprintf(&got, "\n%d:%d %s %s %s", p.Pos.Line, p.Pos.Column, p.Code, text, hint)
		}
		if got.String() != test.want {
			t.Errorf("%s: told%s\nwant%s", test.from, got.String(), test.want)
		}
	}
}

// What a list gives at most is one thing at all doors.
func TestGateTellsOfPagesAtAllDoors(t *testing.T) {
	told := evolved(t, evolved(t, nil, yards[0]), strings.Replace(yards[0], "max: 100", "max: 50", 1)).problems
	var got []string
	for _, p := range told {
		got = append(got, fmt.Sprintf("%d %s", p.Pos.Line, p.Code))
	}
	if want := []string{"6 G006", "6 G010"}; !slices.Equal(got, want) {
		t.Errorf("told %v, not %v", got, want)
	}
}

// An operation of one door is no place for what another calls the same, and a union is one.
func TestPlacesOfBreaks(t *testing.T) {
	const text = `extend schema @backend(name: "yard", module: "example.com/yard")
type Doc @entity @page(size: 5, max: 50) @allow(do: [READ, CREATE], when: "true") { title: String }
type Tag @entity @allow(do: READ, when: "true") { name: String }
union Subject = Doc | Tag
type Note @entity @allow(do: [READ, CREATE], when: "true") { subject: Subject }
type Space @entity @allow(do: READ, when: "true") { name: String }
extend type Subscription {
  docs: Doc! @on(entity: Doc, do: [CREATE, UPDATE])
  notes: Note! @on(entity: Note, do: CREATE)
}
`
	was := evolved(t, nil, text)
	for _, test := range []struct{ from, to, want string }{
		{"max: 50", "max: 10", "2"},
		{"Doc | Tag", "Doc | Tag | Space", "4"},
		{"Doc | Tag", "Doc", "4 5"},
		{"do: [CREATE, UPDATE]", "do: UPDATE", "8"},
	} {
		var got []string
		for _, p := range evolved(t, was, strings.Replace(text, test.from, test.to, 1)).problems {
			t.Logf("%d: %s [%s]", p.Pos.Line, p.Message, p.Code)
			if line := fmt.Sprint(p.Pos.Line); !slices.Contains(got, line) {
				got = append(got, line)
			}
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("%s instead of %s: told at %v", test.to, test.from, got)
		}
	}
}

// What was said to go by a day, and goes after it, breaks nobody at any door, whatever hangs on it; before that day it does.
func TestWhatEndedMayGo(t *testing.T) {
	const text = `extend schema @backend(name: "yard", module: "example.com/yard")
type Doc @entity @allow(do: [READ, CREATE, UPDATE], when: "true") {
  score: Int @deprecated(reason: "x") @sunset(since: "2026-01-01", on: "2026-10-31")
  mood: Mood @deprecated(reason: "x") @sunset(on: "2026-10-31")
  tag: Tag
  size: Size
  state: State! @default(value: OPEN) @flow(from: OPEN, to: [SHUT, LOST])
  title: String
}
type Note @entity @allow(do: [READ, CREATE], when: "true") { doc: Doc text: String }
type Tag @entity @sunset(reason: "x", on: "2026-10-31") @allow(do: [READ, CREATE], when: "true") { name: String }
type Size { width: Int height: Int @deprecated(reason: "x") @sunset(on: "2026-10-31") }
enum Mood { CALM EAGER }
enum State { OPEN SHUT LOST @deprecated(reason: "x") @sunset(on: "2026-10-31") }
enum Kind { A B @deprecated(reason: "x") @sunset(on: "2026-10-31") }
input Move { by: Int why: String @deprecated(reason: "x") @sunset(on: "2026-10-31") }
extend type Query {
  weigh(word: String, kind: Kind, more: Int @deprecated(reason: "x") @sunset(on: "2026-10-31")): Int! @allow(when: "true")
  old: Int! @allow(when: "true") @deprecated(reason: "x") @sunset(on: "2026-10-31")
}
extend type Mutation { move(doc: ID!, move: Move): Doc! @allow(when: "true") }
`
	later := strings.ReplaceAll(text, "2026-10-31", "2027-10-31")
	was, promised := evolved(t, nil, text), evolved(t, nil, later)
	for _, c := range []struct{ what, from, to string }{
		{"a field that is measured", `  score: Int @deprecated(reason: "x") @sunset(since: "2026-01-01", on: "2026-10-31")` + "\n", ""},
		{"a field and its type", `  mood: Mood @deprecated(reason: "x") @sunset(on: "2026-10-31")` + "\n>enum Mood { CALM EAGER }\n", ">"},
		{"an entity and what leads to it", "  tag: Tag\n>" + `type Tag @entity @sunset(reason: "x", on: "2026-10-31") @allow(do: [READ, CREATE], when: "true") { name: String }` + "\n", ">"},
		{"a part of a value object", ` height: Int @deprecated(reason: "x") @sunset(on: "2026-10-31")`, ""},
		{"a value of a flow", ` LOST @deprecated(reason: "x") @sunset(on: "2026-10-31")>[SHUT, LOST]`, ">SHUT"},
		{"a value", ` B @deprecated(reason: "x") @sunset(on: "2026-10-31")`, ""},
		{"a part of an input", ` why: String @deprecated(reason: "x") @sunset(on: "2026-10-31")`, ""},
		{"an argument", `, more: Int @deprecated(reason: "x") @sunset(on: "2026-10-31")`, ""},
		{"an operation", `  old: Int! @allow(when: "true") @deprecated(reason: "x") @sunset(on: "2026-10-31")` + "\n", ""},
	} {
		t.Run(c.what, func(t *testing.T) {
			without := func(text, on string) string {
				to := strings.Split(c.to, ">")
				for i, from := range strings.Split(c.from, ">") {
					from = strings.ReplaceAll(from, "2026-10-31", on)
					if !strings.Contains(text, from) {
						t.Fatalf("the design has no %q", from)
					}
					text = strings.Replace(text, from, to[i], 1)
				}
				return text
			}
			for _, p := range evolved(t, was, without(text, "2026-10-31")).problems {
				t.Errorf("told: %s [%s]", p.Message, p.Code)
			}
			if told := evolved(t, promised, without(later, "2027-10-31")).problems; len(told) == 0 {
				t.Error("nothing is told of what goes before its day")
			}
		})
	}
	for _, p := range evolved(t, was, strings.Replace(text, "score: Int", "score: String", 1)).problems {
		if p.Code == BreaksREST {
			return
		}
	}
	t.Error("nothing is told of a field that has another type")
}

// edition is a version of a design, with what is told of it against the one before.
type edition struct {
	version
	numbers  proto.Numbers
	problems diag.List
}

func evolved(t *testing.T, before *edition, text string) *edition {
	t.Helper()
	c := check(t.TempDir(), []design.Source{{Name: "design/yard.graphql", Text: text}})
	if len(c.Problems) > 0 {
		t.Fatalf("%v: %s", c.Problems[0].Pos, c.Problems[0].Message)
	}
	e := &edition{version: version{map[string][]byte{}, c.design, c.Model}}
	var numbers proto.Numbers
	if before != nil {
		numbers = before.numbers
		if err := c.against(before.version, numbers, time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)); err != nil {
			t.Fatal(err)
		}
		e.problems = c.Problems
	}
	for _, contract := range contracts {
		e.contracts[contract.path] = contract.emit(c.Model, numbers)
	}
	e.numbers = proto.Emit(c.Model, numbers).Numbers
	return e
}

// Every directive of the language and each of its arguments has a row, unless it is not built or says nothing to clients.
func TestGateKnowsTheLanguage(t *testing.T) {
	prelude, err := os.ReadFile("../design/prelude.graphql")
	if err != nil {
		t.Fatal(err)
	}
	apart := "account(machines) entity(name) service event encrypted upload signed rateLimit cache timeout retry due every rest(method) idempotent(key) on(event) on(entity) " +
		"noOverlap(when) noOverlap(code) unique(reveals) tenant(by) page(order) through(from) through(to)"
	directive := regexp.MustCompile(`(?s)\ndirective @(\w+)(\([^)]*\))?`)
	argument := regexp.MustCompile(`(?m)(\w+): [\w\[]`)
	for _, found := range directive.FindAllStringSubmatch(regexp.MustCompile(`"[^"\n]*"`).ReplaceAllString(string(prelude), ""), -1) {
		wanted := []string{found[1]}
		for _, a := range argument.FindAllStringSubmatch(found[2], -1) {
			wanted = append(wanted, fmt.Sprintf("%s(%s)", found[1], a[1]))
		}
		for _, name := range wanted {
			bare, _, _ := strings.Cut(name, "(")
			if slices.Contains(strings.Fields(apart), name) || slices.Contains(strings.Fields(apart), bare) {
				continue
			}
			if !slices.ContainsFunc(evolutions, func(e struct{ about, from, to, breaks string }) bool {
				return strings.HasPrefix(e.about, name) || strings.Contains(name, "(") && strings.HasPrefix(e.about, bare+"(") && strings.Contains(e.about, strings.Trim(name[len(bare):], "()"))
			}) {
				t.Errorf("no row is about @%s", name)
			}
		}
	}
}
