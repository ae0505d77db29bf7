package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"
)

const (
	headerTimeout = 10 * time.Second
	idleTimeout   = 2 * time.Minute
	stopTimeout   = 5 * time.Second
	maxHeader     = 64 << 10 // bytes
	maxBody       = 8 << 20  // bytes; doors take less

	maxConnections = 10_000    // that are open at once, WebSockets apart: beyond them one is closed as soon as it comes
	maxReceiving   = 64 << 20  // bytes of bodies that are under way to the doors at once
	maxSending     = 256 << 20 // bytes of answers that wait to be read at once
)

// listen takes the socket that was inherited (LISTEN_FDS, systemd's convention), else listens on ADDR.
func listen(config Config, env func(string) string) (l net.Listener, inherited bool, err error) {
	pid := env("LISTEN_PID")
	if env("LISTEN_FDS") != "1" || pid != "" && pid != strconv.Itoa(os.Getpid()) {
		l, err = net.Listen("tcp", config.Addr)
		return l, false, err
	}
	const first = 3
	file := os.NewFile(first, "inherited socket")
	defer file.Close()
	if l, err = net.FileListener(file); err != nil {
		return nil, true, fmt.Errorf("LISTEN_FDS: descriptor %d: %w", first, err)
	}
	return l, true, nil
}

// tellReady writes to the descriptor that READY_FD names, so that whoever started the process knows that it answers.
func tellReady(env func(string) string) error {
	text := env("READY_FD")
	if text == "" {
		return nil
	}
	fd, err := strconv.Atoi(text)
	if err != nil || fd < 0 {
		return fmt.Errorf("READY_FD: %q: want the number of an open file", text)
	}
	file := os.NewFile(uintptr(fd), "READY_FD")
	_, err = file.WriteString("READY\n")
	return errors.Join(err, file.Close())
}

// Serve answers requests on l until ctx ends, then drains: what is in flight is answered, at most for the
// configuration's ShutdownTimeout. It closes l. The error tells how many requests were cut off.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	return s.serve(ctx, l, false)
}

// serve is Serve. A shared listener is one from which others accept too, now or later.
func (s *Server) serve(ctx context.Context, l net.Listener, shared bool) error {
	defer s.startPurging(ctx)()
	requests, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	connections := track(l, shared, cmp.Or(s.config.maxConnections, maxConnections))
	web := s.web(s.handler)
	web.ConnState = connections.observe
	web.BaseContext = func(net.Listener) context.Context { return requests }
	ended := make(chan error, 1)
	go func() { ended <- web.Serve(connections) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	s.draining.Store(true)
	streamsEnded := s.drainStreams()
	left := connections.drain(s.config.ShutdownTimeout, ended)
	<-streamsEnded
	cut()
	err := web.Close()
	if left > 0 {
		return errors.Join(fmt.Errorf("shutdown: %d requests took longer than %v and were cut off", left, s.config.ShutdownTimeout), err)
	}
	return err
}

// drainStreams ends what would last: WebSockets, streams of events and subscriptions. The channel is closed when they have ended, or when
// they have had as long as requests have.
func (s *Server) drainStreams() <-chan struct{} {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		ctx, cancel := context.WithTimeout(context.Background(), s.config.ShutdownTimeout)
		defer cancel()
		var doors sync.WaitGroup
		for _, drain := range s.drains {
			doors.Go(func() { drain(ctx) })
		}
		doors.Wait()
	}()
	return ended
}

// measures are what is told of a service to those who run it.
func (s *Server) measures(mux *http.ServeMux) {
	mux.Handle("GET /metrics", s.service.Metrics.Handler())
	mux.Handle("GET /metrics/statements", s.counts)
}

// serveMetrics serves them on a port of its own until ctx ends.
func (s *Server) serveMetrics(ctx context.Context) (stop func(), err error) {
	switch {
	case s.service.Metrics == nil || s.config.ownMetrics():
		return func() {}, nil
	case s.config.MetricsAddr == "":
		s.log.InfoContext(ctx, "metrics are not served: set METRICS_ADDR to an address that only those reach who may read them")
		return func() {}, nil
	}
	l, err := net.Listen("tcp", s.config.MetricsAddr)
	if err != nil {
		return nil, fmt.Errorf("METRICS_ADDR: %w", err)
	}
	mux := http.NewServeMux()
	s.measures(mux)
	web := s.web(mux)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := web.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.log.ErrorContext(ctx, "metrics", "error", err)
		}
	}()
	return func() {
		web.Close()
		<-ended
	}, nil
}

// web bounds what a slow or hostile caller can hold.
func (s *Server) web(handler http.Handler) *http.Server {
	protocols := &http.Protocols{}
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true) // gRPC; TLS ends before the service
	forHeader := cmp.Or(s.config.headerTimeout, headerTimeout)
	return &http.Server{
		Handler:           handler,
		Protocols:         protocols,
		ReadHeaderTimeout: forHeader,
		ReadTimeout:       forHeader + s.config.RequestTimeout,
		WriteTimeout:      forHeader + 2*s.config.RequestTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		HTTP2:             &http.HTTP2Config{WriteByteTimeout: s.config.RequestTimeout}, // without which one who reads nothing stays for ever
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
}
