package conduit_test

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"example.com/conduit/app"
	"github.com/fettlehq/fettle/kit/designtest"
)

// served is conduit as somebody asks it who has written an article, tagged and commented it.
func served(t *testing.T, ada client) designtest.Served {
	tagged := article("on-engines")
	tagged["tags"] = []string{"engines"}
	ada.want(http.StatusCreated, "POST", "/v1/articles", tagged)
	comment := ada.want(http.StatusCreated, "POST", "/v1/comments", object{"article": "on-engines", "body": "Indeed."})
	return designtest.Served{
		URL: ada.url, OpenAPI: app.New(nil).OpenAPI, Token: ada.token,
		Place: func(path, name string) string {
			return map[string]string{
				"username": "ada", "user": "alan", "slug": "on-engines", "article": "on-engines", "name": "engines", "id": comment["id"].(string),
			}[name]
		},
		Skip: func(path string) bool { return strings.HasPrefix(path, "/api/") }, // RealWorld's own form of problems
	}
}

// TestRefusals sends what must be refused to each operation of openapi.json that is generated.
func TestRefusals(t *testing.T) {
	onBoth(t, func(t *testing.T, ada, alan client) { designtest.Refusals(t, served(t, ada)) })
	run := func(name, value string, ask func(*testing.T, designtest.Served)) {
		t.Run(name, func(t *testing.T) {
			url := start(t, "sqlite:"+filepath.Join(t.TempDir(), "conduit.db"), name, value)
			s := served(t, register(t, url, "ada"))
			ask(t, s)
		})
	}
	run("REQUIRE_IF_MATCH", "yes", designtest.Unmatched)
	run("RATE_LIMIT", "20/24h", func(t *testing.T, s designtest.Served) {
		s.Skip = nil // what the team wrote is counted too
		designtest.Limited(t, s)
	})
}
