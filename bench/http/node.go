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

// The contenders that are written for Node have a folder each, with a lock file; they are installed where they stand.
// Nobody signs in: who writes a comment stands in its body.

func nestContender(mapper string, favorites bool) contender {
	c := plain("nest-"+mapper, favorites)
	c.what = "NestJS on Fastify with " + map[string]string{"prisma": "Prisma 7", "typeorm": "TypeORM 1"}[mapper] + "; a plain endpoint for W4"
	c.build = func(ctx context.Context, _ string) error {
		// Prisma would download an engine that a client does not need.
		if err := install(ctx, "nest", "PRISMA_SCHEMA_ENGINE_BINARY=/bin/true"); err != nil {
			return err
		}
		return inFolder(ctx, "nest", nil, "npx", "tsc")
	}
	c.start = func(_, url, addr string) *exec.Cmd {
		command := node("nest", "dist/main.js", url, addr)
		command.Env = append(command.Env, "MAPPER="+mapper)
		return command
	}
	return c
}

func postgraphileContender(favorites bool) contender {
	cursors := map[place]string{}
	return contender{
		name:    "postgraphile",
		what:    "PostGraphile 5, preset Amber",
		build:   func(ctx context.Context, _ string) error { return install(ctx, "postgraphile") },
		tables:  func(ctx context.Context, _, url string) error { return execute(ctx, url, plainTables) },
		start:   func(_, url, addr string) *exec.Cmd { return node("postgraphile", "server.js", url, addr) },
		ready:   func(base string, d dataSet) error { return findPostgraphileCursors(base, d, cursors) },
		request: func(w workload, q question) *request { return postgraphileRequest(w, q, favorites, cursors) },
		read:    readPostgraphile,
	}
}

func node(folder, program, url, addr string) *exec.Cmd {
	command := withEnv(exec.Command("node", program), url, addr)
	command.Dir = filepath.Join("bench/http", folder)
	command.Env = append(command.Env, "NODE_ENV=production", "GRAPHILE_ENV=production")
	return command
}

// install is done once: what is there is taken to be right.
func install(ctx context.Context, folder string, env ...string) error {
	if _, err := os.Stat(filepath.Join("bench/http", folder, "node_modules")); err == nil {
		return nil
	}
	if err := inFolder(ctx, folder, env, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"); err != nil || folder != "nest" {
		return err
	}
	return inFolder(ctx, folder, env, "npx", "prisma", "generate", "--schema", "schema.prisma")
}

func inFolder(ctx context.Context, folder string, env []string, program string, args ...string) error {
	command := exec.CommandContext(ctx, program, args...)
	command.Dir = filepath.Join("bench/http", folder)
	command.Env = append(os.Environ(), env...)
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %v: %w\n%s", program, args, err, out)
	}
	return nil
}

const (
	postgraphileAuthor = `author: userByAuthorId { username bio image }`
	postgraphileInList = `slug title description createdAt updatedAt ` + postgraphileAuthor + ` tags: articleTagsByArticleId { nodes { tagByTagId { name } } }`
	postgraphileOrder  = `orderBy: [CREATED_AT_DESC, ROW_ID_DESC]`
)

func postgraphileRequest(w workload, q question, favorites bool, cursors map[place]string) *request {
	shown := postgraphileInList
	if favorites {
		shown += ` favorites: favoritesByArticleId { totalCount }`
	}
	var r *request
	switch w {
	case oneArticle:
		r = graphQL(account{}, `query($slug: String!) { articleBySlug(slug: $slug) { body `+shown+` } }`, map[string]any{"slug": q.slug})
	case newest:
		r = graphQL(account{}, `query { allArticles(first: 20, `+postgraphileOrder+`) { nodes { `+shown+` } } }`, nil)
	case deep:
		r = graphQL(account{}, `query($after: Cursor!) { allArticles(first: 20, after: $after, `+postgraphileOrder+`) { nodes { `+shown+` } } }`,
			map[string]any{"after": cursors[q.after]})
	case withComments:
		r = graphQL(account{}, `query { allArticles(first: 20, `+postgraphileOrder+`) { nodes { `+shown+`
  comments: commentsByArticleId(first: 5, orderBy: [CREATED_AT_ASC, ROW_ID_ASC]) { nodes { id: rowId body createdAt `+postgraphileAuthor+` } } } } }`, nil)
	case createComment:
		r = graphQL(account{}, `mutation($comment: CommentInput!) { createComment(input: {comment: $comment}) { comment { id: rowId body createdAt `+postgraphileAuthor+` } } }`,
			map[string]any{"comment": map[string]string{"articleId": q.article, "authorId": q.author.id, "body": q.body}})
	}
	r.Header = nil
	return r
}

func findPostgraphileCursors(base string, d dataSet, cursors map[place]string) error {
	for _, q := range d.questions(deep) {
		ask := graphQL(account{}, `query($at: Datetime!) { allArticles(first: 1, condition: {createdAt: $at}, `+postgraphileOrder+`) { pageInfo { endCursor } } }`,
			map[string]any{"at": q.after.createdAt.Format(time.RFC3339Nano)})
		body, err := send(base, *ask)
		if err != nil {
			return err
		}
		var said struct {
			Data struct {
				AllArticles struct{ PageInfo struct{ EndCursor string } }
			}
		}
		if err := json.Unmarshal(body, &said); err != nil {
			return err
		}
		if cursors[q.after] = said.Data.AllArticles.PageInfo.EndCursor; cursors[q.after] == "" {
			return fmt.Errorf("no cursor at %v: %s", q.after, body)
		}
	}
	return nil
}

// postgraphileArticle has its lists as connections.
type postgraphileArticle struct {
	article
	Tags struct {
		Nodes []struct{ TagByTagID struct{ Name string } }
	} `json:"tags"`
	Favorites *struct{ TotalCount int } `json:"favorites"`
	Comments  struct{ Nodes []comment } `json:"comments"`
}

func (a postgraphileArticle) plain() article {
	plain := a.article
	plain.Comments, plain.Tags = a.Comments.Nodes, []string{}
	for _, tag := range a.Tags.Nodes {
		plain.Tags = append(plain.Tags, tag.TagByTagID.Name)
	}
	if a.Favorites != nil {
		plain.FavoritesCount = &a.Favorites.TotalCount
	}
	return plain
}

func readPostgraphile(_ workload, body []byte) (said answer, err error) {
	var all struct {
		Data struct {
			ArticleBySlug *postgraphileArticle
			AllArticles   struct{ Nodes []postgraphileArticle }
			CreateComment struct{ Comment *comment }
		}
		Errors json.RawMessage
	}
	if err := json.Unmarshal(body, &all); err != nil || all.Errors != nil {
		return said, fmt.Errorf("%w: %s", err, body)
	}
	if all.Data.ArticleBySlug != nil {
		said.Articles = append(said.Articles, all.Data.ArticleBySlug.plain())
	}
	for _, a := range all.Data.AllArticles.Nodes {
		said.Articles = append(said.Articles, a.plain())
	}
	said.Comment = all.Data.CreateComment.Comment
	return said, nil
}
