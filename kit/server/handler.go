package server

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/docs"
	"github.com/fettlehq/fettle/kit/graphql"
	"github.com/fettlehq/fettle/kit/internal/tenant"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/playground"
	"github.com/fettlehq/fettle/kit/query"
	"github.com/fettlehq/fettle/kit/rest"
	"github.com/fettlehq/fettle/kit/telemetry"
)

// makeHandler routes to the doors. The team's own handlers come last: they get what no door takes.
func (s *Server) makeHandler(context.Context) error {
	mux := http.NewServeMux()
	resources := s.bounded(rest.New(s.engine, rest.Options{Viewer: s.Viewer, RequireIfMatch: s.config.RequireIfMatch, HideSchema: !s.config.ShowContract}))
	mux.Handle(rest.Prefix, resources)
	mux.Handle(rest.Prefix+"/", resources)
	if s.service.SDL != "" {
		door, err := s.graphql()
		if err != nil {
			return err
		}
		mux.Handle(graphqlPath, s.bounded(door))
		s.words.graphql = door.Refuse
		s.drains = append(s.drains, door.Drain)
	}
	if err := s.grpc(mux); err != nil {
		return err
	}
	if s.documented() {
		mux.Handle("GET /openapi.json", docs.OpenAPI(s.service.OpenAPI))
		ui := docs.UI(title(s.service.Name), "/docs", "/openapi.json")
		mux.Handle("GET /docs", ui)
		mux.Handle("GET /docs/", ui)
	}
	if s.accounts != nil {
		mux.Handle("/auth/", s.bounded(s.accounts))
	}
	mux.HandleFunc("GET /healthz", s.healthy)
	mux.HandleFunc("GET /readyz", s.ready)
	if s.service.Metrics != nil && s.config.ownMetrics() {
		s.measures(mux)
	}
	if s.mailbox != nil {
		mux.Handle(mailboxPath, s.developmentOnly(s.mailbox.Handler(mailboxPath)))
		mux.Handle(mailboxPath+"/", s.developmentOnly(s.mailbox.Handler(mailboxPath)))
	}
	mux.Handle("/", s.rest(mux, s.mounted()))
	hosts, err := s.tenantHosts()
	s.handler = tenant.Handler(s.service.Backend, hosts, s.observe(s.protect(s.limit(mux))))
	return err
}

// documented tells whether the OpenAPI document is served, and the page that shows it.
func (s *Server) documented() bool { return s.service.OpenAPI != nil && s.config.ShowContract }

// tenantHosts are those of which tenants are subdomains: that of PUBLIC_URL, in development localhost too.
func (s *Server) tenantHosts() ([]string, error) {
	if t := s.service.Backend.Tenant; t == nil || t.By != meta.BySubdomain {
		return nil, nil
	}
	if s.config.PublicURL == "" {
		return nil, errors.New("PUBLIC_URL: required in production, since tenants are subdomains of its host")
	}
	public, err := url.Parse(s.config.PublicURL)
	if err != nil {
		return nil, fmt.Errorf("PUBLIC_URL: %w", err)
	}
	hosts := []string{strings.ToLower(public.Hostname())}
	if !s.config.Production {
		hosts = append(hosts, "localhost")
	}
	return hosts, nil
}

// graphql is the door, with the playground for browsers where the schema may be seen.
func (s *Server) graphql() (*graphql.Door, error) {
	options := graphql.Options{Viewer: s.Viewer, Notices: s.log, HideSchema: !s.config.ShowContract, Origins: s.config.CORSOrigins}
	options.Limits.Time = s.config.RequestTimeout
	if s.config.ShowContract {
		options.Playground = s.playground()
	}
	if path := s.config.Documents; path != "" {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("GRAPHQL_DOCUMENTS: %w", err)
		}
		if options.Documents, err = graphql.ReadDocuments(text); err != nil {
			return nil, fmt.Errorf("GRAPHQL_DOCUMENTS: %s: %w", path, err)
		}
		options.Only = s.config.Production
	}
	return graphql.New(s.engine, s.service.SDL, options), nil
}

// playground is the page at which browsers try the door.
func (s *Server) playground() http.Handler {
	signIn := ""
	if s.accounts != nil {
		signIn = "/auth/sign-in"
	}
	options := playground.Options{Title: title(s.service.Name), SignIn: signIn}
	plain := playground.Handler(options)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if at := tenant.Prefix(r.Context()); at != "" {
			there := options
			there.Endpoint = at + "/graphql"
			playground.Handler(there).ServeHTTP(w, r)
			return
		}
		plain.ServeHTTP(w, r)
	})
}

// rpcPath is where the methods of the gRPC door stand, empty without one.
func (s *Server) rpcPath() string {
	if s.service.GRPC == nil || len(s.service.Descriptors) == 0 {
		return ""
	}
	return "/" + s.service.Name + ".v1.…/…"
}

