// Package server runs a service: everything between the operating system and the doors.
//
//	main ─▶ Main ─▶ Config (environment) ─▶ Server ─▶ rest, graphql, account, docs ─▶ query ─▶ sqldb
//	                                          └▶ logs, traces, metrics, health, draining
//
// It serves what generated code describes and what main chose by import. It knows no entity and no rule.
package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/account"
	"github.com/fettlehq/fettle/kit/feed"
	"github.com/fettlehq/fettle/kit/internal/body"
	"github.com/fettlehq/fettle/kit/internal/tenant"
	"github.com/fettlehq/fettle/kit/mail"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/migrate"
	"github.com/fettlehq/fettle/kit/problem"
	"github.com/fettlehq/fettle/kit/query"
	"github.com/fettlehq/fettle/kit/sqldb"
	"github.com/fettlehq/fettle/kit/telemetry"
)

// Service is what there is to serve. Generated code fills in the first group, main chooses the second.
type Service struct {
	Name        string // "shop"
	Backend     *meta.Backend
	Handlers    map[string]query.Handler // of every operation, by its name
	OpenAPI     []byte
	SDL         string // of the GraphQL door
	Descriptors []byte // of the gRPC door: a FileDescriptorSet
	Migrations  fs.FS  // a folder for each kind of database

	Drivers []sqldb.Driver
	GRPC    OpenGRPC                                          // opens the gRPC door; nil: there is none
	Seed    func(ctx context.Context, tx *query.Tx) error     // fills a fresh database, in one transaction without policies; may be nil
	Mount   func(mux *http.ServeMux, s *Server)               // adds hand-written handlers, behind the same middleware; may be nil
	Mail    func(serverURL, from string) (mail.Sender, error) // opens SMTP_URL; nil: there is none
	Metrics telemetry.Metrics                                 // serves /metrics; nil: there is none
	Traces  telemetry.Exporter                                // nil: trace ids stand in the log only
}

// OpenGRPC makes the handlers of a gRPC door by their paths (grpc.Open of package kit/grpc). Viewer says who calls, ready
// whether requests should be sent here, reflection whether the contract is shown; notices takes what fails in a subscription,
// and read is how long one may read. Refuse answers a call that does not come as far as the door, and drain ends all that lasts.
type OpenGRPC func(
	engine *query.Engine, descriptors []byte, viewer func(*http.Request) (kit.Viewer, error), ready func(context.Context) error,
	reflection bool, notices *slog.Logger, read time.Duration,
) (routes map[string]http.Handler, refuse Refuse, drain func(context.Context), err error)

// Server is a service with its database open. All its methods may be called at the same time.
type Server struct {
	service Service
	config  Config
	log     *slog.Logger
	tracer  telemetry.Tracer
	report  problem.Reporter // its failures are logged with the request
	db      sqldb.Database
	opened  sqldb.Database // db without what observes it

	counts *telemetry.Statements // that it ran; nil where nobody is told of measures

	drains   []func(context.Context) // of the doors: they end what would last
	replicas func() []sqldb.Replica  // nil: there are none
	engine   *query.Engine
	accounts *account.Accounts // nil: the backend has none
	mailbox  *mail.Mailbox     // nil but in development
	handler  http.Handler
	words    words // in which doors refuse
	budgets  body.Budgets
	draining atomic.Bool
	closers  []func() error // last first
}

// New opens the service's database, migrates it where the configuration says so, and makes its doors. It listens nowhere:
// Serve does, and tests call Handler.
func New(ctx context.Context, service Service, config Config) (*Server, error) {
	return build(ctx, service, config,
		(*Server).exportTraces, (*Server).openDatabase, (*Server).migrate, (*Server).makeEngine, (*Server).makeAccounts, (*Server).makeHandler)
}

