// Package ceiling is the least that the bench's requests cost in Go on Postgres, as far as its authors know.
//
//	net/http ─▶ one set-based statement, JSON built in it, the page size a literal ─▶ its bytes are the answer
//
// It checks nothing, signs nobody in and has no errors to speak of: it is a mark to measure against, not a service. It is
// frozen: to tune it along with what is measured would move the mark.
package ceiling

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Handler answers from the tables of plain.sql.
func Handler(pool *pgxpool.Pool) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /articles/{slug}", func(w http.ResponseWriter, r *http.Request) {
		answer(w, r, pool, article[favorites(r)], r.PathValue("slug"))
	})
	mux.HandleFunc("GET /articles", func(w http.ResponseWriter, r *http.Request) {
		if at := r.FormValue("createdAt"); at != "" {
			answer(w, r, pool, behind[favorites(r)], at, r.FormValue("id"))
			return
		}
		answer(w, r, pool, newest[favorites(r)])
	})
	mux.HandleFunc("GET /articles/commented", func(w http.ResponseWriter, r *http.Request) {
		answer(w, r, pool, commented[favorites(r)])
	})
	mux.HandleFunc("POST /articles/{id}/comments", func(w http.ResponseWriter, r *http.Request) {
		var in struct{ Author, Body string }
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		answer(w, r, pool, create, newID(), r.PathValue("id"), in.Author, in.Body)
	})
	return mux
}

// answer writes what the statement's one column holds.
func answer(w http.ResponseWriter, r *http.Request, pool *pgxpool.Pool, statement string, args ...any) {
	var body []byte
	rows, err := pool.Query(r.Context(), statement, args...)
	if err == nil {
		body, err = pgx.CollectExactlyOneRow(rows, pgx.RowTo[[]byte])
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body) // a client that left reads nothing
}

func favorites(r *http.Request) bool { return r.URL.RawQuery != "" && r.FormValue("favorites") != "" }

// The statements, without and with the number of people who like an article.
var (
	article   = both(articleStatement)
	newest    = both(func(favorites bool) string { return pageStatement("", favorites, false) })
	behind    = both(func(favorites bool) string { return pageStatement("WHERE (created_at, id) < ($1, $2)", favorites, false) })
	commented = both(func(favorites bool) string { return pageStatement("", favorites, true) })
)

func both(statement func(favorites bool) string) map[bool]string {
	return map[bool]string{false: statement(false), true: statement(true)}
}

const authorObject = `json_build_object('username', u.username, 'bio', u.bio, 'image', u.image)`

func articleStatement(favorites bool) string {
	count := ""
	if favorites {
		count = `, 'favoritesCount', (SELECT count(*) FROM favorites f WHERE f.article_id = a.id)`
	}
	return `SELECT json_build_object('slug', a.slug, 'title', a.title, 'description', a.description, 'body', a.body,
  'createdAt', a.created_at, 'updatedAt', a.updated_at, 'author', ` + authorObject + `,
  'tags', (SELECT coalesce(json_agg(t.name ORDER BY t.name), '[]') FROM article_tags x JOIN tags t ON t.id = x.tag_id WHERE x.article_id = a.id)` + count + `)
FROM articles a JOIN users u ON u.id = a.author_id WHERE a.slug = $1`
}

func pageStatement(where string, favorites, comments bool) string {
	members, joins := "", ""
	if favorites {
		members += `, 'favoritesCount', coalesce(f.n, 0)`
		joins += `
LEFT JOIN (SELECT article_id, count(*) n FROM favorites WHERE article_id IN (SELECT id FROM page) GROUP BY 1) f ON f.article_id = a.id`
	}
	if comments {
		members += `, 'comments', coalesce(c.list, '[]')`
		joins += `
LEFT JOIN (
  SELECT c.article_id, json_agg(json_build_object('id', c.id, 'body', c.body, 'createdAt', c.created_at, 'author', ` + authorObject + `) ORDER BY c.created_at, c.id) list
  FROM page CROSS JOIN LATERAL (SELECT * FROM comments c WHERE c.article_id = page.id ORDER BY c.created_at, c.id LIMIT 5) c
  JOIN users u ON u.id = c.author_id GROUP BY 1
) c ON c.article_id = a.id`
	}
	return `WITH page AS MATERIALIZED (
  SELECT id, slug, title, description, created_at, updated_at, author_id FROM articles ` + where + ` ORDER BY created_at DESC, id DESC LIMIT 20
)
SELECT json_build_object('articles', coalesce(json_agg(json_build_object('slug', a.slug, 'title', a.title, 'description', a.description,
  'createdAt', a.created_at, 'updatedAt', a.updated_at, 'author', ` + authorObject + `, 'tags', coalesce(t.names, '[]')` + members + `)
  ORDER BY a.created_at DESC, a.id DESC), '[]'))
FROM page a JOIN users u ON u.id = a.author_id
LEFT JOIN (
  SELECT x.article_id, json_agg(t.name ORDER BY t.name) names
  FROM article_tags x JOIN tags t ON t.id = x.tag_id WHERE x.article_id IN (SELECT id FROM page) GROUP BY 1
) t ON t.article_id = a.id` + joins
}

const create = `WITH made AS (
  INSERT INTO comments (id, article_id, author_id, body) VALUES ($1, $2, $3, $4) RETURNING id, body, created_at, author_id
)
SELECT json_build_object('id', c.id, 'body', c.body, 'createdAt', c.created_at, 'author', ` + authorObject + `)
FROM made c JOIN users u ON u.id = c.author_id`

// newID is a UUID of version 7, which keeps inserts at the end of the index.
func newID() [16]byte {
	var id [16]byte
	rand.Read(id[6:])
	binary.BigEndian.PutUint16(id[:], uint16(time.Now().UnixMilli()>>32))
	binary.BigEndian.PutUint32(id[2:], uint32(time.Now().UnixMilli()))
	id[6], id[8] = id[6]&0x0f|0x70, id[8]&0x3f|0x80
	return id
}
