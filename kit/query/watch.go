package query

import (
	"context"
	"slices"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/feed"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/sqldb"
)

// verbSet is a set of verbs.
type verbSet [meta.Delete + 1]bool

// watched are the writes that somebody may subscribe to.
func watched(b *meta.Backend) map[*meta.Entity]verbSet {
	all := map[*meta.Entity]verbSet{}
	for _, o := range b.Subscriptions {
		if len(o.Allow) == 0 {
			continue // it opens no door
		}
		of := all[o.Result.Target()]
		for _, verb := range o.On {
			of[verb] = true
		}
		all[o.Result.Target()] = of
	}
	return all
}

// Feed tells of the rows that transactions of the engine write; nil where nobody watches.
func (e *Engine) Feed() *feed.Feed { return e.feed }

// changed remembers that rows of e were written, where somebody may watch that. What is undone within the transaction may
// stand there too: whoever is told reads it again.
func (t *Tx) changed(e *meta.Entity, verb meta.Verb, ids ...string) {
	if !t.tells(e, verb) {
		return
	}
	for _, id := range ids {
		c := feed.Change{Entity: e.Name, Verb: verb, ID: kit.ID(id)}
		if len(t.state.changes) > 50 || !slices.Contains(t.state.changes, c) {
			t.state.changes = append(t.state.changes, c)
		}
	}
}

// tells tells whether somebody may watch that.
func (t *Tx) tells(e *meta.Entity, verb meta.Verb) bool {
	return t.engine.feed != nil && t.engine.watched[e][verb]
}

// tell is Write that tells the feed what was written.
func (e *Engine) tell(ctx context.Context, viewer kit.Viewer, do func(ctx context.Context, tx *Tx) error) error {
	var changes []feed.Change
	err := e.db.Write(ctx, func(c sqldb.Conn) error {
		changes = nil
		return e.run(ctx, c, viewer, func(ctx context.Context, tx *Tx) error {
			if err := do(ctx, tx); err != nil {
				return err
			}
			changes = tx.state.changes
			return e.feed.Announce(ctx, c, changes)
		})
	})
	if err == nil {
		e.feed.Committed(changes)
	}
	return err
}

// Asked checks that the viewer may use an operation with those arguments, as Call does, and does nothing.
func (t *Tx) Asked(ctx context.Context, o *meta.Operation, args []any) error {
	_, err := t.prepare(ctx, o, args)
	return err
}