// grpc adds the gRPC door, where main has chosen one.
func (s *Server) grpc(mux *http.ServeMux) error {
	if s.rpcPath() == "" {
		return nil
	}
	routes, refuse, drain, err := s.service.GRPC(
		s.engine, s.service.Descriptors, s.Viewer, s.readiness, s.config.ShowContract, s.log, s.config.RequestTimeout)
	if err != nil {
		return err
	}
	s.drains = append(s.drains, drain)
	s.words.rpc, s.words.services = refuse, map[string]bool{}
	for path, handler := range routes {
		s.words.services[strings.Trim(path, "/")] = true
		mux.Handle(path, s.bounded(handler))
	}
	return nil
}

const (
	graphqlPath = "/graphql"
	mailboxPath = "/dev/mail"
)

// bounded counts what callers of a door hold while they send and read slowly. Half of the time that a request may take is for its body,
// so that what comes of it has the other half.
func (s *Server) bounded(door http.Handler) http.Handler {
	return s.budgets.Handler(s.config.RequestTimeout/2, s.refuse, door)
}

// mounted are the team's own handlers.
func (s *Server) mounted() *http.ServeMux {
	mux := http.NewServeMux()
	if s.service.Mount != nil {
		s.service.Mount(mux, s)
	}
	return mux
}

// rest serves what no door takes: the team's own handlers, in development a page to start from, else METHOD_NOT_ALLOWED where doors or
// handlers take another method, and NOT_FOUND.
func (s *Server) rest(doors, mounted *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, pattern := mounted.Handler(r)
		switch {
		case pattern != "":
			telemetry.SetOperation(r.Context(), pattern)
			mounted.ServeHTTP(w, r)
		case r.URL.Path == "/" && !s.config.Production:
			telemetry.SetOperation(r.Context(), "GET /")
			s.start(w)
		default:
			telemetry.SetOperation(r.Context(), unmatched)
			s.unmatched(w, r, otherMethods(r, doors, mounted))
		}
	})
}

// unmatched answers a request that nobody takes by its method, where somebody takes it by those that are allowed.
func (s *Server) unmatched(w http.ResponseWriter, r *http.Request, allowed []string) {
	switch {
	case s.words.rpc != nil && s.words.isCall(r):
		s.refuse(w, r, &kit.Problem{Code: kit.CodeMethodNotAllowed, Status: http.StatusMethodNotAllowed, Detail: "There is no such service here."})
		return
	case len(allowed) == 0:
		s.refuse(w, r, kit.NotFound("page"))
		return
	}
	allow := strings.Join(allowed, ", ")
	w.Header().Set("Allow", allow)
	if r.Method == http.MethodOptions {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	s.refuse(w, r, &kit.Problem{Code: kit.CodeMethodNotAllowed, Status: http.StatusMethodNotAllowed, Detail: "This takes " + allow + "."})
}

// otherMethods are those by which one of muxes takes the path of r, with OPTIONS, which is answered for it; none where none does.
func otherMethods(r *http.Request, muxes ...*http.ServeMux) []string {
	var found []string
	for _, method := range []string{http.MethodDelete, http.MethodGet, http.MethodHead, http.MethodPatch, http.MethodPost, http.MethodPut} {
		other := r.Clone(r.Context())
		other.Method = method
		for _, mux := range muxes {
			if _, pattern := mux.Handler(other); pattern != "" && pattern != "/" {
				found = append(found, method)
				break
			}
		}
	}
	if found != nil {
		found = append(found, http.MethodOptions)
		slices.Sort(found)
	}
	return found
}

// unmatched is the operation of a request that no route takes.
const unmatched = "unmatched"

//go:embed start.html
var startText string

var startPage = template.Must(template.New("start").Parse(startText))

// start is the page at / in development: where everything is.
func (s *Server) start(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'")
	startPage.Execute(w, struct {
		Name      string
		Entities  []*meta.Entity
		Mail      bool
		Metrics   bool
		REST      string
		GraphQL   bool
		GRPC      string
		Documents bool
	}{
		title(s.service.Name), exposed(s.service.Backend), s.mailbox != nil,
		s.service.Metrics != nil && s.config.ownMetrics(), rest.Prefix, s.service.SDL != "" && s.config.ShowContract, s.rpcPath(), s.documented(),
	})
}

func exposed(b *meta.Backend) []*meta.Entity {
	var entities []*meta.Entity
	for _, e := range b.Entities {
		if query.Exposed(e, meta.Read) && e.Owner() == nil {
			entities = append(entities, e)
		}
	}
	return entities
}

// healthy tells that the process answers: an orchestrator that hears otherwise starts it anew.
func (s *Server) healthy(w http.ResponseWriter, _ *http.Request) {
	answerHealth(w, http.StatusOK, "ok")
}

// ready tells whether to send requests here: the database answers, and the process is not about to end.
func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	if err := s.readiness(r.Context()); err != nil {
		answerHealth(w, http.StatusServiceUnavailable, err.Error())
		return
	}
	answerHealth(w, http.StatusOK, "ready"+s.replicaReport())
}

// readiness is what stands against sending requests here.
func (s *Server) readiness(ctx context.Context) error {
	if s.draining.Load() {
		return errors.New("draining")
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	if err := s.db.Ping(ctx); err != nil {
		s.log.WarnContext(ctx, "not ready", "error", err)
		return errors.New("the database does not answer")
	}
	return nil
}

func answerHealth(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	w.Write([]byte(text + "\n"))
}
