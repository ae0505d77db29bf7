package emit_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/fettlehq/fettle/design"
	"github.com/fettlehq/fettle/emit"
	"github.com/fettlehq/fettle/migrate"
	"github.com/fettlehq/fettle/model"
	"github.com/fettlehq/fettle/model/build"
)

// everyKind is a design with a field of every kind, and with names that mean something else in Go.
var everyKind = []design.Source{{Name: "design/things.graphql", Text: `
extend schema @backend(name: "shop", module: "example.com/shop", clients: [GO, TYPESCRIPT])
scalar Isbn @format(pattern: "^[0-9]{13}$")
enum Kind { A B_C lower }
type Part { text: String, count: Int!, kind: Kind!, when: DateTime, data: JSON, cost: Decimal! }
type User @entity @account(login: email) @allow(do: READ, when: "this == viewer") { email: Email! @unique, name: String! }
type Thing @entity @allow(do: [READ, CREATE, UPDATE, DELETE], when: "true")
  @noOverlap(from: instant, until: instantOr, per: [user, kind], when: "yes", code: TAKEN) {
  number: Int! @key
  nth: Int! @default(from: "next()"), nthOf: Int64 @default(from: "next(user)")
  text: String! @search, textOr: String @search
  count: Int!, countOr: Int, countElse: Int! @default(value: 3)
  large: Int64!, largeOr: Int64
  float: Float!, floatOr: Float
  yes: Boolean!, yesOr: Boolean
  decimal: Decimal!, decimalOr: Decimal
  instant: DateTime!, instantOr: DateTime
  date: Date!, dateOr: Date
  time: Time!, timeOr: Time
  duration: Duration!, durationOr: Duration
  uuid: UUID!, uuidOr: UUID
  email: Email!, emailOr: Email
  url: URL!, urlOr: URL
  json: JSON!, jsonOr: JSON
  bytes: Bytes!, bytesOr: Bytes
  zone: TimeZone!, zoneOr: TimeZone
  country: Country!, countryOr: Country
  currency: Currency!, currencyOr: Currency
  isbn: Isbn!, isbnOr: Isbn
  kind: Kind!, kindOr: Kind @flow(from: A, to: [B_C, lower]) @flow(from: B_C, to: lower)
  part: Part!, partOr: Part
  user: User!, userOr: User
  labels: [String!]! @length(max: 20), labelsOr: [Isbn!], counts: [Int!]! @default(value: [1, 2]), larges: [Int64!], floats: [Float!] @default(value: [0.5])
  decimals: [Decimal!]!, instants: [DateTime!]!, dates: [Date!], spans: [Duration!]!, kinds: [Kind!]! @default(value: [A, lower]), uuids: [UUID!]!, flags: [Boolean!]!
  owner: User! @default(from: "viewer") @readOnly
  others: [Thing!]! @length(max: 5)
  which: Which!, whichOr: Which
  made: Int! @computed, madeOr: Kind @computed, mades: [Decimal!]! @computed, madeAt: DateTime @computed, madeJson: JSON @computed
  type: String!, func: String!, error: String!, string: String!, kit: String!, query: String!, meta: String!, len: String!
}
union Which = User | Kept
type Kept @entity @softDelete(keep: "36h") @history @allow(do: [READ, DELETE], when: "true") { thing: Thing!, by: Kept @onDelete(do: RESTRICT), parts: [Piece!]! }
type Piece @entity @allow(do: READ, when: "true") { kept: Kept! @onDelete(do: CASCADE) }
type ThingOrder @entity @allow(do: [READ, CREATE], when: "true") { x: Int }
type ThingRequest @entity @allow(do: [READ, CREATE], when: "true") { x: Int }
type ThingResponse @entity @allow(do: [READ, CREATE], when: "true") { x: ThingRequest }
type StringFilter @entity @allow(do: [READ, CREATE], when: "true") { x: Int }
type DateList @entity @allow(do: [READ, CREATE], when: "true") { x: Int }
input In { type: String!, thing: ID!, things: [ID!]!, thingOr: ID @ref(entity: Thing), kind: Kind, kinds: [Kind!]!, list: [String!], nested: [Deep!] }
input Deep { text: String!, kind: Kind, when: [DateTime!] }
`}, {Name: "design/query.graphql", Text: `
type Word @entity @allow(do: READ, when: "true") { text: String! @key @search }
extend type Query {
  plain(ctx: String!, tx: Int!, in: Boolean!, err: Float, result: DateTime, args: [Int!], func: UUID, kit: JSON, ops: Bytes, error: Date): String! @allow(when: "true")
  whole(input: In!): Thing @allow(when: "true")
  several(thing: ID!, word: ID!, user: ID): [Thing!]! @allow(when: "true")
  texts(kinds: [Kind!]!): [String!]! @allow(when: "true")
  part: Part @allow(when: "true")
  parts: [Part!] @allow(when: "true")
  kind: Kind! @allow(when: "true")
  kindOr: Kind @allow(when: "true")
  count: Int! @allow(when: "true")
  countOr: Int @allow(when: "true")
  date: Date! @allow(when: "true")
  time: Time! @allow(when: "true")
  duration: Duration! @allow(when: "true")
  amount: Decimal! @allow(when: "true")
  bytes: Bytes! @allow(when: "true")
  json: JSON @allow(when: "true")
}
`}}

