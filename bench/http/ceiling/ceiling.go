// Package ceiling is the least that the bench's requests cost in Go on Postgres, as far as its authors know.
//
//	net/http ─▶ one statement, whose page is found once and whose parts follow as rows of a kind ─▶ JSON of the rows' bytes
//
// Of the forms that were tried this one costs Postgres least. JSON built by the database costs it 1.7 times as much, lists
// gathered by a subselect for each row 2 times. The page size is a literal, since a parameter makes Postgres plan anew.
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
		answer(w, r, pool, one, oneStatement, r.PathValue("slug"))
	})
	mux.HandleFunc("GET /articles", func(w http.ResponseWriter, r *http.Request) {
		if at := r.FormValue("createdAt"); at != "" {
			answer(w, r, pool, list, behindStatement, at, r.FormValue("id"))
			return
		}
		answer(w, r, pool, list, newestStatement)
	})
	mux.HandleFunc("GET /articles/commented", func(w http.ResponseWriter, r *http.Request) {
		answer(w, r, pool, list, commentedStatement)
	})
	mux.HandleFunc("POST /articles/{id}/comments", func(w http.ResponseWriter, r *http.Request) {
		var in struct{ Author, Body string }
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		answer(w, r, pool, made, createStatement, newID(), r.PathValue("id"), in.Author, in.Body)
	})
	return mux
}

// writer appends JSON of a statement's rows, with the numbers of favourites or without.
type writer func(to []byte, rows pgx.Rows, counted bool) []byte

// answer writes what write makes of the statement's rows.
func answer(w http.ResponseWriter, r *http.Request, pool *pgxpool.Pool, write writer, statements map[bool]string, args ...any) {
	counted := r.URL.RawQuery != "" && r.FormValue("favorites") != ""
	rows, err := pool.Query(r.Context(), statements[counted], args...)
	if err == nil {
		defer rows.Close()
		body := write(make([]byte, 0, 4096), rows, counted)
		if err = rows.Err(); err == nil {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Length", strconv.Itoa(len(body)))
			_, _ = w.Write(body) // a client that left reads nothing
			return
		}
	}
	http.Error(w, err.Error(), http.StatusInternalServerError)
}

// The statements, without and with the number of people who like an article.
var (
	oneStatement    = both(func(counted bool) string { return statement("body", "WHERE slug = $1", counted, false) })
	newestStatement = both(func(counted bool) string { return statement("NULL", pageOrder, counted, false) })
	behindStatement = both(func(counted bool) string {
		return statement("NULL", "WHERE (created_at, id) < ($1, $2) "+pageOrder, counted, false)
	})
	commentedStatement = both(func(counted bool) string { return statement("NULL", pageOrder, counted, true) })
)

const pageOrder = "ORDER BY created_at DESC, id DESC LIMIT 20"

func both(statement func(counted bool) string) map[bool]string {
	return map[bool]string{false: statement(false), true: statement(true)}
}

// statement gives the articles of a page, then what belongs to them: rows of a kind, each under its article's id.
func statement(body, which string, counted, comments bool) string {
	text := `WITH page AS MATERIALIZED (
  SELECT id, slug, title, description, ` + body + ` AS body, created_at, updated_at, author_id FROM articles ` + which + `
)
SELECT 0, p.id, p.slug, p.title, p.description, p.body, p.created_at, p.updated_at, u.username, u.bio, u.image, NULL::uuid, NULL::bigint
FROM page p JOIN users u ON u.id = p.author_id
UNION ALL
SELECT 1, p.id, t.name, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
FROM page p JOIN article_tags x ON x.article_id = p.id JOIN tags t ON t.id = x.tag_id`
	if counted {
		text += `
UNION ALL
SELECT 2, f.article_id, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, count(*)
FROM page p JOIN favorites f ON f.article_id = p.id GROUP BY f.article_id`
	}
	if comments {
		text += `
UNION ALL
SELECT 3, p.id, NULL, NULL, NULL, c.body, c.created_at, NULL, u.username, u.bio, u.image, c.id, NULL
FROM page p CROSS JOIN LATERAL (SELECT * FROM comments c WHERE c.article_id = p.id ORDER BY c.created_at, c.id LIMIT 5) c
JOIN users u ON u.id = c.author_id`
	}
	return text
}

var createStatement = both(func(bool) string {
	return `WITH made AS (
  INSERT INTO comments (id, article_id, author_id, body) VALUES ($1, $2, $3, $4) RETURNING id, body, created_at, author_id
)
SELECT 3, NULL::uuid, NULL, NULL, NULL, c.body, c.created_at, NULL, u.username, u.bio, u.image, c.id
FROM made c JOIN users u ON u.id = c.author_id`
})

// newID is a UUID of version 7, which keeps inserts at the end of the index.
func newID() [16]byte {
	var id [16]byte
	rand.Read(id[6:])
	now := uint64(time.Now().UnixMilli())
	binary.BigEndian.PutUint16(id[:], uint16(now>>32))
	binary.BigEndian.PutUint32(id[2:], uint32(now))
	id[6], id[8] = id[6]&0x0f|0x70, id[8]&0x3f|0x80
	return id
}
