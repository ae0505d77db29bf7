package rest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
)

// A recorded history of clients that create rows under keys that they share, lose answers, try again and count, is what
// one client after the other could have seen: each key is done once, and everybody is told of the same row.
//
// What a client did not hear of may have happened at any time since, or never: it ends when nothing more is asked.
func TestHistoryIsLinearizable(t *testing.T) {
	onEach(t, func(c *client) {
		const clients, each, keys, lost = 6, 25, 12, 6
		began := time.Now()
		var mu sync.Mutex
		var history []porcupine.Operation
		unheard := 0
		record := func(client int, in asked, call time.Duration, out told) {
			mu.Lock()
			defer mu.Unlock()
			op := porcupine.Operation{ClientId: client, Input: in, Call: int64(call), Output: out, Return: int64(time.Since(began))}
			if out.unheard {
				unheard++
				op.Return = math.MaxInt64
			}
			history = append(history, op)
		}
		var wait sync.WaitGroup
		for client := range clients {
			wait.Go(func() {
				random := rand.New(rand.NewPCG(1, uint64(client)))
				for range each {
					in := asked{key: fmt.Sprint("key", random.IntN(keys))}
					if random.IntN(4) == 0 {
						in.key = "" // count
					}
					mu.Lock()
					loses := in.key != "" && unheard < lost && random.IntN(5) == 0
					mu.Unlock()
					ctx := c.Context()
					if loses {
						timed, cancel := context.WithTimeout(ctx, time.Duration(random.IntN(1500))*time.Microsecond)
						defer cancel()
						ctx = timed
					}
					call := time.Since(began)
					record(client, in, call, c.ask(ctx, in))
				}
			})
		}
		wait.Wait()
		c.Logf("%d operations, of %d the answer was lost", len(history), unheard)
		if got := porcupine.CheckOperationsTimeout(once, history, time.Minute); got != porcupine.Ok {
			c.Errorf("history is %s", got)
			for _, op := range history {
				c.Logf("%d: %+v %+v %d to %d", op.ClientId, op.Input, op.Output, op.Call, op.Return)
			}
		}
	})
}

// A key that is done twice, and a count that misses what was told before, are seen.
func TestHistoriesThatAreNone(t *testing.T) {
	op := func(at int64, in asked, out told) porcupine.Operation {
		return porcupine.Operation{Input: in, Output: out, Call: at, Return: at + 1}
	}
	create, count := asked{key: "k"}, asked{}
	for name, history := range map[string][]porcupine.Operation{
		"twice":  {op(0, create, told{id: "a"}), op(2, create, told{id: "b"})},
		"missed": {op(0, create, told{id: "a"}), op(2, count, told{total: 0})},
		"shared": {op(0, create, told{id: "a"}), op(2, asked{key: "other"}, told{id: "a"})},
	} {
		if porcupine.CheckOperations(once, history) {
			t.Errorf("%s: passes", name)
		}
	}
}

// asked creates a comment under a key; without one it counts.
type asked struct{ key string }

// told is the row that was created, or how many there are.
type told struct {
	id      string
	total   int
	unheard bool
}

// once is what should happen: the rows by their key. "?" is a row of which nobody was told yet.
var once = porcupine.Model{
	Init: func() any { return map[string]string{} },
	Step: func(state, input, output any) (bool, any) {
		rows, in, out := state.(map[string]string), input.(asked), output.(told)
		if in.key == "" {
			return out.total == len(rows), rows
		}
		known, done := rows[in.key]
		switch {
		case out.unheard && done:
			return true, rows
		case out.unheard:
			out.id = "?"
		case done && known != "?":
			return known == out.id, rows
		case slices.Contains(slices.Collect(maps.Values(rows)), out.id):
			return false, rows
		}
		next := maps.Clone(rows)
		next[in.key] = out.id
		return true, next
	},
	Equal: func(a, b any) bool { return maps.Equal(a.(map[string]string), b.(map[string]string)) },
}

// ask calls the door, and says what came of it.
func (c *client) ask(ctx context.Context, in asked) told {
	r := httptest.NewRequestWithContext(ctx, "GET", "/v1/feedback?count=true", http.NoBody)
	if in.key != "" {
		r = httptest.NewRequestWithContext(ctx, "POST", "/v1/feedback", strings.NewReader(`{"text":"public"}`))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Idempotency-Key", in.key)
		r.Header.Set("Authorization", "Bearer ann")
	}
	w := httptest.NewRecorder()
	c.handler.ServeHTTP(w, r)
	var body struct {
		ID    string
		Total int
	}
	err := json.Unmarshal(w.Body.Bytes(), &body)
	switch {
	case w.Code == 504 || w.Body.Len() == 0:
		return told{unheard: true}
	case err != nil || w.Code != 200 && w.Code != 201:
		c.Errorf("%+v: %d %s", in, w.Code, w.Body)
	}
	return told{id: body.ID, total: body.Total}
}
