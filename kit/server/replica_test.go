package server

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/fettlehq/fettle/kit/kittest"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/postgres"
	"github.com/fettlehq/fettle/kit/prometheus"
	"github.com/fettlehq/fettle/kit/sqldb"
)

// board is a service whose notes anybody writes and reads.
func board() Service {
	anybody := []meta.Rule{{When: meta.True()}}
	return Service{
		Name: "board",
		Backend: &meta.Backend{Name: "board", Entities: []*meta.Entity{{
			Name: "Note", Singular: "note", Plural: "notes", Path: "notes", Table: "notes", Key: "id", Page: meta.Page{Size: 20, Max: 100},
			Fields: []*meta.Field{{Name: "id", Kind: meta.ID, Column: "id", Auto: true}, {Name: "text", Kind: meta.String, Column: "text"}},
			Allow:  meta.Allow{Read: anybody, Create: anybody},
		}}},
		SDL: `type Query { notes(first: Int): NoteConnection! }
			type Mutation { createNote(input: CreateNoteInput!): Note! }
			type NoteConnection { nodes: [Note!]! }
			type Note { id: ID! text: String! }
			input CreateNoteInput { text: String! }`,
		Migrations: fstest.MapFS{"postgres/0001_notes.sql": {Data: []byte("-- +goose Up\nCREATE TABLE notes (id uuid PRIMARY KEY, text text NOT NULL);\n")}},
		Drivers:    []sqldb.Driver{postgres.Driver},
		Metrics:    prometheus.New(),
	}
}

// Two processes share a primary and a replica that stands still. Who sends back the Read-After that his write was answered
// with sees it at either, by REST and GraphQL; who has written nothing is answered by the replica.
func TestReadAfter(t *testing.T) {
	url, standby := kittest.Postgres(t), kittest.NewStandby(t)
	process := func() *Server {
		config, err := ReadConfig("board", environment("DATABASE_URL", url, "DATABASE_REPLICA_URLS", standby.URL(url)))
		if err != nil {
			t.Fatal(err)
		}
		config.Logs = io.Discard
		s, err := New(t.Context(), board(), config)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return s
	}
	one, other := process(), process()
	waitFor(t, func() bool {
		return strings.Contains(ask(other, "GET", "/readyz", "").Body.String(), ": up") &&
			ask(other, "GET", "/v1/notes", "", ReadAfter, "0").Code == 200
	})
	alone := kittest.Open(t, postgres.Driver, standby.URL(url))
	if _, err := alone.Handle().Exec("SELECT pg_wal_replay_pause()"); err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() (paused bool) {
		err := alone.Handle().QueryRow("SELECT pg_get_wal_replay_pause_state() = 'paused'").Scan(&paused)
		return err == nil && paused
	})

	const query = `{"query":"{ notes { nodes { text } } }"}`
	read := func(s *Server, after string) [2]int {
		t.Helper()
		rest, graph := ask(s, "GET", "/v1/notes", "", ReadAfter, after), ask(s, "POST", "/graphql", query, ReadAfter, after)
		if rest.Code != 200 || graph.Code != 200 || rest.Header().Get(ReadAfter)+graph.Header().Get(ReadAfter) != "" {
			t.Errorf("read: %d %s, %d %s", rest.Code, rest.Body, graph.Code, graph.Body)
		}
		return [2]int{strings.Count(rest.Body.String(), `"text"`), strings.Count(graph.Body.String(), `"text"`)}
	}
	after := ""
	for i, write := range []func() string{
		func() string {
			return ask(one, "POST", "/v1/notes", `{"text":"a"}`).Header().Get(ReadAfter)
		},
		func() string {
			return ask(one, "POST", "/graphql", `{"query":"mutation { createNote(input: {text: \"b\"}) { id } }"}`).Header().Get(ReadAfter)
		},
	} {
		before := after
		after = write()
		if after == "" || after == before {
			t.Fatalf("written up to %q after %q", after, before)
		}
		for _, s := range []*Server{one, other} {
			if got, want := read(s, after), [2]int{i + 1, i + 1}; got != want {
				t.Errorf("the writer sees %v notes, want %v", got, want)
			}
			if got := read(s, "0"); got != [2]int{} {
				t.Errorf("who wrote nothing sees %v notes, want those of the replica", got)
			}
		}
	}
	if report := ask(one, "GET", "/readyz", "").Body.String(); !strings.HasPrefix(report, "ready\nreplica 127.0.0.1:") {
		t.Errorf("readyz: %s", report)
	}
	metrics := ask(one, "GET", "/metrics", "").Body.String()
	for _, series := range []string{`db_replica_up{replica="127.0.0.1:`, "db_replica_lag_seconds{", `outcome="behind"`, `outcome="failed"`} {
		if !strings.Contains(metrics, series) {
			t.Errorf("no %s in the metrics", series)
		}
	}

	standby.Kill()
	for range 20 {
		if got := read(other, "0"); got != [2]int{2, 2} && got != [2]int{} {
			t.Errorf("%v notes once the replica is dead", got)
		}
	}
	if got := read(other, "0"); got != [2]int{2, 2} {
		t.Errorf("%v notes, want the primary's", got)
	}
}

func waitFor(t *testing.T, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("20 seconds, and not yet")
		}
	}
}

// What cannot be read is not said.
func TestWhatReadAfterSays(t *testing.T) {
	s := &Server{replicas: func() []sqldb.Replica { return nil }}
	for header, told := range map[string]bool{"": false, "0": true, "1f": true, "-1": false, "what": false, "ffffffffffffffff": false} {
		if got := s.session(saying(header)).Told(); got != told {
			t.Errorf("%q tells: %v", header, got)
		}
	}
	if (&Server{}).session(saying("0")) != nil {
		t.Error("a session without replicas")
	}
}

func saying(after string) *http.Request {
	r := httptest.NewRequest("GET", "/v1/notes", nil)
	r.Header.Set(ReadAfter, after)
	return r
}
