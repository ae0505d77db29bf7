package typescript

import (
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
)

// Many repositories hold code that runs in a browser beside the backend, or nothing else in TypeScript. Which is which the manifests say: a
// package is read where it asks for something that serves requests or asks databases, or where one that is read asks for it. One that asks
// for nothing at all is as the one above it. Code without a manifest is read, unless it stands in a Go module, whose pages it is then.

// serving are libraries that a backend asks for.
var serving = regexp.MustCompile(`^(@nestjs/(core|common|platform-.*)|express|fastify|koa|hono|@hono/.*|@hapi/hapi|restify|@trpc/server|routing-controllers|@adonisjs/core|` +
	`@prisma/client|prisma|typeorm|@mikro-orm/core|sequelize|knex|kysely|drizzle-orm|mongoose|mongodb|pg|mysql2?|better-sqlite3|` +
	`@apollo/server|apollo-server.*|graphql-yoga|mercurius|type-graphql)$`)

// backend reports whether the files of a folder are read, by the manifest that is nearest.
func (l *lifter) backend(dir string) bool {
	for {
		if m := l.packages[dir]; m != nil {
			return m.read
		}
		if dir == "." {
			_, err := os.Stat(filepath.Join(l.root, "go.mod"))
			return err != nil
		}
		dir = path.Dir(dir)
	}
}

// findBackends says of each manifest whether its files are read.
func (l *lifter) findBackends() {
	dirs := slices.Sorted(maps.Keys(l.packages)) // one that is above others comes before them
	named := map[string]*manifest{}
	for _, dir := range dirs {
		m := l.packages[dir]
		if m.Name != "" {
			named[m.Name] = m
		}
		m.read = slices.ContainsFunc(slices.Collect(maps.Keys(m.Dependencies)), serving.MatchString) ||
			len(m.Dependencies)+len(m.DevDependencies) == 0 && dir != "." && l.backend(path.Dir(dir))
	}
	var ask func(m *manifest)
	ask = func(m *manifest) {
		for name := range m.Dependencies {
			if to := named[name]; to != nil && !to.read {
				to.read = true
				ask(to)
			}
		}
	}
	for _, dir := range dirs {
		if l.packages[dir].read {
			ask(l.packages[dir])
		}
	}
	for _, dir := range dirs { // pages that ask a database themselves, or a package that does
		m := l.packages[dir]
		if _, is := m.Dependencies["next"]; is && !m.read && slices.ContainsFunc(slices.Collect(maps.Keys(m.Dependencies)), func(name string) bool { return named[name] != nil && named[name].read }) {
			m.read = true
			ask(m)
		}
	}
}
