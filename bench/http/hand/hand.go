// Package hand is the bench's requests as Go is usually written by hand.
//
//	net/http ─▶ a plain statement for each thing that the answer holds ─▶ structs ─▶ encoding/json
//
// It has neither N+1 queries nor tricks.
package hand

import (
	"context"
	"encoding/json"
	"errors"
	"log"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

type server struct{ db *pgxpool.Pool }

type article struct {
	ID             string    `json:"-" db:"id"`
	AuthorID       string    `json:"-" db:"author_id"`
	Slug           string    `json:"slug"`
	Title          string    `json:"title"`
	Description    string    `json:"description"`
	Body           string    `json:"body,omitempty"`
	CreatedAt      time.Time `json:"createdAt"`
	UpdatedAt      time.Time `json:"updatedAt"`
	Author         author    `json:"author"`
	Tags           []string  `json:"tags"`
	FavoritesCount *int      `json:"favoritesCount,omitempty"`
	Comments       []comment `json:"comments,omitempty"`
}

type author struct {
	Username string  `json:"username"`
	Bio      *string `json:"bio"`
	Image    *string `json:"image"`
}

type comment struct {
	ID        string    `json:"id"`
	Body      string    `json:"body"`
	CreatedAt time.Time `json:"createdAt"`
	Author    author    `json:"author"`
}

// Handler answers from the tables of plain.sql.
func Handler(pool *pgxpool.Pool) http.Handler {
	s := &server{pool}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /articles/{slug}", s.handle(s.article))
	mux.HandleFunc("GET /articles", s.handle(s.articles))
	mux.HandleFunc("GET /articles/commented", s.handle(s.commented))
	mux.HandleFunc("POST /articles/{id}/comments", s.handle(s.createComment))
	return mux
}

func (s *server) handle(do func(r *http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		answer, err := do(r)
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			http.Error(w, "not found", http.StatusNotFound)
			return
		case err != nil:
			log.Print(err)
			http.Error(w, "internal error", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(answer); err != nil {
			log.Print(err)
		}
	}
}

func (s *server) article(r *http.Request) (any, error) {
	ctx := r.Context()
	var a article
	err := s.db.QueryRow(ctx, `SELECT a.id, a.slug, a.title, a.description, a.body, a.created_at, a.updated_at, u.username, u.bio, u.image
FROM articles a JOIN users u ON u.id = a.author_id WHERE a.slug = $1`, r.PathValue("slug")).
		Scan(&a.ID, &a.Slug, &a.Title, &a.Description, &a.Body, &a.CreatedAt, &a.UpdatedAt, &a.Author.Username, &a.Author.Bio, &a.Author.Image)
	if err != nil {
		return nil, err
	}
	list := []*article{&a}
	if err := s.complete(ctx, r, list); err != nil {
		return nil, err
	}
	return a, nil
}

func (s *server) articles(r *http.Request) (any, error) {
	list, err := s.page(r)
	if err != nil {
		return nil, err
	}
	return map[string]any{"articles": list}, nil
}

func (s *server) commented(r *http.Request) (any, error) {
	list, err := s.page(r)
	if err != nil {
		return nil, err
	}
	if err := s.addComments(r.Context(), list); err != nil {
		return nil, err
	}
	return map[string]any{"articles": list}, nil
}

// page is the newest articles, or those behind the place that the request names.
func (s *server) page(r *http.Request) ([]*article, error) {
	where, args := "", []any{20}
	if at := r.FormValue("createdAt"); at != "" {
		created, err := time.Parse(time.RFC3339Nano, at)
		if err != nil {
			return nil, err
		}
		where, args = "WHERE (a.created_at, a.id) < ($2, $3)", append(args, created, r.FormValue("id"))
	}
	rows, err := s.db.Query(r.Context(), `SELECT a.id, a.slug, a.title, a.description, a.created_at, a.updated_at, u.username, u.bio, u.image
FROM articles a JOIN users u ON u.id = a.author_id `+where+` ORDER BY a.created_at DESC, a.id DESC LIMIT $1`, args...)
	if err != nil {
		return nil, err
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (*article, error) {
		var a article
		err := row.Scan(&a.ID, &a.Slug, &a.Title, &a.Description, &a.CreatedAt, &a.UpdatedAt, &a.Author.Username, &a.Author.Bio, &a.Author.Image)
		return &a, err
	})
	if err != nil {
		return nil, err
	}
	return list, s.complete(r.Context(), r, list)
}

// complete adds tags, and where they are asked for the numbers of favourites.
func (s *server) complete(ctx context.Context, r *http.Request, list []*article) error {
	if err := s.addTags(ctx, list); err != nil {
		return err
	}
	if r.FormValue("favorites") == "" {
		return nil
	}
	return s.addFavorites(ctx, list)
}

func (s *server) addTags(ctx context.Context, list []*article) error {
	ids, byID := index(list)
	rows, err := s.db.Query(ctx, `SELECT x.article_id, t.name FROM article_tags x JOIN tags t ON t.id = x.tag_id
WHERE x.article_id = ANY ($1) ORDER BY t.name`, ids)
	if err != nil {
		return err
	}
	var id, name string
	_, err = pgx.ForEachRow(rows, []any{&id, &name}, func() error {
		byID[id].Tags = append(byID[id].Tags, name)
		return nil
	})
	return err
}

func (s *server) addFavorites(ctx context.Context, list []*article) error {
	ids, byID := index(list)
	for _, a := range list {
		a.FavoritesCount = new(int)
	}
	rows, err := s.db.Query(ctx, `SELECT article_id, count(*) FROM favorites WHERE article_id = ANY ($1) GROUP BY article_id`, ids)
	if err != nil {
		return err
	}
	var id string
	var count int
	_, err = pgx.ForEachRow(rows, []any{&id, &count}, func() error {
		*byID[id].FavoritesCount = count
		return nil
	})
	return err
}

// addComments adds the first five of each.
func (s *server) addComments(ctx context.Context, list []*article) error {
	ids, byID := index(list)
	rows, err := s.db.Query(ctx, `SELECT c.article_id, c.id, c.body, c.created_at, u.username, u.bio, u.image
FROM (SELECT *, row_number() OVER (PARTITION BY article_id ORDER BY created_at, id) AS place FROM comments WHERE article_id = ANY ($1)) c
JOIN users u ON u.id = c.author_id WHERE c.place <= 5 ORDER BY c.created_at, c.id`, ids)
	if err != nil {
		return err
	}
	var id string
	var c comment
	_, err = pgx.ForEachRow(rows, []any{&id, &c.ID, &c.Body, &c.CreatedAt, &c.Author.Username, &c.Author.Bio, &c.Author.Image}, func() error {
		byID[id].Comments = append(byID[id].Comments, c)
		c = comment{}
		return nil
	})
	return err
}

func index(list []*article) (ids []string, byID map[string]*article) {
	byID = make(map[string]*article, len(list))
	for _, a := range list {
		ids = append(ids, a.ID)
		byID[a.ID] = a
		if a.Tags == nil {
			a.Tags = []string{}
		}
	}
	return ids, byID
}

func (s *server) createComment(r *http.Request) (any, error) {
	var in struct{ Author, Body string }
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		return nil, err
	}
	var c comment
	err := s.db.QueryRow(r.Context(), `INSERT INTO comments (article_id, author_id, body) VALUES ($1, $2, $3) RETURNING id, body, created_at`,
		r.PathValue("id"), in.Author, in.Body).Scan(&c.ID, &c.Body, &c.CreatedAt)
	if err != nil {
		return nil, err
	}
	err = s.db.QueryRow(r.Context(), `SELECT username, bio, image FROM users WHERE id = $1`, in.Author).Scan(&c.Author.Username, &c.Author.Bio, &c.Author.Image)
	return c, err
}
