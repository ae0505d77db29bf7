// Command pocketbase is the contender PocketBase: its own collections, filled from the Postgres of the bench when it starts
// with an empty folder.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase"
	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/types"
)

func main() {
	app := pocketbase.NewWithConfig(pocketbase.Config{DefaultDataDir: os.Args[1], HideStartBanner: true})
	if err := serve(app, os.Getenv("DATABASE_URL"), os.Getenv("ADDR")); err != nil {
		log.Fatal(err)
	}
}

func serve(app *pocketbase.PocketBase, url, addr string) error {
	if err := app.Bootstrap(); err != nil {
		return err
	}
	if err := app.RunAllMigrations(); err != nil {
		return err
	}
	if _, err := app.FindCollectionByNameOrId("articles"); err != nil {
		if err := errors.Join(collections(app), fill(context.Background(), app, url)); err != nil {
			return err
		}
	}
	return apis.Serve(app, apis.ServeConfig{HttpAddr: addr})
}

// collections are the tables of the data set. Their ids are UUIDs without dashes.
func collections(app core.App) error {
	users, tags := base("writers"), base("tags")
	users.Fields.Add(text("username"), text("bio"), text("image"))
	tags.Fields.Add(text("name"))
	if err := errors.Join(app.Save(users), app.Save(tags)); err != nil {
		return err
	}
	articles := base("articles")
	articles.Fields.Add(text("slug"), text("title"), text("description"), text("body"), relation("author", users, 1), relation("tags", tags, 20))
	articles.AddIndex("articles_slug", true, "slug", "")
	articles.AddIndex("articles_created", false, "created, id", "")
	if err := app.Save(articles); err != nil {
		return err
	}
	comments, favorites := base("comments"), base("favorites")
	comments.Fields.Add(text("body"), relation("article", articles, 1), relation("author", users, 1))
	comments.AddIndex("comments_article", false, "article, created, id", "")
	favorites.Fields.Add(relation("article", articles, 1), relation("writer", users, 1))
	favorites.AddIndex("favorites_article", false, "article", "")
	if err := errors.Join(app.Save(comments), app.Save(favorites)); err != nil {
		return err
	}
	counted := core.NewViewCollection("counted")
	counted.ListRule, counted.ViewRule = types.Pointer(""), types.Pointer("")
	counted.ViewQuery = `SELECT a.id, a.slug, a.title, a.description, a.body, a.author, a.tags, a.created, a.updated,
		CAST((SELECT count(*) FROM favorites f WHERE f.article = a.id) AS INT) AS favorites FROM articles a`
	return app.Save(counted)
}

// base is a collection that everybody may read and add to.
func base(name string) *core.Collection {
	c := core.NewBaseCollection(name)
	c.ListRule, c.ViewRule, c.CreateRule = types.Pointer(""), types.Pointer(""), types.Pointer("")
	id := c.Fields.GetByName("id").(*core.TextField)
	id.Min, id.Max, id.AutogeneratePattern = 32, 32, "[a-f0-9]{32}"
	c.Fields.Add(&core.AutodateField{Name: "created", OnCreate: true}, &core.AutodateField{Name: "updated", OnCreate: true, OnUpdate: true})
	return c
}

func text(name string) core.Field { return &core.TextField{Name: name, Max: 100_000} }

func relation(name string, to *core.Collection, most int) core.Field {
	return &core.RelationField{Name: name, CollectionId: to.Id, MaxSelect: most}
}

// fill copies the rows of the data set.
func fill(ctx context.Context, app core.App, url string) error {
	db, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer db.Close(ctx)
	const own = "replace(t.id::text, '-', ''), t.created_at, t.updated_at, "
	for _, table := range []struct{ name, columns, query string }{
		{"writers", "username, bio, image", "SELECT " + own + "username, coalesce(bio, ''), coalesce(image, '') FROM users t"},
		{"tags", "name", "SELECT replace(t.id::text, '-', ''), now(), now(), name FROM tags t"},
		{"articles", "slug, title, description, body, author, tags", "SELECT " + own + `slug, title, description, body,
			replace(author_id::text, '-', ''),
			(SELECT json_agg(replace(tag_id::text, '-', '')) FROM article_tags WHERE article_id = t.id)::text FROM articles t`},
		{"comments", "body, article, author", "SELECT " + own + "body, replace(article_id::text, '-', ''), replace(author_id::text, '-', '') FROM comments t"},
		{"favorites", "article, writer", `SELECT md5(article_id::text || user_id::text), now(), now(),
			replace(article_id::text, '-', ''), replace(user_id::text, '-', '') FROM favorites t`},
	} {
		if err := copyRows(ctx, app, db, table.name, "id, created, updated, "+table.columns, table.query); err != nil {
			return fmt.Errorf("%s: %w", table.name, err)
		}
	}
	return nil
}

func copyRows(ctx context.Context, app core.App, db *pgx.Conn, table, columns, query string) error {
	rows, err := db.Query(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close()
	width := strings.Count(columns, ",") + 1
	return app.RunInTransaction(func(tx core.App) error {
		for more := true; more; {
			var places []string
			params := dbx.Params{}
			for len(places) < 500 {
				if more = rows.Next(); !more {
					break
				}
				values, err := rows.Values()
				if err != nil {
					return err
				}
				names := make([]string, width)
				for i, v := range values {
					name := fmt.Sprintf("p%d_%d", len(places), i)
					names[i] = "{:" + name + "}"
					if at, ok := v.(time.Time); ok {
						v = at.UTC().Format("2006-01-02 15:04:05.000Z")
					}
					params[name] = v
				}
				places = append(places, "("+strings.Join(names, ", ")+")")
			}
			if len(places) == 0 {
				break
			}
			_, err := tx.DB().NewQuery("INSERT INTO " + table + " (" + columns + ") VALUES " + strings.Join(places, ", ")).Bind(params).Execute()
			if err != nil {
				return err
			}
		}
		return rows.Err()
	})
}
