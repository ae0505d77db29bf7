package graphql

import (
	"context"
	"net/http"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/internal/replay"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/query"
)

// answerOnce runs a mutation that has a key and answers; one that comes again is only answered.
func (d *Door) answerOnce(w http.ResponseWriter, r *http.Request, media string, viewer kit.Viewer, p *plan, repeated *replay.Request) {
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

// once runs all root fields in one transaction, in which the answer is kept too: one key is for all of the document, so
// all of it is done, or, where a field fails, nothing.
func (d *Door) once(ctx context.Context, viewer kit.Viewer, p *plan, repeated *replay.Request) (replay.Answer, error) {
	var failed *root // where do ended
	answer, err := repeated.Write(ctx, d.writer(p.roots...), viewer, func(ctx context.Context, tx *query.Tx, answer *replay.Answer) error {
		if err := tx.Queue(ctx, p.entities(create), p.entities(update)); err != nil {
			return err
		}
		if rows := p.written(); len(rows) > 1 { // the write of one locks it
			if err := tx.Lock(ctx, rows); err != nil {
				return err
			}
		}
		results := make([]result, len(p.roots))
		for i, r := range p.roots {
			if err := d.one(ctx, tx, r, &results[i].value); err != nil {
				failed = r
				return err
			}
		}
		failed = nil
		*answer = replay.Answer{Status: http.StatusOK, Body: d.told(p, results)}
		return nil
	})
	if err != nil && failed != nil {
		return d.refused(failed, d.failed(ctx, p, err)), nil
	}
	return answer, err
}

// written is the rows that root fields name and write.
func (p *plan) written() (rows []query.Named) {
	for _, r := range p.roots {
		switch r.verb.do {
		case update, remove, restore:
			rows = append(rows, query.Named{Entity: r.verb.entity, Key: r.key, Stays: r.verb.do == update})
		}
	}
	return rows
}

// entities is those of the rows to which root fields do one thing, as often as they do.
func (p *plan) entities(do doing) (entities []*meta.Entity) {
	for _, r := range p.roots {
		if r.verb.do == do {
			entities = append(entities, r.verb.entity)
		}
	}
	return entities
}

// one runs one root field.
func (d *Door) one(ctx context.Context, tx *query.Tx, r *root, value *any) error {
	if wrong := r.wrong(); wrong != nil {
		return wrong
	}
	if r.member == nil {
		return nil
	}
	return d.run(ctx, tx, r, value)
}

// refused is the answer to a document of which nothing was done, since r failed.
func (d *Door) refused(r *root, failed result) replay.Answer {
	w := &writer{limits: d.limits, path: []step{{key: r.field.key}}}
	w.fail(r.field, failed.problem, failed.instance)
	body := append(appendFailures([]byte(`{"errors":`), w.failures), `,"data":null}`...)
	return replay.Answer{Status: http.StatusOK, Body: body}
}
