package golang

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strings"

	"github.com/fettlehq/fettle/emit/door"
	"github.com/fettlehq/fettle/model"
)

// appFile ties the modules to a service. A module whose operations are left out does not compile.
func appFile(m *model.Model) string {
	var params, given, nothing []string
	for _, module := range modules(m) {
		q := qualifier(module)
		if !operated(module) {
			given = append(given, q+".Module()")
			nothing = append(nothing, q+".Module()")
			continue
		}
		param := q + "Operations"
		params = append(params, param+" "+q+".Operations")
		given = append(given, q+".Module("+param+")")
		nothing = append(nothing, q+".Module(nil)")
	}
	p := &printer{}
	p.comment("Package app puts the modules of " + m.Name + " together.")
	p.f("package app")
	p.f("")
	p.f("// The service was generated for this generation of kit.")
	p.f("const _ = kit.Generated1")
	p.f("")
	p.comment("New is the service, with the business operations of each module. Drivers, mail and metrics are for main to choose.")
	p.f("func New(%s) server.Service {", strings.Join(params, ", "))
	p.f("modules := []query.Module{")
	for _, g := range given {
		p.f("%s,", g)
	}
	p.f("}")
	p.f("handlers := map[string]query.Handler{}")
	p.f("for _, m := range modules { maps.Copy(handlers, m.Handlers) }")
	p.f("return server.Service{")
	p.f("Name: %q,", m.Name)
	p.f("Backend: backend(modules),")
	p.f("Handlers: handlers,")
	p.f("OpenAPI: api.OpenAPI,")
	p.f("SDL: api.GraphQL,")
	p.f("Descriptors: api.Descriptors,")
	p.f("Migrations: migrations.FS,")
	p.f("}")
	p.f("}")
	p.f("")
	p.comment("Backend is the metadata of all modules.")
	p.f("func Backend() *meta.Backend {")
	p.f("return backend([]query.Module{%s})", strings.Join(nothing, ", "))
	p.f("}")
	p.f("")
	p.f("func backend(modules []query.Module) *meta.Backend {")
	p.f("b := &meta.Backend{")
	p.f("Name: %q,", m.Name)
	if a := m.Account; a != nil {
		p.f("Account: &meta.Account%s,", accountMeta(a))
	}
	if t := m.Tenant; t != nil {
		p.f("Tenant: &meta.Tenant{Entity: %q, By: %s, When: %s},", t.Entity.Name, tenantsBy[t.By], expression(t.When))
	}
	p.f("}")
	p.f("for _, m := range modules {")
	p.f("b.Entities = append(b.Entities, m.Entities...)")
	p.f("b.Enums = append(b.Enums, m.Enums...)")
	p.f("b.Structs = append(b.Structs, m.Structs...)")
	p.f("b.Events = append(b.Events, m.Events...)")
	p.f("b.Operations = append(b.Operations, m.Operations...)")
	if len(door.Subscriptions(m)) > 0 {
		p.f("b.Subscriptions = append(b.Subscriptions, m.Subscriptions...)")
	}
	p.f("}")
	p.f("return b")
	p.f("}")
	return p.String()
}

func accountMeta(a *model.Account) string {
	var l literals
	l.text("Entity", a.Entity.Name)
	l.text("Login", a.Login.Name)
	if verify := verifies[a.Verify]; verify != "" {
		l.part("Verify", verify)
	}
	names := make([]string, len(a.Fields))
	for i, f := range a.Fields {
		names[i] = f.Name
	}
	if len(names) > 0 {
		l.part("Fields", "[]string{"+quoted(names...)+"}")
	}
	return l.String()
}

var tenantsBy = map[model.TenantBy]string{
	model.ByPath:      "meta.ByPath",
	model.ByHeader:    "meta.ByHeader",
	model.BySubdomain: "meta.BySubdomain",
}

var verifies = map[model.Verify]string{
	model.BeforeSignIn: "meta.BeforeSignIn",
	model.Later:        "meta.Later",
	model.Never:        "meta.Never",
}

func apiFile(m *model.Model) string {
	p := &printer{}
	p.f("// Package api holds the contracts of %s.", m.Name)
	p.f("package api")
	p.f("")
	p.f("// OpenAPI is the description of the REST door.")
	p.f("//")
	p.f("//go:embed openapi.json")
	p.f("var OpenAPI []byte")
	p.f("")
	p.f("// GraphQL is the schema of the GraphQL door.")
	p.f("//")
	p.f("//go:embed schema.graphql")
	p.f("var GraphQL string")
	p.f("")
	p.f("// Descriptors are those of the gRPC door: a google.protobuf.FileDescriptorSet.")
	p.f("//")
	p.f("//go:embed descriptors.binpb")
	p.f("var Descriptors []byte")
	return p.String()
}

