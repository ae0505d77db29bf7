package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	_ "net/http/pprof" // served where PPROF_ADDR says
	"net/url"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/fettlehq/fettle/bench/http/ceiling"
	"github.com/fettlehq/fettle/bench/http/hand"
)

// The contenders without GraphQL have a plain endpoint for each workload, the same ones, whose answers are of the common
// form already. Nobody signs in: who writes a comment stands in its body.

func ceilingContender(favorites bool) contender {
	c := plain("ceiling", favorites)
	c.what = "net/http and pgx by hand, one statement a request, JSON built where it costs least; frozen, not tuned along"
	return c
}

func handContender(favorites bool) contender {
	c := plain("go-hand", favorites)
	c.what = "net/http, pgx and encoding/json as one writes them: a plain statement for each thing"
	return c
}

// plainHandlers are the contenders that are part of this program.
var plainHandlers = map[string]func(*pgxpool.Pool) http.Handler{"ceiling": ceiling.Handler, "go-hand": hand.Handler}

//go:embed plain.sql
var plainTables string

func plain(name string, favorites bool) contender {
	return contender{
		name:   name,
		tables: func(ctx context.Context, _, url string) error { return execute(ctx, url, plainTables) },
		start: func(_, url, addr string) *exec.Cmd {
			return exec.Command("/proc/self/exe", "serve", name, url, addr)
		},
		request: func(w workload, q question) *request { return plainRequest(w, q, favorites) },
		read:    readPlain,
	}
}

func execute(ctx context.Context, url, sql string) error {
	db, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	_, err = db.Exec(ctx, sql)
	return errors.Join(err, db.Close(ctx))
}

func plainRequest(w workload, q question, favorites bool) *request {
	parameters := url.Values{}
	if favorites {
		parameters.Set("favorites", "true")
	}
	path := "/articles"
	switch w {
	case oneArticle:
		path += "/" + q.slug
	case deep:
		parameters.Set("createdAt", q.after.createdAt.Format(time.RFC3339Nano))
		parameters.Set("id", q.after.id)
	case withComments:
		path += "/commented"
	case createComment:
		body, err := json.Marshal(map[string]string{"author": q.author.id, "body": q.body})
		if err != nil {
			panic(err) // texts have a form
		}
		return &request{Method: http.MethodPost, Path: path + "/" + q.article + "/comments", Body: string(body)}
	}
	return &request{Method: http.MethodGet, Path: strings.TrimSuffix(path+"?"+parameters.Encode(), "?")}
}

func readPlain(w workload, body []byte) (said answer, err error) {
	switch w {
	case oneArticle:
		said.Articles = make([]article, 1)
		err = json.Unmarshal(body, &said.Articles[0])
	case createComment:
		err = json.Unmarshal(body, &said.Comment)
	default:
		err = json.Unmarshal(body, &said)
	}
	return said, err
}

// serve is a contender of this program, until ctx ends.
func serve(ctx context.Context, name, url, addr string) error {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return err
	}
	config.MaxConns = poolSize
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return err
	}
	defer pool.Close()
	if profiled := os.Getenv(profileAddr); profiled != "" {
		go http.ListenAndServe(profiled, nil) //nolint: ends with the process
	}
	web := http.Server{Addr: addr, Handler: plainHandlers[name](pool), BaseContext: func(net.Listener) context.Context { return ctx }}
	context.AfterFunc(ctx, func() { web.Close() })
	if err := web.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
