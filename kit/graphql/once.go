package graphql

import (
	"context"
	"errors"
	"net/http"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/internal/replay"
	"github.com/fettlehq/fettle/kit/query"
)

// answerOnce runs a mutation that has a key and answers; one that comes again is only answered.
func (d *door) answerOnce(w http.ResponseWriter, r *http.Request, media string, viewer kit.Viewer, p *plan, repeated *replay.Request) {
	answer, err := d.once(r.Context(), viewer, p, repeated)
	if err != nil {
		d.refuse(w, r, media, err)
		return
	}
	if answer.Replayed {
		w.Header().Set(replay.ReplayedHeader, "true")
	}
	d.send(w, r, media, answer.Status, answer.Body, nil)
}

// errUndone is why a document was undone: one of its fields failed.
var errUndone = errors.New("a field failed")

// once runs all root fields in one transaction, in which the answer is kept too: one key is for all of the document, so
// all of it is done, or, where a field fails, nothing.
func (d *door) once(ctx context.Context, viewer kit.Viewer, p *plan, repeated *replay.Request) (replay.Answer, error) {
	var undone replay.Answer
	answer, err := repeated.Write(ctx, d.engine, viewer, func(ctx context.Context, tx *query.Tx) (replay.Answer, error) {
		results := make([]result, len(p.roots))
		for i, r := range p.roots {
			results[i] = d.one(ctx, tx, p, r)
			if results[i].problem != nil {
				undone = refused(r, results[i])
				return replay.Answer{}, errUndone
			}
		}
		return replay.Answer{Status: http.StatusOK, Body: d.told(p, results)}, nil
	})
	if errors.Is(err, errUndone) {
		return undone, nil
	}
	return answer, err
}

// one runs one root field.
func (d *door) one(ctx context.Context, tx *query.Tx, p *plan, r *root) result {
	if wrong := r.wrong(); wrong != nil || r.member == nil {
		return result{problem: wrong}
	}
	value, err := d.run(ctx, tx, r)
	if err != nil {
		return d.failed(ctx, p, err)
	}
	return result{value: value}
}

// refused is the answer to a document of which nothing was done, since r failed.
func refused(r *root, failed result) replay.Answer {
	w := &writer{path: []step{{key: r.field.key}}}
	w.fail(r.field, failed.problem, failed.instance)
	body := append(appendFailures([]byte(`{"errors":`), w.failures), `,"data":null}`...)
	return replay.Answer{Status: http.StatusOK, Body: body}
}