func migrationsFile() string {
	p := &printer{}
	p.f("// Package migrations holds the steps from an empty database to today's, for each kind of database.")
	p.f("package migrations")
	p.f("")
	p.f("// FS has a folder for each kind of database.")
	p.f("//")
	p.f("//go:embed sqlite postgres")
	p.f("var FS embed.FS")
	return p.String()
}

// mainFile is the wiring, which belongs to the team.
func mainFile(m *model.Model) string {
	p := &printer{}
	p.f("// Command %s serves %s. The packages imported here decide what it can speak to.", m.Name, m.Name)
	p.f("package main")
	p.f("")
	p.f("func main() {")
	p.f("service := %s", newService(m))
	p.f("service.Drivers = []sqldb.Driver{sqlite.Driver, postgres.Driver}")
	p.f("service.GRPC = grpc.Open")
	p.f("service.Metrics = prometheus.New()")
	p.f("service.Mail = smtp.Open")
	p.f("os.Exit(server.Main(service, os.Args[1:]))")
	p.f("}")
	return p.String()
}

// newService puts the business code of all modules into the service.
func newService(m *model.Model) string {
	var args []string
	for _, module := range modules(m) {
		if operated(module) {
			args = append(args, qualifier(module)+".New()")
		}
	}
	return "app.New(" + strings.Join(args, ", ") + ")"
}

// Rewired is what the team's main.go, whose text is given, must say once a module has begun or ceased to have operations:
// its imports and the call of app.New. It is empty where that call has as many arguments as there are such modules.
func Rewired(m *model.Model, text []byte) string {
	file, err := parser.ParseFile(token.NewFileSet(), "", text, parser.SkipObjectResolution)
	if err != nil {
		return ""
	}
	given := -1
	ast.Inspect(file, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			if f, ok := call.Fun.(*ast.SelectorExpr); ok && f.Sel.Name == "New" {
				if name, ok := f.X.(*ast.Ident); ok && name.Name == "app" {
					given = len(call.Args)
				}
			}
		}
		return true
	})
	var imports []string
	for _, module := range modules(m) {
		if operated(module) {
			imports = append(imports, fmt.Sprintf("import %q", m.GoModule+"/"+PackageName(module)))
		}
	}
	if given < 0 || given == len(imports) {
		return ""
	}
	return strings.Join(imports, "\n") + "\n\nservice := " + newService(m) + "\n"
}

// scaffold is what a new service has besides its Go packages.
func scaffold(m *model.Model) []File {
	return []File{
		{Path: ".gitignore", Content: []byte("/data/\n/bin/\n"), Team: true},
		{Path: ".graphqlrc.yml", Content: []byte("# The design, for editors with GraphQL support.\nschema: design/*.graphql\n"), Team: true},
		{Path: "README.md", Content: []byte(readme(m)), Team: true},
	}
}

func readme(m *model.Model) string {
	var modules_ []string
	for _, module := range modules(m) {
		modules_ = append(modules_, fmt.Sprintf("| `%s/` | %s |", PackageName(module), about(module)))
	}
	return strings.NewReplacer("NAME", m.Name, "MODULES", strings.Join(modules_, "\n")).Replace(readmeText)
}

func about(m *model.Module) string {
	if m.Doc == "" {
		return "the module " + m.Name
	}
	return strings.Join(strings.Fields(m.Doc), " ")
}

const readmeText = "# NAME\n\n" +
	"A backend written by Fettle from the design in `design/`.\n\n" +
	"    fettle dev        # check, write, migrate, build, serve; again at every save\n" +
	"    go run ./cmd/NAME # serve what is written, on SQLite\n\n" +
	"| folder | what it is |\n|---|---|\n" +
	"| `design/` | the design: one file a module |\n" +
	"MODULES\n" +
	"| `app/` | the modules put together |\n" +
	"| `api/` | the contracts: OpenAPI, GraphQL and Protobuf |\n" +
	"| `migrations/` | the database, step by step |\n" +
	"| `cmd/NAME/` | the wiring |\n\n" +
	"Files named `*.gen.go` are written again by `fettle generate`; the others are yours.\n"