// build makes as much of a server as steps do: a command that migrates asks for no secret.
func build(ctx context.Context, service Service, config Config, steps ...func(*Server, context.Context) error) (*Server, error) {
	config.reachedAt(config.Addr)
	s := &Server{service: service, config: config, log: newLog(service, config)}
	s.budgets = body.Budgets{
		Receiving: body.NewBudget(cmp.Or(config.maxReceiving, maxReceiving)), Sending: body.NewBudget(cmp.Or(config.maxSending, maxSending)),
	}
	for _, step := range steps {
		if err := step(s, ctx); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	return s, nil
}

func newLog(service Service, config Config) *slog.Logger {
	logs := config.Logs
	if logs == nil {
		logs = os.Stderr
	}
	options := &slog.HandlerOptions{Level: config.LogLevel}
	var inner slog.Handler = slog.NewTextHandler(logs, options)
	if config.LogFormat == "json" {
		inner = slog.NewJSONHandler(logs, options)
	}
	return slog.New(telemetry.NewHandler(inner, telemetry.PersonalFields(service.Backend)))
}

func traceID(ctx context.Context) string {
	if span := trace.SpanContextFromContext(ctx); span.IsValid() {
		return span.TraceID().String()
	}
	return ""
}

func (s *Server) exportTraces(ctx context.Context) error {
	if s.service.Traces == nil {
		return nil
	}
	provider, stop, err := s.service.Traces(ctx, s.service.Name, version())
	if err != nil {
		return fmt.Errorf("export of traces: %w", err)
	}
	if stop != nil {
		s.closers = append(s.closers, func() error {
			ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
			defer cancel()
			return stop(ctx)
		})
	}
	s.tracer = telemetry.NewTracer(provider)
	return nil
}

func (s *Server) openDatabase(ctx context.Context) error {
	driver, err := s.driver()
	if err != nil {
		return err
	}
	db, err := driver.Open(ctx, s.config.DatabaseURL, s.config.ReplicaURLs...)
	if err != nil {
		return err
	}
	s.closers = append(s.closers, db.Close)
	s.opened = db
	s.observeReplicas(db)
	if s.service.Metrics != nil {
		s.counts = telemetry.NewStatements()
	}
	s.db = telemetry.Observe(db, s.tracer, s.service.Metrics, s.counts, s.log)
	return nil
}

func (s *Server) driver() (*sqldb.Driver, error) {
	scheme, _, _ := strings.Cut(s.config.DatabaseURL, ":")
	var schemes []string
	for _, d := range s.service.Drivers {
		for _, known := range d.Schemes {
			if known == scheme {
				return &d, nil
			}
			schemes = append(schemes, known)
		}
	}
	return nil, fmt.Errorf("DATABASE_URL: scheme %q: want one of %s, whose drivers main imports", scheme, strings.Join(schemes, ", "))
}

func (s *Server) migrate(ctx context.Context) error {
	if !s.config.Migrate {
		return nil
	}
	_, err := s.Migrate(ctx)
	return err
}

// Migrate applies the migrations that the database does not have.
func (s *Server) Migrate(ctx context.Context) ([]migrate.Applied, error) {
	if s.service.Migrations == nil {
		return nil, nil
	}
	dialect := string(s.db.Dialect())
	files, err := fs.Sub(s.service.Migrations, dialect)
	if err != nil {
		return nil, err
	}
	return migrate.Up(ctx, s.db.Handle(), dialect, files)
}

func (s *Server) makeEngine(context.Context) (err error) {
	var changes *feed.Feed
	if len(s.service.Backend.Subscriptions) > 0 {
		changes = feed.Open(s.service.Name, s.opened, s.log)
		s.closers = append(s.closers, func() error {
			changes.Close()
			return nil
		})
	}
	s.engine, err = query.New(s.service.Backend, s.db, query.Options{
		Log: s.log, Handlers: s.service.Handlers, Budget: s.config.StatementBudget, Feed: changes,
	})
	return err
}

// checkTables refuses to serve what every request would fail for.
func (s *Server) checkTables(ctx context.Context) error {
	if err := s.engine.CheckTables(ctx); err != nil {
		return fmt.Errorf("the database has not the tables of this version: %w\nbring it up to date with %q; where that has nothing to apply, "+
			"a migration was changed after it had been applied: take its text back, and let a further one make the difference", err, s.service.Name+" migrate")
	}
	return nil
}

func (s *Server) makeAccounts(context.Context) error {
	if s.service.Backend.Account == nil {
		return nil
	}
	secret, err := s.config.secret()
	if err != nil {
		return err
	}
	if s.config.PublicURL == "" {
		return errors.New("PUBLIC_URL: required in production, since it stands in mails")
	}
	sender, err := s.sender()
	if err != nil {
		return err
	}
	s.accounts, err = account.New(s.engine, account.Options{
		Service: title(s.service.Name), PublicURL: s.config.PublicURL, Secret: secret,
		Mail: sender, Report: s.report, Address: s.config.client, Log: s.log,
	})
	return err
}

// sender is SMTP_URL's server, else in development the mailbox.
func (s *Server) sender() (mail.Sender, error) {
	if s.config.SMTPURL != "" {
		if s.service.Mail == nil {
			return nil, errors.New("SMTP_URL: main chose no package that sends mail (service.Mail = smtp.Open)")
		}
		return s.service.Mail(s.config.SMTPURL, s.config.MailFrom)
	}
	if s.config.Production {
		return nil, errors.New("SMTP_URL: required in production, since people register")
	}
	var err error
	s.mailbox, err = mail.OpenMailbox(s.config.stateFile(".mail.json"))
	return s.mailbox, err
}

// Handler serves all routes of the service.
func (s *Server) Handler() http.Handler { return s.handler }

// Engine reads and writes the service's entities.
func (s *Server) Engine() *query.Engine { return s.engine }

// Accounts lets people register and sign in, for hand-written handlers; nil where the backend has none.
func (s *Server) Accounts() *account.Accounts { return s.accounts }

// Report tells what a caller may see of an error, and logs the rest with the request, for hand-written handlers.
func (s *Server) Report() problem.Reporter { return s.report }

// Viewer is who sent r, and in which tenant: nobody without an access token, a problem with one that is not valid.
func (s *Server) Viewer(r *http.Request) (kit.Viewer, error) {
	named, err := tenant.Named(r.Context())
	if err != nil {
		return kit.Viewer{}, err
	}
	var viewer kit.Viewer
	if s.accounts != nil {
		if viewer, err = s.accounts.Viewer(r); err != nil {
			return kit.Viewer{}, err
		}
	}
	viewer.Tenant = named
	telemetry.SetViewer(r.Context(), viewer)
	return viewer, nil
}

// Close closes the database and sends what is left of traces.
func (s *Server) Close() error {
	var problems []error
	for i := len(s.closers) - 1; i >= 0; i-- {
		problems = append(problems, s.closers[i]())
	}
	s.closers = nil
	return errors.Join(problems...)
}

func title(name string) string {
	if name == "" {
		return name
	}
	return strings.ToUpper(name[:1]) + name[1:]
}
