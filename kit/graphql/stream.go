package graphql

import (
	"context"
	"errors"
	"net/http"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/feed"
	"github.com/fettlehq/fettle/kit/internal/watch"
	"github.com/fettlehq/fettle/kit/problem"
)

// The codes of streams.
const (
	codeReadAgain = "READ_AGAIN"
	codeNeeds     = "NEEDS_STREAM"
	codeBusy      = "TOO_MANY_OPERATIONS"
)

// subscription runs p, a subscription: it calls begun when it is allowed, then gives send an answer for each row that the viewer is to be told of, until ctx
// ends or send fails. The failures are of a subscription that was refused, or that the viewer may no longer have.
func (d *Door) subscription(ctx context.Context, viewer kit.Viewer, p *plan, begun func(), send func(answer []byte) error) []*failure {
	r := p.roots[0]
	if wrong := r.wrong(); wrong != nil {
		return []*failure{{message: wrong.Detail, at: r.at, problem: wrong}}
	}
	s, err := watch.Open(ctx, d.engine, viewer, r.sel, d.limits.Time)
	if err != nil {
		return d.ended(ctx, p, err)
	}
	defer s.Close()
	begun()
	failed := func(err error) { d.streamReport().Problem(ctx, p.name, err) }
	for {
		rows, missed, err := s.Next(ctx, failed)
		if err != nil {
			return d.ended(ctx, p, err)
		}
		if missed {
			if send(readAgain) != nil {
				return nil
			}
		}
		for _, row := range rows {
			if send(d.told(p, []result{{value: row}})) != nil {
				return nil
			}
		}
	}
}

// ended is why a subscription ended, nil where nobody waits for it any more.
func (d *Door) ended(ctx context.Context, p *plan, err error) []*failure {
	if ctx.Err() != nil || errors.Is(err, feed.ErrClosed) {
		return nil
	}
	said := d.streamReport().Problem(ctx, p.name, err)
	return []*failure{{message: said.Detail, at: p.roots[0].at, path: []any{p.roots[0].field.key}, problem: said, instance: problem.Instance(ctx, said)}}
}

// streamReport reports what fails in a stream at once: the request that it belongs to is logged when it ends.
func (d *Door) streamReport() problem.Reporter { return problem.Reporter{Log: d.options.Notices} }

// readAgain is the answer that stands for those that may be missing.
var readAgain = append(appendFailures([]byte(`{"errors":`), []*failure{{
	message: "Some changes may be missing: read again what you show.",
	problem: &kit.Problem{Code: codeReadAgain, Status: http.StatusServiceUnavailable},
}}), `,"data":null}`...)

// needsStream refuses a subscription that was asked for without a stream.
func needsStream() error {
	return &kit.Problem{
		Code: codeNeeds, Status: http.StatusNotAcceptable,
		Detail: "Subscribe over a WebSocket (" + subprotocol + "), or with Accept: " + mediaEvents + ".",
	}
}

// Drain ends all streams and returns when they have ended, at the latest with ctx: their clients connect again, to another
// process. It may be called once.
func (d *Door) Drain(ctx context.Context) { d.streams.Drain(ctx) }

// Streams is how many streams are open.
func (d *Door) Streams() int { return d.streams.Open() }
