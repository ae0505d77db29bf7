package server

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"golang.org/x/time/rate"

	"github.com/fettlehq/fettle/kit/internal/body"
	"github.com/fettlehq/fettle/kit/internal/coding"
	"github.com/fettlehq/fettle/kit/internal/fields"
	"github.com/fettlehq/fettle/kit/internal/lasting"
	"github.com/fettlehq/fettle/kit/internal/throttle"
	"github.com/fettlehq/fettle/kit/problem"
	"github.com/fettlehq/fettle/kit/sqldb"
	"github.com/fettlehq/fettle/kit/telemetry"
)

// observe gives each request a trace, a deadline and a record, and tells the log, the span and the metrics how it ended.
func (s *Server) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		ctx, span := s.tracer.Incoming(r.Context(), r.Header)
		ctx, request := telemetry.Begin(ctx)
		ctx, cancel := lasting.Within(ctx, s.config.RequestTimeout)
		defer cancel()
		session := s.session(r)
		if session != nil {
			ctx = sqldb.WithSession(ctx, session)
		}
		r = r.WithContext(ctx)
		answer := &answer{ResponseWriter: w, draining: s.draining.Load, session: session}
		answer.Header()["X-Request-Id"] = []string{traceID(ctx)}
		s.recovering(answer, r, next)
		if answer.code == 0 {
			tellWritten(answer.Header(), session)
		}

		operation := request.Operation()
		if operation == "" {
			operation = named(r)
			telemetry.SetOperation(ctx, operation)
		}
		status, took := cmp.Or(request.Status(), answer.status()), time.Since(began)
		span.SetAttributes(attribute.String("http.request.method", r.Method), attribute.Int("http.response.status_code", status))
		if status >= http.StatusInternalServerError {
			span.SetStatus(codes.Error, http.StatusText(status))
		}
		span.End()
		if s.service.Metrics != nil {
			s.service.Metrics.Request(operation, r.Method, status, took)
		}
		s.logAccess(ctx, r, request, answer, status, took)
	})
}

// named is the operation of a request that no door named: the route, which holds nothing that the caller chose.
func named(r *http.Request) string {
	switch {
	case r.Pattern == "" || r.Pattern == "/":
		return unmatched
	case strings.Contains(r.Pattern, " "):
		return r.Pattern
	default:
		return r.Method + " " + r.Pattern
	}
}

// logAccess writes one line a request. It holds the route and never the path or the query: these can hold personal data
// and secrets.
func (s *Server) logAccess(ctx context.Context, r *http.Request, request *telemetry.Request, answer *answer, status int, took time.Duration) {
	level := slog.LevelInfo
	switch {
	case status >= http.StatusInternalServerError:
		level = slog.LevelError
	case isProbe(r) || r.URL.Path == "/metrics" || r.URL.Path == "/metrics/statements":
		level = slog.LevelDebug
	}
	if !s.log.Enabled(ctx, level) {
		return
	}
	statements, inDatabase := request.Statements()
	attrs := []slog.Attr{
		slog.String("method", r.Method), slog.Int("status", status), slog.Duration("took", took),
		slog.Int64("bytes", answer.bytes), slog.Int("statements", statements), slog.Duration("in_database", inDatabase),
	}
	for _, failure := range request.Failures() {
		attrs = append(attrs, slog.Any("error", failure))
		if crash := (*problem.Panic)(nil); errors.As(failure, &crash) {
			attrs = append(attrs, slog.String("stack", string(crash.Stack)))
		}
	}
	s.log.LogAttrs(ctx, level, "request", attrs...)
}

// recovering answers a panic of next with INTERNAL and logs its stack.
func (s *Server) recovering(answer *answer, r *http.Request, next http.Handler) {
	defer problem.Recover(func(err error) {
		if answer.code != 0 { // too late for another answer: the caller must see that this one is broken
			s.report.Problem(r.Context(), named(r), err)
			panic(http.ErrAbortHandler)
		}
		s.refuse(answer, r, err)
	})
	next.ServeHTTP(answer, r)
}

// answer counts what is written.
type answer struct {
	http.ResponseWriter
	draining func() bool
	session  *sqldb.Session // nil without replicas
	code     int
	bytes    int64
}

func (a *answer) WriteHeader(code int) {
	if a.code == 0 && code >= 200 {
		a.code = code
		tellWritten(a.Header(), a.session)
		if a.draining() {
			a.Header().Set("Connection", "close")
		}
	}
	a.ResponseWriter.WriteHeader(code)
}

func (a *answer) Write(p []byte) (int, error) {
	if a.code == 0 {
		a.WriteHeader(http.StatusOK)
	}
	n, err := a.ResponseWriter.Write(p)
	a.bytes += int64(n)
	return n, err
}

