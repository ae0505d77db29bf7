package main

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// mayImport says which package may import which others of this repository, in the manner of go/build/deps_test.go. A
// new arrow is a change to this table and to doc/architecture.md, in one commit. "x/..." is x and all below it.
//
// The tool and the runtime never meet but in oracle, which compares them with a reference and which nothing imports. Emitters never see design; no stage imports
// pipeline or a door. In the runtime, all reading and writing goes through kit/query, and only what main imports by name
// knows a driver or an exporter.
const mayImport = `
diag:
design:           diag
model:            diag
schema:
model/build:      diag design model schema
recipe:           design diag model/build
migrate:          schema
pgsql:
optimize:         pgsql
breaking:         model emit/door
facts:            diag schema
lift/sql:         facts schema
lift/golang:      facts schema lift/sql
lift/prisma:      facts schema
lift/typescript/syntax:
lift/typescript:  facts schema lift/sql lift/prisma lift/typescript/syntax
lift/graphql:     facts
lift/openapi:     facts
review/...:       facts schema review/...
assess/...:       facts schema assess/...
emit/...:         diag model emit/...
internal/child:
internal/applike:
internal/graph:
internal/designs:
internal/pgtest:
internal/slowshop:
pipeline:         breaking recipe diag design model model/build schema migrate emit emit/... optimize pgsql facts lift/... review review/... assess internal/child internal/graph
agent/tool:       diag model migrate recipe pipeline review/rule
agent/mcp:        agent/tool
agent/install:    model pipeline recipe
agent/loop:       agent/tool
pipeline/dev:     diag model pipeline internal/child
pipeline/vet:     facts lift/golang review review/rule
cli:              agent/... recipe diag model migrate pipeline pipeline/dev pipeline/vet review/... assess assess/... internal/child
.:                cli

kit:
kit/meta:
kit/sqldb:
kit/mail:
kit/migrate:
kit/docs:
kit/playground:
kit/input:        kit kit/meta
kit/feed:         kit kit/meta kit/sqldb
kit/query:        kit kit/feed kit/input kit/meta kit/sqldb
kit/typed:        kit kit/meta kit/query
kit/telemetry:    kit kit/meta kit/sqldb
kit/problem:      kit kit/input kit/telemetry
kit/internal/...: kit kit/feed kit/input kit/internal/fields kit/internal/media kit/meta kit/query kit/sqldb
kit/rest:         kit kit/input kit/internal/... kit/meta kit/problem kit/query kit/telemetry
kit/grpc:         kit kit/input kit/internal/... kit/meta kit/problem kit/query kit/telemetry
kit/graphql:      kit kit/feed kit/input kit/internal/... kit/meta kit/problem kit/query kit/telemetry kit/playground
kit/account:      kit kit/input kit/internal/body kit/internal/media kit/internal/throttle kit/mail kit/meta kit/problem kit/query kit/sqldb kit/telemetry
kit/server:       kit kit/account kit/docs kit/feed kit/graphql kit/input kit/internal/body kit/internal/coding kit/internal/fields kit/internal/lasting kit/internal/tenant kit/internal/throttle kit/mail kit/meta kit/migrate kit/playground kit/problem kit/query kit/rest kit/sqldb kit/telemetry

kit/sqlite:       kit kit/sqldb
kit/postgres:     kit kit/sqldb
kit/mail/smtp:    kit/mail
kit/prometheus:   kit/sqldb kit/telemetry
kit/otlp:         kit/telemetry

oracle: diag design model model/build emit migrate kit kit/...
oracle/mutants:

kit/designtest:           kit/server kit/sqldb kit/sqlite
kit/openapitest:
kit/kittest:              kit kit/internal/tenant kit/meta kit/sqldb kit/sqlite kit/postgres
kit/internal/doortest:    kit kit/feed kit/kittest kit/meta kit/query kit/sqldb
`

