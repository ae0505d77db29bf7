package runtime

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// batch is several writes that happen together or not at all.
type batch struct {
	core    *core
	key     string
	sent    bool
	parts   []part
	answers []func(json.RawMessage) error
	err     error // of the first part that cannot be sent
}

// part is one request of a batch, as the service reads it.
type part struct {
	Method  string `json:"method"`
	Path    string `json:"path"`
	Body    any    `json:"body,omitempty"`
	IfMatch string `json:"ifMatch,omitempty"`
}

func newBatch(c *core) *batch { return &batch{core: c, key: newKey()} }

// Pending is what a part of a batch is answered with once the batch was sent.
type Pending[T any] struct {
	at    int
	value T
	done  bool
}

// placeholder begins what stands for an id that there is not yet. Nobody else knows it, so that no text of a caller is one.
var placeholder = "\x00" + newKey() + ":"

// ID stands for the id of the row in later parts of the batch.
func (p *Pending[T]) ID() ID { return ID(placeholder + strconv.Itoa(p.at)) }

// Get is the answer; false until the batch was sent.
func (p *Pending[T]) Get() (T, bool) { return p.value, p.done }

// MarshalJSON writes the id or key, or what stands for the id of another part of a batch.
func (id ID) MarshalJSON() ([]byte, error) {
	if at, ok := strings.CutPrefix(string(id), placeholder); ok {
		return []byte(`{"$id":` + at + `}`), nil
	}
	return json.Marshal(string(id))
}

// add adds r to a batch.
func add[T any](b *batch, r request, options []CallOption) *Pending[T] {
	for _, o := range options {
		o(&r.sent)
	}
	p := &Pending[T]{at: len(b.parts)}
	if strings.Contains(r.path, segment(ID(placeholder))) && b.err == nil {
		b.err = fmt.Errorf("%s: what a batch is to make is named in a path", r.operation)
	}
	b.parts = append(b.parts, part{r.method, withQuery(r.path, r.parameters()), r.body, r.sent.ifMatch})
	b.answers = append(b.answers, func(text json.RawMessage) error {
		p.done = true
		if len(text) == 0 {
			return nil
		}
		return json.Unmarshal(text, &p.value)
	})
	return p
}

// send sends the batch. One that failed may be sent again: it is done once.
func (b *batch) send(ctx context.Context, options []CallOption) error {
	switch {
	case b.err != nil:
		return fmt.Errorf("batch: %w", b.err)
	case b.sent:
		return errors.New("batch: was sent already")
	case len(b.parts) == 0:
		return nil
	}
	type answers struct {
		Responses []struct {
			Body json.RawMessage `json:"body"`
		} `json:"responses"`
	}
	body := map[string]any{"requests": b.parts}
	got, err := call[answers](ctx, b.core, request{operation: "batch", method: http.MethodPost, path: "/v1/batch", body: body, keyed: true},
		append([]CallOption{IdempotencyKey(b.key)}, options...))
	if err != nil {
		return err
	}
	if len(got.Responses) != len(b.parts) {
		return fmt.Errorf("batch: %d answers to %d requests", len(got.Responses), len(b.parts))
	}
	b.sent = true
	for i, r := range got.Responses {
		if err := b.answers[i](r.Body); err != nil {
			return fmt.Errorf("batch: answer %d: %w", i, err)
		}
	}
	return nil
}
