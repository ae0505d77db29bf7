package typescript

import (
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/lift/typescript/syntax"
)

// known are the libraries whose use tells something, by what they are for and what they lead to.
var known = map[string]facts.Library{
	"@nestjs/core": {Role: "router"}, "next": {Role: "router"}, "express": {Role: "router"}, "fastify": {Role: "router"}, "@trpc/server": {Role: "rpc"}, "@nestjs/graphql": {Role: "rpc"},
	"@prisma/client": {Role: "orm"}, "typeorm": {Role: "orm"}, "mongoose": {Role: "orm", Product: "MongoDB"}, "sequelize": {Role: "orm"}, "knex": {Role: "sql"}, "kysely": {Role: "sql"}, "drizzle-orm": {Role: "orm"},
	"pg": {Role: "driver", Product: "PostgreSQL"}, "mysql2": {Role: "driver", Product: "MySQL"}, "mysql": {Role: "driver", Product: "MySQL"}, "better-sqlite3": {Role: "driver", Product: "SQLite"}, "sqlite3": {Role: "driver", Product: "SQLite"},
	"ioredis": {Role: "cache", Product: "Redis"}, "redis": {Role: "cache", Product: "Redis"}, "bullmq": {Role: "queue", Product: "Redis"}, "amqplib": {Role: "queue", Product: "RabbitMQ"}, "kafkajs": {Role: "queue", Product: "Kafka"},
	"nodemailer": {Role: "mail", Product: "SMTP"}, "stripe": {Role: "payment", Product: "Stripe"}, "@aws-sdk/client-s3": {Role: "cloud", Product: "S3"},
	"winston": {Role: "log"}, "pino": {Role: "log"}, "@opentelemetry/api": {Role: "trace"}, "prom-client": {Role: "metrics"}, "@nestjs/config": {Role: "config"}, "dotenv": {Role: "config"},
	"class-validator": {Role: "validation"}, "zod": {Role: "validation"}, "joi": {Role: "validation"}, "passport": {Role: "auth"}, "jsonwebtoken": {Role: "auth"}, "@nestjs/jwt": {Role: "auth"},
	"jest": {Role: "test"}, "vitest": {Role: "test"}, "supertest": {Role: "test"},
}

// findPackages tells the folders of the code as packages: what each imports and declares.
func (l *lifter) findPackages() {
	byDir := map[string]*facts.Package{}
	imports, libraries := map[string]map[string]facts.Pos{}, map[string]map[string]facts.Pos{}
	for _, f := range l.order {
		dir := path.Dir(f.name)
		p := byDir[dir]
		if p == nil {
			p = &facts.Package{Path: dir, Dir: dir, Name: path.Base(dir), Unit: l.unit(dir), Aside: f.aside}
			byDir[dir], imports[dir], libraries[dir] = p, map[string]facts.Pos{}, map[string]facts.Pos{}
		}
		p.Files++
		p.Lines += strings.Count(f.tree.Text, "\n")
		if p.Aside != f.aside {
			p.Aside = ""
		}
		for _, s := range f.tree.Body {
			if i, is := s.(*syntax.Import); is {
				l.importOf(f, dir, i, imports, libraries)
			}
		}
		p.Types = append(p.Types, l.typesOf(f)...)
	}
	used := map[string]*facts.Library{}
	for _, dir := range slices.Sorted(maps.Keys(byDir)) {
		p := byDir[dir]
		for _, name := range slices.Sorted(maps.Keys(imports[dir])) {
			p.Imports = append(p.Imports, facts.Import{Path: name, Pos: imports[dir][name]})
		}
		p.Libraries = slices.Sorted(maps.Keys(libraries[dir]))
		for _, name := range p.Libraries {
			lib := used[name]
			if lib == nil {
				made := known[name]
				made.Path, made.Pos, made.Version = name, libraries[dir][name], l.version(p.Unit, name)
				lib = &made
				used[name] = lib
			}
			lib.Packages = append(lib.Packages, dir)
		}
		l.facts.Packages = append(l.facts.Packages, p)
	}
	l.facts.Coverage.Packages = len(byDir)
	for _, name := range slices.Sorted(maps.Keys(used)) {
		l.facts.Libraries = append(l.facts.Libraries, used[name])
	}
}

func (l *lifter) importOf(f *file, dir string, i *syntax.Import, imports, libraries map[string]map[string]facts.Pos) {
	if to := l.imported(f, i.From); to != nil {
		if other := path.Dir(to.name); other != dir {
			if _, known := imports[dir][other]; !known {
				imports[dir][other] = f.pos(i)
			}
		}
		return
	}
	if strings.HasPrefix(i.From, ".") {
		return
	}
	parts := strings.SplitN(i.From, "/", 3)
	name := parts[0]
	if strings.HasPrefix(name, "@") && len(parts) > 1 {
		name += "/" + parts[1]
	}
	if _, known := libraries[dir][name]; !known {
		libraries[dir][name] = f.pos(i)
	}
}

// unit is the folder of the manifest that a folder belongs to.
func (l *lifter) unit(dir string) string {
	for {
		if l.packages[dir] != nil || dir == "." {
			return dir
		}
		dir = path.Dir(dir)
	}
}

// version is the version of a library that a manifest, or one above it, asks for.
func (l *lifter) version(unit, name string) string {
	for {
		if m := l.packages[unit]; m != nil {
			if v := m.Dependencies[name]; v != "" {
				return v
			}
			if v := m.DevDependencies[name]; v != "" {
				return v
			}
		}
		if unit == "." {
			return ""
		}
		unit = path.Dir(unit)
	}
}

// typesOf are the classes and interfaces that a file declares.
func (l *lifter) typesOf(f *file) []*facts.Type {
	var out []*facts.Type
	for _, s := range f.tree.Body {
		switch s := s.(type) {
		case *syntax.ClassDecl:
			c := l.classes[s.Class]
			t := &facts.Type{Pos: f.pos(s), Name: c.name, Package: path.Dir(f.name), Kind: "struct", Error: c.base == "Error" || strings.HasSuffix(c.base, "Exception")}
			names := slices.SortedFunc(maps.Keys(c.fields), func(a, b string) int { return c.fields[a].order - c.fields[b].order })
			for _, name := range names {
				field := facts.Field{Name: name}
				if typed := c.fields[name].typed; typed != nil {
					field.Type = f.said(typed)
				}
				t.Fields = append(t.Fields, field)
			}
			t.Methods = slices.Sorted(maps.Keys(c.methods))
			out = append(out, t)
		case *syntax.Interface:
			t := &facts.Type{Pos: f.pos(s), Name: s.Name, Package: path.Dir(f.name), Kind: "interface"}
			for _, m := range s.Members {
				if m.Method && m.Name != "" {
					t.Methods = append(t.Methods, m.Name)
				}
			}
			slices.Sort(t.Methods)
			out = append(out, t)
		}
	}
	return out
}
