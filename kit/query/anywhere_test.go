package query

import (
	"testing"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/sqldb"
)

// Who is signed in and does not tell what he wrote may have written by another process: the primary answers him.
func TestWhoMayBeAnsweredByReplicas(t *testing.T) {
	e, nobody, ada := &Engine{}, kit.Viewer{}, kit.Viewer{ID: kit.NewID()}
	for _, c := range []struct {
		name    string
		session *sqldb.Session
		viewer  kit.Viewer
		may     bool
	}{
		{"without replicas", nil, nobody, false},
		{"signed out", &sqldb.Session{}, nobody, true},
		{"signed in, not telling", &sqldb.Session{}, ada, false},
		{"signed in, telling", sqldb.NewSession(0), ada, true},
	} {
		ctx := t.Context()
		if c.session != nil {
			ctx = sqldb.WithSession(ctx, c.session)
		}
		if got := sqldb.Replicas(e.Anywhere(ctx, c.viewer)); got != c.may {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}