// Unwrap is for http.ResponseController.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// Flush sends what was written so far.
func (a *answer) Flush() { http.NewResponseController(a.ResponseWriter).Flush() }

func (a *answer) status() int {
	if a.code == 0 {
		return http.StatusOK
	}
	return a.code
}

// protect bounds bodies and sets what browsers need to be told. Pages bring a policy of their own.
func (s *Server) protect(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header["X-Content-Type-Options"] = fields.NoSniff
		header["Content-Security-Policy"] = fields.Nothing
		header["Referrer-Policy"] = fields.NoReferrer
		if s.crossOrigin(w, r) {
			return
		}
		body.Limit(w, r, maxBody)
		if s.words.isCall(r) {
			next.ServeHTTP(w, r)
			return
		}
		if err := coding.Decode(w, r, maxBody); err != nil {
			s.refuse(w, r, err)
			return
		}
		compressed := coding.NewWriter(w, r)
		next.ServeHTTP(compressed, r)
		compressed.Close()
	})
}

// isProbe tells whether r asks whether the process is well.
func isProbe(r *http.Request) bool {
	return r.URL.Path == "/healthz" || r.URL.Path == "/readyz" || r.URL.Path == "/grpc.health.v1.Health/Check"
}

// limit counts requests against the networks that they come from, where RATE_LIMIT says so. Who asks whether the process is well is not
// counted.
func (s *Server) limit(next http.Handler) http.Handler {
	most := s.config.RateLimit
	if most.Most == 0 {
		return next
	}
	limiter := throttle.New(rate.Limit(float64(most.Most)/most.In.Seconds()), most.Most)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isProbe(r) {
			left, _, err := limiter.Take(throttle.Network(s.config.client(r)), time.Now())
			left.Tell(w.Header(), "service")
			if err != nil {
				s.refuse(w, r, err)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// crossOrigin lets pages of CORS_ORIGINS call the service. Tokens travel in a header and never in a cookie, so no
// credentials are allowed. It tells whether it answered, which it does to a preflight.
func (s *Server) crossOrigin(w http.ResponseWriter, r *http.Request) bool {
	if len(s.config.CORSOrigins) == 0 {
		return false
	}
	header := w.Header()
	header.Add("Vary", "Origin")
	origin := r.Header.Get("Origin")
	if !slices.Contains(s.config.CORSOrigins, origin) {
		return false
	}
	header.Set("Access-Control-Allow-Origin", origin)
	header.Set("Access-Control-Expose-Headers", "Deprecation, ETag, Grpc-Message, Grpc-Status, Grpc-Status-Details-Bin, Idempotency-Replayed, Link, Location, RateLimit, RateLimit-Policy, Read-After, Retry-After, Sunset, Www-Authenticate, X-Request-Id")
	if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
		return false
	}
	header.Set("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE")
	// Whatever header its page wants to send: the origin is one that was named, and nothing here is trusted for a header being there.
	header.Add("Vary", "Access-Control-Request-Headers")
	if asked := r.Header.Values("Access-Control-Request-Headers"); len(asked) > 0 {
		header.Set("Access-Control-Allow-Headers", strings.Join(asked, ", "))
	}
	header.Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
	return true
}

// client is the network address of whoever asks: the last in X-Forwarded-For that no trusted proxy has, where the
// connection comes from a trusted proxy, else the connection's own.
func (c *Config) client(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	if !c.trusted(host) {
		return host
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		hop = strings.TrimSpace(hop)
		if _, err := netip.ParseAddr(hop); err != nil {
			return host
		}
		host = hop
		if !c.trusted(hop) {
			return hop
		}
	}
	return host
}

func (c *Config) trusted(address string) bool {
	ip, err := netip.ParseAddr(address)
	return err == nil && slices.ContainsFunc(c.TrustedProxies, func(p netip.Prefix) bool { return p.Contains(ip.Unmap()) })
}

// developmentOnly answers callers on the same machine or network, under an address and not a name: what stands there
// signs people in, so a page of the web must not reach it by a name that it made point here.
func (s *Server) developmentOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !near(r) {
			http.Error(w, "This is for development: open it from the same machine, by its address or localhost.", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func near(r *http.Request) bool {
	if r.Header.Get("X-Forwarded-For") != "" || r.Header.Get("Forwarded") != "" {
		return false
	}
	peer, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(peer)
	if err != nil || !ip.Unmap().IsLoopback() && !ip.Unmap().IsPrivate() {
		return false
	}
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	_, err = netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil || host == "localhost" || strings.HasSuffix(host, ".localhost")
}
