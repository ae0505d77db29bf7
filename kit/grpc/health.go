package grpc

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"connectrpc.com/connect"
	"connectrpc.com/grpchealth"

	"github.com/fettlehq/fettle/kit/internal/lasting"
)

// statusServiceUnknown is SERVICE_UNKNOWN of grpc.health.v1, which is told to who watches a service that there is not.
const statusServiceUnknown grpchealth.Status = 3

// health answers the health service: of the door as a whole, and of each service alike.
//
// Who watches is told at once, and again when that changes. One loop asks for all of them while there are any. When the process is
// about to end they are told NOT_SERVING, and then their streams end.
type health struct {
	*door
	services []string
	streams  *lasting.Streams // that watch

	mu        sync.Mutex
	watchers  map[*watcher]bool
	following bool // the loop runs
	serving   bool // as it was seen last, while it runs
}

// watcher is one who watches.
type watcher struct {
	changed func()
	ending  bool // he was told that the process is about to end
}

type watcherKey struct{}

func newHealth(d *door, services []string) *health {
	return &health{door: d, services: services, streams: lasting.New(), watchers: map[*watcher]bool{}}
}

// handler is h at its path.
func (h *health) handler(bounded connect.HandlerOption) (string, http.Handler) {
	path, answer := grpchealth.NewHandler(h, bounded)
	return path, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != path+"Watch" {
			answer.ServeHTTP(w, r)
			return
		}
		if err := h.streams.Enter(h.options.Watches); err != nil {
			h.refuse(w, r, err)
			return
		}
		defer h.streams.Leave()
		ctx, cancel := lasting.Untimed(r)
		defer cancel(context.Canceled)
		control := http.NewResponseController(w)
		control.SetReadDeadline(time.Time{})
		control.SetWriteDeadline(time.Time{})
		slow := &patient{ResponseWriter: w, control: control, write: h.options.Write}
		answer.ServeHTTP(slow, r.WithContext(context.WithValue(ctx, watcherKey{}, &watcher{})))
	})
}

// Check is grpchealth.Checker. It answers both who asks once and, by the loop of grpchealth, who watches.
func (h *health) Check(ctx context.Context, r *grpchealth.CheckRequest) (*grpchealth.CheckResponse, error) {
	who, watches := ctx.Value(watcherKey{}).(*watcher)
	known := r.Service == "" || slices.Contains(h.services, r.Service)
	serving := false
	switch {
	case watches && h.streams.IsDraining():
		if who.ending {
			return nil, h.failure(ctx, "health", lasting.ErrEnding)
		}
		who.ending = true
		who.changed() // the stream ends once this was told
	case watches:
		serving = h.seen()
	case known:
		serving = h.options.Ready(ctx) == nil
	}
	switch {
	case !known && watches:
		return &grpchealth.CheckResponse{Status: statusServiceUnknown}, nil
	case !known:
		return nil, connect.NewError(connect.CodeNotFound, fmt.Errorf("there is no service %q", r.Service))
	case serving:
		return &grpchealth.CheckResponse{Status: grpchealth.StatusServing}, nil
	}
	return &grpchealth.CheckResponse{Status: grpchealth.StatusNotServing}, nil
}

func (h *health) seen() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.serving
}

// Watch is grpchealth.Watcher.
func (h *health) Watch(ctx context.Context, _ *grpchealth.CheckRequest, changed func()) (func(), error) {
	who := ctx.Value(watcherKey{}).(*watcher)
	who.changed = changed
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.following {
		h.following = true
		h.serving = h.options.Ready(context.WithoutCancel(ctx)) == nil
		go h.follow(context.WithoutCancel(ctx))
	}
	h.watchers[who] = true
	if h.streams.IsDraining() {
		changed() // follow may have told the others already
	}
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.watchers, who)
	}, nil
}

// follow tells watchers of changes until there are none, or the process is about to end.
func (h *health) follow(ctx context.Context) {
	ticker := time.NewTicker(h.options.Look)
	defer ticker.Stop()
	for {
		select {
		case <-h.streams.Draining():
			h.tell(false, true)
			return
		case <-ticker.C:
			if !h.tell(h.options.Ready(ctx) == nil, false) {
				return
			}
		}
	}
}

// tell tells watchers where it changed, or whatever it was; false where there are none.
func (h *health) tell(serving, anyway bool) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if serving != h.serving || anyway {
		h.serving = serving
		for who := range h.watchers {
			who.changed()
		}
	}
	h.following = len(h.watchers) > 0
	return h.following
}

// patient waits for who is slow to read, no longer than write. Between answers there is no deadline: over HTTP/2 one that passes ends
// the stream, also where nothing is being written.
type patient struct {
	http.ResponseWriter
	control *http.ResponseController
	write   time.Duration
}

func (p *patient) Write(b []byte) (int, error) {
	p.control.SetWriteDeadline(time.Now().Add(p.write))
	defer p.control.SetWriteDeadline(time.Time{})
	return p.ResponseWriter.Write(b)
}

// Flush is http.Flusher.
func (p *patient) Flush() {
	p.control.SetWriteDeadline(time.Now().Add(p.write))
	defer p.control.SetWriteDeadline(time.Time{})
	p.control.Flush()
}

// Unwrap is for http.ResponseController.
func (p *patient) Unwrap() http.ResponseWriter { return p.ResponseWriter }
