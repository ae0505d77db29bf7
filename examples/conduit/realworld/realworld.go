// Package realworld serves the public contract of RealWorld under /api/, by plain handlers over the generated stores.
//
//	request ─▶ envelope.go ─▶ users.go, articles.go, comments.go ─▶ conduit.Tx ─▶ envelope.go ─▶ answer
//
// It is an example of an interface that is not ours: its tokens, envelopes and errors are as the contract has them, while
// rows, rules and transactions are conduit's own. What it shows of an article is one plan, however much that is.
package realworld

import (
	"context"
	"net/http"
	"strings"

	"example.com/conduit/conduit"
	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/query"
	"github.com/fettlehq/fettle/kit/server"
)

// Mount adds the handlers.
func Mount(mux *http.ServeMux, s *server.Server) {
	a := &api{server: s, business: conduit.New()}
	for _, r := range []struct {
		pattern string
		serve   func(*call) (any, error)
		status  int
		open    bool // for people who are not signed in too
	}{
		{"POST /api/users", (*call).register, http.StatusCreated, true},
		{"POST /api/users/login", (*call).signIn, http.StatusOK, true},
		{"GET /api/user", (*call).me, http.StatusOK, false},
		{"PUT /api/user", (*call).updateMe, http.StatusOK, false},
		{"GET /api/profiles/{username}", (*call).profile, http.StatusOK, true},
		{"POST /api/profiles/{username}/follow", (*call).follow, http.StatusOK, false},
		{"DELETE /api/profiles/{username}/follow", (*call).unfollow, http.StatusOK, false},
		{"GET /api/articles", (*call).articles, http.StatusOK, true},
		{"GET /api/articles/feed", (*call).feed, http.StatusOK, false},
		{"POST /api/articles", (*call).createArticle, http.StatusCreated, false},
		{"GET /api/articles/{slug}", (*call).article, http.StatusOK, true},
		{"PUT /api/articles/{slug}", (*call).updateArticle, http.StatusOK, false},
		{"DELETE /api/articles/{slug}", (*call).deleteArticle, http.StatusNoContent, false},
		{"POST /api/articles/{slug}/favorite", (*call).favorite, http.StatusOK, false},
		{"DELETE /api/articles/{slug}/favorite", (*call).unfavorite, http.StatusOK, false},
		{"GET /api/articles/{slug}/comments", (*call).comments, http.StatusOK, true},
		{"POST /api/articles/{slug}/comments", (*call).createComment, http.StatusCreated, false},
		{"DELETE /api/articles/{slug}/comments/{id}", (*call).deleteComment, http.StatusNoContent, false},
		{"GET /api/tags", (*call).tags, http.StatusOK, true},
	} {
		mux.HandleFunc(r.pattern, func(w http.ResponseWriter, request *http.Request) {
			c := &call{api: a, w: w, r: request}
			body, err := any(nil), c.identify(r.open)
			if err == nil {
				body, err = r.serve(c)
			}
			if err != nil {
				c.fail(r.pattern, err)
				return
			}
			answer(w, r.status, body)
		})
	}
}

type api struct {
	server   *server.Server
	business *conduit.Business
}

// call is one request.
type call struct {
	*api
	w      http.ResponseWriter
	r      *http.Request
	token  string
	viewer kit.Viewer
}

// identify reads "Authorization: Token …", which the contract has in place of Bearer.
func (c *call) identify(open bool) (err error) {
	header := c.r.Header.Get("Authorization")
	token, ok := strings.CutPrefix(header, "Token ")
	if header == "" || !ok {
		if open {
			return nil
		}
		return wrong{http.StatusUnauthorized, messages{"token": {"is missing"}}}
	}
	bearer := c.r.Clone(c.r.Context())
	bearer.Header.Set("Authorization", "Bearer "+token)
	if c.viewer, err = c.server.Viewer(bearer); err != nil {
		return wrong{http.StatusUnauthorized, messages{"token": {"is invalid"}}}
	}
	c.token = token
	return nil
}

// read calls do with a snapshot.
func (c *call) read(do func(ctx context.Context, tx conduit.Tx) error) error {
	return c.server.Engine().Read(c.r.Context(), c.viewer, func(ctx context.Context, tx *query.Tx) error {
		return do(ctx, conduit.NewTx(tx))
	})
}

// write calls do with a transaction.
func (c *call) write(do func(ctx context.Context, tx conduit.Tx) error) error {
	return c.server.Engine().Retry(c.r.Context(), c.viewer, func(ctx context.Context, tx *query.Tx) error {
		return do(ctx, conduit.NewTx(tx))
	})
}
