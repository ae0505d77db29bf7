// Package watch is a subscription of one viewer, for every door.
//
//	feed ─▶ keys of rows that were written ─▶ Next ─▶ the rows, read again under policy ─▶ doors
//
// The rules of the subscription and of its rows are asked at each read, so that a viewer who may no longer see a row does
// not hear of it, and one who may no longer subscribe hears that.
package watch

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/feed"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/query"
)

// Subscription tells one viewer of the rows that were written. It is used by one goroutine at a time.
type Subscription struct {
	engine  *query.Engine
	viewer  kit.Viewer
	sel     *query.Select
	timeout time.Duration
	watcher *feed.Watcher
}

// Open begins a subscription: sel's Query, with its Args, to rows of sel. It is a problem where the viewer may not
// subscribe. A read takes no longer than timeout. It must be closed.
func Open(ctx context.Context, engine *query.Engine, viewer kit.Viewer, sel *query.Select, timeout time.Duration) (*Subscription, error) {
	if engine.Feed() == nil {
		return nil, errors.New("subscriptions: the engine has no feed")
	}
	s := &Subscription{engine: engine, viewer: viewer, sel: sel, timeout: timeout}
	s.watcher = engine.Feed().Watch(sel.Entity.Name, sel.Query.On...) // before the rules are asked, so that nothing is missed after them
	err := s.read(ctx, func(ctx context.Context, tx *query.Tx) error { return tx.Asked(ctx, sel.Query, sel.Args) })
	if err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// Close ends the subscription.
func (s *Subscription) Close() { s.watcher.Close() }

// Next waits for rows to be written that the viewer is to be told of, and returns them as they are now. Missed tells that
// there may be others: the viewer does well to read again what he shows. Where he may no longer subscribe it is a problem;
// a failure that goes away is only something missed, and reported to failed.
func (s *Subscription) Next(ctx context.Context, failed func(error)) (rows []*query.Row, missed bool, err error) {
	for {
		ids, missed, err := s.watcher.Next(ctx)
		if err != nil || missed {
			return nil, missed, err
		}
		rows, err := s.rows(ctx, ids)
		var p *kit.Problem
		switch {
		case ctx.Err() != nil:
			return nil, false, ctx.Err()
		case err == nil && len(rows) == 0:
		case err == nil:
			return rows, false, nil
		case errors.As(err, &p) && p.Status < http.StatusInternalServerError:
			return nil, false, err
		default:
			failed(err)
			return nil, true, nil
		}
	}
}

func (s *Subscription) read(ctx context.Context, do func(context.Context, *query.Tx) error) error {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	return s.engine.Read(ctx, s.viewer, do)
}

// rows reads those of ids that the viewer is to be told of, in their order.
func (s *Subscription) rows(ctx context.Context, ids []kit.ID) (rows []*query.Row, err error) {
	most := cmp.Or(s.sel.Paging(nil).Max, 100)
	for start := 0; start < len(ids); start += most {
		some := ids[start:min(start+most, len(ids))]
		found, err := s.some(ctx, some, most)
		if err != nil {
			return nil, err
		}
		for _, id := range some {
			if row := found[id]; row != nil {
				rows = append(rows, row)
			}
		}
	}
	return rows, nil
}

func (s *Subscription) some(ctx context.Context, ids []kit.ID, most int) (map[kit.ID]*query.Row, error) {
	alternatives := make([]*meta.Expr, len(ids))
	for i, id := range ids {
		alternatives[i] = meta.Const(string(id))
	}
	sel := *s.sel
	sel.Where, sel.First = meta.In(meta.This(), alternatives...), most
	found := make(map[kit.ID]*query.Row, len(ids))
	err := s.read(ctx, func(ctx context.Context, tx *query.Tx) error {
		list, err := tx.List(ctx, &sel)
		if err != nil {
			return err
		}
		for _, row := range list.Rows {
			found[row.ID] = row
		}
		return nil
	})
	return found, err
}
