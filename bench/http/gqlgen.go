package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// gqlgenContender is a Go server of its own module, in the folder gqlgen. Nobody signs in: who writes a comment is an
// argument.
func gqlgenContender(favorites bool) contender {
	return contender{
		name:   "gqlgen",
		what:   "gqlgen with dataloaders and pgx",
		build:  buildGqlgen,
		tables: func(ctx context.Context, _, url string) error { return execute(ctx, url, plainTables) },
		start: func(folder, url, addr string) *exec.Cmd {
			return withEnv(exec.Command(filepath.Join(folder, "gqlgen")), url, addr)
		},
		request: func(w workload, q question) *request { return gqlgenRequest(w, q, favorites) },
		read:    readGqlgen,
	}
}

// withEnv tells a command where its database is and where to listen.
func withEnv(command *exec.Cmd, url, addr string) *exec.Cmd {
	command.Env = append(os.Environ(), "DATABASE_URL="+url, "ADDR="+addr)
	return command
}

func buildGqlgen(ctx context.Context, folder string) error {
	for _, args := range [][]string{{"tool", "gqlgen", "generate"}, {"build", "-o", filepath.Join(folder, "gqlgen"), "."}} {
		command := exec.CommandContext(ctx, "go", args...)
		command.Dir = "bench/http/gqlgen"
		if out, err := command.CombinedOutput(); err != nil {
			return fmt.Errorf("go %v: %w\n%s", args, err, out)
		}
	}
	return nil
}

func gqlgenRequest(w workload, q question, favorites bool) *request {
	shown := fettleInList
	if favorites {
		shown += fettleFavorite
	}
	var r *request
	switch w {
	case oneArticle:
		r = graphQL(account{}, `query($slug: String!) { article(slug: $slug) { body `+shown+` } }`, map[string]any{"slug": q.slug})
	case newest:
		r = graphQL(account{}, `query { articles(first: 20) { `+shown+` } }`, nil)
	case deep:
		r = graphQL(account{}, `query($after: After!) { articles(first: 20, after: $after) { `+shown+` } }`,
			map[string]any{"after": map[string]string{"createdAt": q.after.createdAt.Format(time.RFC3339Nano), "id": q.after.id}})
	case withComments:
		r = graphQL(account{}, `query { articles(first: 20) { `+shown+` comments(first: 5) { id body createdAt `+fettleAuthor+` } } }`, nil)
	case createComment:
		r = graphQL(account{}, `mutation($article: ID!, $author: ID!, $body: String!) { createComment(article: $article, author: $author, body: $body) { id body createdAt `+fettleAuthor+` } }`,
			map[string]any{"article": q.article, "author": q.author.id, "body": q.body})
	}
	r.Header = nil
	return r
}

// gqlgenArticle has tags that are objects.
type gqlgenArticle struct {
	article
	Tags []struct{ Name string } `json:"tags"`
}

func readGqlgen(_ workload, body []byte) (said answer, err error) {
	var all struct {
		Data struct {
			Article       *gqlgenArticle
			Articles      []gqlgenArticle
			CreateComment *comment
		}
		Errors json.RawMessage
	}
	if err := json.Unmarshal(body, &all); err != nil || all.Errors != nil {
		return said, fmt.Errorf("%w: %s", err, body)
	}
	if all.Data.Article != nil {
		all.Data.Articles = []gqlgenArticle{*all.Data.Article}
	}
	for _, a := range all.Data.Articles {
		a.article.Tags = []string{}
		for _, tag := range a.Tags {
			a.article.Tags = append(a.article.Tags, tag.Name)
		}
		said.Articles = append(said.Articles, a.article)
	}
	said.Comment = all.Data.CreateComment
	return said, nil
}
