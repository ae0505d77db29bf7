package cli_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fettlehq/fettle/cli"
)

// A scripted model does what was asked for, from nothing and in a copy of the shop: shown, agreed to, generated.
func TestDoWithModel(t *testing.T) {
	for _, c := range []struct{ project, calls, shows string }{
		{"", `{"recipe":"registration"}`, "+type User @entity @account(login: email)"},
		{"../examples/shop", `{"recipe":"index","args":["User.name"]}`, "+  name: String! @length(min: 1, max: 80) @personal @index"},
	} {
		tmp := t.TempDir()
		dir := filepath.Join(tmp, "examples", "notes") // so far from the kit as the shop is, whose go.mod leads there
		kit, err := filepath.Abs("../kit")
		if err := errors.Join(err, os.MkdirAll(dir, 0o755), os.Symlink(kit, filepath.Join(tmp, "kit"))); err != nil {
			t.Fatal(err)
		}
		if c.project != "" {
			if err := os.CopyFS(dir, os.DirFS(c.project)); err != nil {
				t.Fatal(err)
			}
		}
		asked := 0
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if asked++; asked%2 == 1 {
				_, _ = io.WriteString(w, `{"content":[{"type":"tool_use","id":"a","name":"edit_design","input":`+c.calls+`}]}`)
				return
			}
			_, _ = io.WriteString(w, `{"content":[{"type":"text","text":"It is done."}]}`)
		}))
		run := func(args ...string) (int, string) {
			var out bytes.Buffer
			code := cli.Do(append(args, "--kit", "../kit", "--project", dir, "--model", server.URL+"/v1/messages", "do something"), strings.NewReader(""), &out, &out)
			return code, out.String()
		}
		if code, said := run("do"); code != 2 || !strings.Contains(said, c.shows) || !strings.Contains(said, "there is no terminal") {
			t.Errorf("%d\n%s", code, said)
		}
		if code, said := run("do", "--yes"); code != 0 || !strings.Contains(said, "model: It is done.") || !strings.Contains(said, "notes: done;") {
			t.Errorf("%d\n%s", code, said)
		}
		if _, err := os.Stat(filepath.Join(dir, "api", "openapi.json")); err != nil {
			t.Error(err)
		}
		server.Close()
	}
}
