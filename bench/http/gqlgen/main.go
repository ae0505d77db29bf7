// Command gqlgen is the bench's requests with gqlgen and dataloaders, as its documentation tells one to.
//
//	gqlgen ─▶ a resolver a field ─▶ a loader a kind of row ─▶ pgx
//
// The bench builds it: generated.go is made by go tool gqlgen.
package main

import (
	"context"
	"log"
	"net/http"
	_ "net/http/pprof" // served where PPROF_ADDR says
	"os"

	"github.com/99designs/gqlgen/graphql/handler"
	"github.com/99designs/gqlgen/graphql/handler/lru"
	"github.com/99designs/gqlgen/graphql/handler/transport"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/vektah/gqlparser/v2/ast"
)

func main() {
	ctx := context.Background()
	config, err := pgxpool.ParseConfig(os.Getenv("DATABASE_URL"))
	if err != nil {
		log.Fatal(err)
	}
	config.MaxConns = 20
	db, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		log.Fatal(err)
	}
	server := handler.New(NewExecutableSchema(Config{Resolvers: &resolver{db}}))
	server.AddTransport(transport.POST{})
	server.SetQueryCache(lru.New[*ast.QueryDocument](1000))
	if profiled := os.Getenv("PPROF_ADDR"); profiled != "" {
		go http.ListenAndServe(profiled, nil)
	}
	log.Fatal(http.ListenAndServe(os.Getenv("ADDR"), withLoaders(db, server)))
}
