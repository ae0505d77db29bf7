package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// pocketbaseContender is a program of its own module, in the folder pocketbase. It keeps its rows in SQLite, so that all
// it costs is its own process's; its W5 is not as durable as that of the others (synchronous=NORMAL). It has no list
// within a list: W4 cannot be asked.
func pocketbaseContender(favorites bool) contender {
	return contender{
		name: "pocketbase",
		what: "PocketBase's collections, expanded relations and a view that counts, on SQLite",
		build: func(ctx context.Context, folder string) error {
			command := exec.CommandContext(ctx, "go", "build", "-o", filepath.Join(folder, "pocketbase"), ".")
			command.Dir = "bench/http/pocketbase"
			if out, err := command.CombinedOutput(); err != nil {
				return fmt.Errorf("go build: %w\n%s", err, out)
			}
			return nil
		},
		tables: func(ctx context.Context, _, url string) error { return execute(ctx, url, plainTables) },
		start: func(folder, url, addr string) *exec.Cmd {
			return withEnv(exec.Command(filepath.Join(folder, "pocketbase"), filepath.Join(folder, "pocketbase_data")), url, addr)
		},
		request: func(w workload, q question) *request { return pocketbaseRequest(w, q, favorites) },
		read:    readPocketbase,
	}
}

const (
	pocketbaseShown = "slug,title,description,created,updated,favorites," +
		"expand.author.username,expand.author.bio,expand.author.image,expand.tags.name"
	pocketbaseTime = "2006-01-02 15:04:05.000Z"
)

func pocketbaseRequest(w workload, q question, favorites bool) *request {
	rows := "/api/collections/articles/records"
	if favorites {
		rows = "/api/collections/counted/records"
	}
	parameters := url.Values{"expand": {"author,tags"}, "fields": {pocketbaseShown}, "perPage": {fmt.Sprint(pageSize)}, "sort": {"-created,-id"}, "skipTotal": {"true"}}
	switch w {
	case oneArticle:
		parameters.Set("filter", fmt.Sprintf("slug = %q", q.slug))
		parameters.Set("fields", pocketbaseShown+",body")
		parameters.Set("perPage", "1")
	case newest:
	case deep:
		at := q.after.createdAt.Format(pocketbaseTime)
		parameters.Set("filter", fmt.Sprintf("created < %q || (created = %q && id < %q)", at, at, bare(q.after.id)))
	case createComment:
		body, err := json.Marshal(map[string]string{"article": bare(q.article), "author": bare(q.author.id), "body": q.body})
		if err != nil {
			panic(err) // texts have a form
		}
		return &request{
			Method: http.MethodPost, Path: "/api/collections/comments/records?expand=author",
			Header: map[string]string{"Content-Type": "application/json"}, Body: string(body),
		}
	default:
		return nil
	}
	return &request{Method: http.MethodGet, Path: rows + "?" + parameters.Encode()}
}

// bare is an id without dashes.
func bare(id string) string { return strings.ReplaceAll(id, "-", "") }

// pocketbaseRow is an article or a comment.
type pocketbaseRow struct {
	ID, Slug, Title, Description, Body, Created, Updated string
	Favorites                                            *int
	Expand                                               struct {
		Author struct{ Username, Bio, Image string }
		Tags   []struct{ Name string }
	}
}

func (r pocketbaseRow) author() author {
	or := func(text string) *string {
		if text == "" { // PocketBase keeps no null
			return nil
		}
		return &text
	}
	return author{Username: r.Expand.Author.Username, Bio: or(r.Expand.Author.Bio), Image: or(r.Expand.Author.Image)}
}

func readPocketbase(w workload, body []byte) (said answer, err error) {
	var rows []pocketbaseRow
	if w == createComment {
		rows = make([]pocketbaseRow, 1)
		err = json.Unmarshal(body, &rows[0])
	} else {
		var page struct{ Items []pocketbaseRow }
		err = json.Unmarshal(body, &page)
		rows = page.Items
	}
	if err != nil {
		return said, fmt.Errorf("%w: %s", err, body)
	}
	for _, r := range rows {
		created, err := time.Parse(pocketbaseTime, r.Created)
		if err != nil {
			return said, fmt.Errorf("%w: %s", err, body)
		}
		if w == createComment {
			said.Comment = &comment{ID: r.ID, Body: r.Body, CreatedAt: created, Author: r.author()}
			continue
		}
		updated, err := time.Parse(pocketbaseTime, r.Updated)
		if err != nil {
			return said, fmt.Errorf("%w: %s", err, body)
		}
		a := article{
			Slug: r.Slug, Title: r.Title, Description: r.Description, Body: r.Body, CreatedAt: created, UpdatedAt: updated,
			Author: r.author(), Tags: []string{}, FavoritesCount: r.Favorites,
		}
		for _, tag := range r.Expand.Tags {
			a.Tags = append(a.Tags, tag.Name)
		}
		said.Articles = append(said.Articles, a)
	}
	return said, nil
}