// What is written for a design builds, with a stub for each operation.
func TestCompiles(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a service")
	}
	m := parse(t, everyKind)
	dir := t.TempDir()
	writeService(t, dir, m)
	vet(t, dir)
}

// Of the designs that are the measure of the language, those of which all is built but what waits for events, tasks and
// caches build without that.
func TestDesignsCompile(t *testing.T) {
	if testing.Short() {
		t.Skip("builds services")
	}
	for _, name := range []string{"2-marketplace", "3-conduit"} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			writeService(t, dir, parse(t, measure(t, name)))
			vet(t, dir)
		})
	}
}

// measure is one of the designs without what is built later.
func measure(t *testing.T, name string) []design.Source {
	text := read(t, "../design/testdata/designs/"+name+".graphql")
	for _, later := range laterParts {
		text = later.ReplaceAllString(text, "")
	}
	return []design.Source{{Name: "design/" + name[2:] + ".graphql", Text: text}}
}

var laterParts = []*regexp.Regexp{
	regexp.MustCompile(`(?ms)^extend type (Task|External) \{.*?^\}\n`),
	regexp.MustCompile(`(?ms)^(?:"[^"\n]*"\n)?type \w+ @event[^{]*\{.*?\}\n`),
	regexp.MustCompile(` @(emits|signed|cache)\([^)]*\)`),
	regexp.MustCompile(` @idempotent\(key: "[^"]*"\)`),
	regexp.MustCompile(`, machines: true`),
	regexp.MustCompile(`(?m)^  \w+: \[?File[]!]*( .*)?\n`),
}

// A missing operation breaks the build at the interface.
func TestMissingOperation(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a service")
	}
	m := parse(t, everyKind)
	dir := t.TempDir()
	writeService(t, dir, m)
	business := filepath.Join(dir, "query", "query.go")
	text, err := os.ReadFile(business)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(business, []byte(strings.Replace(string(text), "Business) Whole(", "Business) Other(", 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := run(dir, "build", "./query")
	if err == nil || !strings.Contains(out, "query.go:") || !strings.Contains(out, "missing method Whole") {
		t.Errorf("%v\n%s", err, out)
	}
}

func writeService(t *testing.T, dir string, m *model.Model) {
	t.Helper()
	kit, err := filepath.Abs("../kit")
	if err != nil {
		t.Fatal(err)
	}
	mod := strings.Replace(read(t, filepath.Join(kit, "go.mod")), "module github.com/fettlehq/fettle/kit", "module "+m.GoModule, 1)
	mod += "require github.com/fettlehq/fettle/kit v0.0.0\nreplace github.com/fettlehq/fettle/kit => " + kit + "\n"
	files, _ := emit.All(m, nil)
	files = append(files,
		emit.File{Path: "go.mod", Content: []byte(mod)},
		emit.File{Path: "go.sum", Content: []byte(read(t, filepath.Join(kit, "go.sum")))})
	plan, err := migrate.Between(nil, build.Schema(m), migrate.Options{Service: m.Name})
	if err != nil {
		t.Fatal(err)
	}
	for path, content := range migrate.Files(plan, 1, "") {
		files = append(files, emit.File{Path: path, Content: content})
	}
	for _, f := range files {
		path := filepath.Join(dir, filepath.FromSlash(f.Path))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, f.Content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func vet(t *testing.T, dir string) {
	t.Helper()
	if out, err := run(dir, "vet", "./..."); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// run calls the go command in a folder, with the packages that the module cache holds.
func run(dir string, args ...string) (string, error) {
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=readonly", "GOWORK=off")
	out, err := cmd.CombinedOutput()
	return string(out), err
}