// mayRequire says which packages may import which libraries (doc/decisions/0007-dependencies.md). A library that is
// not here is a decision to be taken.
const mayRequire = `
github.com/vektah/gqlparser/v2:  breaking design lift/graphql kit/graphql kit/graphql/... oracle
cel.dev/cel-go:                  model/build oracle
ariga.io/atlas:                  migrate
github.com/alecthomas/kong:      cli
golang.org/x/term:               cli
golang.org/x/mod:                pipeline lift/golang
golang.org/x/tools/go/ast/astutil: review/mend
golang.org/x/tools/go/analysis: pipeline/vet
golang.org/x/tools/txtar:        oracle
github.com/rogpeppe/go-internal: pipeline
go.yaml.in/yaml/v3:              emit/openapi
github.com/getkin/kin-openapi:   breaking kit/openapitest
github.com/santhosh-tekuri/jsonschema: kit/openapitest
github.com/oasdiff/oasdiff:      breaking
github.com/fsnotify/fsnotify:    pipeline/dev
github.com/modelcontextprotocol/go-sdk: agent/mcp
github.com/wasilibs/go-pgquery:  pgsql
github.com/bufbuild/protocompile: breaking emit/proto
google.golang.org/protobuf:      breaking emit/proto lift/golang kit/grpc oracle

connectrpc.com/connect:          kit/grpc
connectrpc.com/grpchealth:       kit/grpc
connectrpc.com/grpcreflect:      kit/grpc
google.golang.org/genproto/googleapis/rpc: kit/grpc oracle
github.com/google/uuid:          kit kit/...
github.com/shopspring/decimal:   kit kit/...
golang.org/x/sync:               kit/...
golang.org/x/text:               kit/... oracle
golang.org/x/time:               kit/...
go.opentelemetry.io/otel:        kit/...
go.opentelemetry.io/contrib:     kit/...
golang.org/x/crypto:             kit/account
github.com/golang-jwt/jwt/v5:    kit/account
github.com/klauspost/compress:   kit/grpc kit/internal/coding
github.com/pressly/goose/v3:     kit/migrate
github.com/coder/websocket:      kit/graphql oracle
github.com/jackc/pgx/v5:         optimize kit/postgres
modernc.org/sqlite:              optimize kit/sqlite internal/slowshop
modernc.org/libc:                optimize
github.com/wneessen/go-mail:     kit/mail/smtp
github.com/swaggest/swgui:       kit/docs
github.com/prometheus:           kit/prometheus
go.opentelemetry.io/otel/exporters/otlp: kit/otlp
`

func TestImports(t *testing.T) {
	packages := importsOf(t)
	allowed, libraries := table(mayImport), table(mayRequire)
	for _, name := range sortedKeys(packages) {
		rule, found := ruleFor(allowed, name)
		if !found {
			t.Errorf("%s: is not in the table", name)
			continue
		}
		for _, imported := range packages[name] {
			inside, isOurs := ours(imported)
			switch {
			case isOurs && (inside == name || matches(rule, inside)):
			case isOurs:
				t.Errorf("%s imports %s, which the table does not allow", name, inside)
			default:
				checkLibrary(t, libraries, name, imported)
			}
		}
	}
}

func checkLibrary(t *testing.T, libraries map[string][]string, name, imported string) {
	if first, _, _ := strings.Cut(imported, "/"); !strings.Contains(first, ".") {
		return // the standard library
	}
	for library := imported; library != "."; library = path.Dir(library) {
		if users, found := libraries[library]; found {
			if !matches(users, name) {
				t.Errorf("%s imports %s, which is for %v", name, imported, users)
			}
			return
		}
	}
	t.Errorf("%s imports %s, a library that is not in the table", name, imported)
}

// importsOf reads what each package of the tool and of the runtime imports, without its tests.
func importsOf(t *testing.T) map[string][]string {
	packages := map[string][]string{}
	err := filepath.WalkDir(".", func(file string, entry fs.DirEntry, err error) error {
		name := entry.Name()
		switch {
		case err != nil:
			return err
		case entry.IsDir() && file != "." && (strings.HasPrefix(name, ".") || slices.Contains([]string{"testdata", "examples", "bench", "node_modules"}, name)):
			return filepath.SkipDir
		case entry.IsDir(), !strings.HasSuffix(name, ".go"), strings.HasSuffix(name, "_test.go"):
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		folder := path.Dir(filepath.ToSlash(file))
		for _, spec := range parsed.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if !slices.Contains(packages[folder], imported) {
				packages[folder] = append(packages[folder], imported)
			}
		}
		if packages[folder] == nil {
			packages[folder] = []string{}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return packages
}

// ours shortens an import path of this repository to its folder.
func ours(imported string) (folder string, is bool) {
	const module = "github.com/fettlehq/fettle"
	if imported == module {
		return ".", true
	}
	return strings.CutPrefix(imported, module+"/")
}

func table(text string) map[string][]string {
	rules := map[string][]string{}
	for line := range strings.Lines(text) {
		if name, rule, found := strings.Cut(line, ":"); found {
			rules[name] = strings.Fields(rule)
		}
	}
	return rules
}

// ruleFor finds the rule of a package: its own, else that of the nearest folder above.
func ruleFor(rules map[string][]string, name string) ([]string, bool) {
	if rule, found := rules[name]; found {
		return rule, true
	}
	for folder := name; folder != "."; folder = path.Dir(folder) {
		if rule, found := rules[folder+"/..."]; found {
			return rule, true
		}
	}
	return nil, false
}

func matches(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		folder, below := strings.CutSuffix(pattern, "/...")
		return name == folder || below && strings.HasPrefix(name, folder+"/")
	})
}

func sortedKeys(m map[string][]string) []string {
	var keys []string
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
