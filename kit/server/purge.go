package server

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/meta"
)

// purgeEvery is about how often deleted rows are looked through; a tenth of it is left to chance, so that replicas that
// start together do not meet.
const purgeEvery = time.Hour

// startPurging removes for good what was deleted as long ago as its entity says, at once and then every hour, until the
// function that it returns is called.
func (s *Server) startPurging(ctx context.Context) (stop func()) {
	if !keeps(s.service.Backend) {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		told := map[kit.ID]bool{}
		for ctx.Err() == nil {
			s.purge(ctx, told)
			select {
			case <-ctx.Done():
			case <-time.After(purgeEvery - rand.N(purgeEvery/10)):
			}
		}
	}()
	return func() {
		cancel()
		<-ended
	}
}

// keeps tells whether anything is kept for a time.
func keeps(b *meta.Backend) bool {
	for _, e := range b.Entities {
		if e.SoftDelete && e.Keep > 0 {
			return true
		}
	}
	return false
}

// purge purges once. What stays since others refer to it is told once: told holds what was.
func (s *Server) purge(ctx context.Context, told map[kit.ID]bool) {
	done, err := s.engine.Purge(ctx)
	for _, p := range done {
		if p.Rows > 0 {
			s.log.InfoContext(ctx, "deleted rows are gone for good", "entity", p.Entity, "rows", p.Rows)
		}
		fresh := 0
		for _, id := range p.Kept {
			if !told[id] {
				told[id] = true
				fresh++
			}
		}
		if fresh > 0 {
			s.log.WarnContext(ctx, "deleted rows stay, since other rows refer to them", "entity", p.Entity, "rows", fresh)
		}
	}
	if err != nil && ctx.Err() == nil {
		s.log.ErrorContext(ctx, "deleted rows were not removed", "error", err)
	}
}
