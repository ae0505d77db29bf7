// Package grpc is the gRPC door of a backend, which speaks Connect and gRPC-Web too.
//
//	HTTP ─▶ connect-go (protocols, deadlines, compression) ─▶ codec (wire or JSON ─▶ tree) ─▶ method ─▶ query.Tx ─▶ bytes
//
// It only translates. Its messages are described by the contract that was written for the backend (descriptors), and each
// field of them is tied to the field of the design that it shows when the door is made: a request runs without reflection
// and without generated code. Who may see what is decided by package query.
package grpc

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"connectrpc.com/connect"
	"connectrpc.com/grpcreflect"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/internal/fields"
	"github.com/fettlehq/fettle/kit/internal/kept"
	"github.com/fettlehq/fettle/kit/internal/lasting"
	"github.com/fettlehq/fettle/kit/internal/tenant"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/problem"
	"github.com/fettlehq/fettle/kit/query"
	"github.com/fettlehq/fettle/kit/telemetry"
)

// Options are what the door needs besides engine and contract. The zero value works: then nobody is ever signed in.
type Options struct {
	Viewer     func(*http.Request) (kit.Viewer, error) // a *kit.Problem 401 where a token is bad
	Ready      func(context.Context) error             // whether requests should be sent here, for the health service; nil: always
	Log        *slog.Logger                            // see problem.Reporter; may be nil
	Notices    *slog.Logger                            // what fails in a stream that goes on; may be nil
	HideSchema bool                                    // serves no reflection
	MaxMessage int                                     // bytes of a message that is sent, decompressed; 1 MiB unless given
	MaxDepth   int                                     // relations that a read mask follows one behind the other; 4 unless given
	MaxRows    int                                     // rows of one answer, those below them counted; 10000 unless given

	Streams int           // subscriptions of the process; 10000 unless given
	Time    time.Duration // that a read of a subscription may take; 30 s unless given
	Write   time.Duration // that a subscriber may take to read an answer; 10 s unless given
	Beat    time.Duration // between signs of life; 15 s unless given

	Watches int           // streams of the process that watch its health; 1000 unless given
	Look    time.Duration // between two looks, for them, at whether it is Ready; 2 s unless given
}

func (o Options) withDefaults() Options {
	o.MaxMessage = cmp.Or(o.MaxMessage, 1<<20)
	o.MaxDepth = cmp.Or(o.MaxDepth, 4)
	o.MaxRows = cmp.Or(o.MaxRows, 10_000)
	o.Streams = cmp.Or(o.Streams, 10_000)
	o.Time = cmp.Or(o.Time, 30*time.Second)
	o.Write = cmp.Or(o.Write, 10*time.Second)
	o.Beat = cmp.Or(o.Beat, 15*time.Second)
	o.Watches = cmp.Or(o.Watches, 1000)
	o.Look = cmp.Or(o.Look, 2*time.Second)
	if o.Viewer == nil {
		o.Viewer = func(*http.Request) (kit.Viewer, error) { return kit.Viewer{}, nil }
	}
	if o.Ready == nil {
		o.Ready = func(context.Context) error { return nil }
	}
	return o
}

// Open is New for main to choose: service.GRPC = grpc.Open. Refuse and drain are those of the door.
func Open(
	engine *query.Engine, descriptors []byte, viewer func(*http.Request) (kit.Viewer, error), ready func(context.Context) error,
	reflection bool, notices *slog.Logger, read time.Duration,
) (routes map[string]http.Handler, refuse func(http.ResponseWriter, *http.Request, error), drain func(context.Context), err error) {
	door, err := New(engine, descriptors, Options{Viewer: viewer, Ready: ready, HideSchema: !reflection, Notices: notices, Time: read})
	if err != nil {
		return nil, nil, nil, err
	}
	return door.Routes, door.Refuse, door.Drain, nil
}

// Door is what answers.
type Door struct {
	Routes  map[string]http.Handler // by the paths under which they stand: each service of the contract, reflection and health
	door    *door
	streams *lasting.Streams
	watches *lasting.Streams // of health
}

// Refuse answers a call that does not come as far as the door, in the protocol that it speaks: who stands in front of the door refuses
// as the door does. Nothing may have been written before.
func (d *Door) Refuse(w http.ResponseWriter, r *http.Request, err error) { d.door.refuse(w, r, err) }

// Drain ends all subscriptions and returns when they have ended, at the latest with ctx: their callers call again, another
// process. Who watches the health is told NOT_SERVING before. It may be called once.
func (d *Door) Drain(ctx context.Context) {
	var both sync.WaitGroup
	both.Go(func() { d.watches.Drain(ctx) })
	d.streams.Drain(ctx)
	both.Wait()
}

// Streams is how many subscriptions are open.
func (d *Door) Streams() int { return d.streams.Open() }

// New makes the door. Descriptors are those that were written for the backend of engine; where they do not fit, the code was
// not generated in one go, and New fails.
func New(engine *query.Engine, descriptors []byte, o Options) (*Door, error) {
	o = o.withDefaults()
	d := &door{engine: engine, options: o, report: problem.Reporter{Log: o.Log}, methods: map[string]*method{}, streams: lasting.New()}
	files, services, err := d.link(descriptors)
	if err != nil {
		return nil, fmt.Errorf("gRPC door: %w", err)
	}
	routes := map[string]http.Handler{}
	for _, name := range services {
		routes["/"+name+"/"] = http.HandlerFunc(d.serve)
	}
	shown := append(slices.Clone(services), healthService)
	beside := &protoregistry.Files{}
	if err := beside.RegisterFile(healthFile); err != nil {
		return nil, fmt.Errorf("gRPC door: %w", err)
	}
	reflector := grpcreflect.NewReflector(grpcreflect.NamerFunc(func() []string { return shown }), grpcreflect.WithDescriptorResolver(resolver{files, beside, protoregistry.GlobalFiles}))
	bounded := connect.WithReadMaxBytes(o.MaxMessage)
	add := func(path string, h http.Handler, methods ...string) { routes[path] = d.beside(path, methods, h) }
	health := newHealth(d, services)
	path, handler := health.handler(bounded)
	add(path, handler, "Check", "Watch")
	if !o.HideSchema {
		path, handler = grpcreflect.NewHandlerV1(reflector, bounded)
		add(path, handler, "ServerReflectionInfo")
		path, handler = grpcreflect.NewHandlerV1Alpha(reflector, bounded)
		add(path, handler, "ServerReflectionInfo")
	}
	return &Door{Routes: routes, door: d, streams: d.streams, watches: health.streams}, nil
}

// resolver finds the descriptors of the contract, and of what stands beside it.
type resolver []interface {
	FindFileByPath(string) (protoreflect.FileDescriptor, error)
	FindDescriptorByName(protoreflect.FullName) (protoreflect.Descriptor, error)
}

func (r resolver) FindFileByPath(path string) (file protoreflect.FileDescriptor, err error) {
	for _, files := range r {
		if file, err = files.FindFileByPath(path); err == nil {
			break
		}
	}
	return file, err
}

func (r resolver) FindDescriptorByName(name protoreflect.FullName) (found protoreflect.Descriptor, err error) {
	for _, files := range r {
		if found, err = files.FindDescriptorByName(name); err == nil {
			break
		}
	}
	return found, err
}

// door is what all methods share.
type door struct {
	engine  *query.Engine
	options Options
	report  problem.Reporter
	methods map[string]*method // by their paths
	streams *lasting.Streams

	resources map[*meta.Entity]*resource
	chosen    kept.Values[choice]
}

// visit is who calls, as far as HTTP tells.
type visit struct {
	w      http.ResponseWriter
	r      *http.Request
	viewer kit.Viewer
	err    error
}

type visitKey struct{}

func (d *door) serve(w http.ResponseWriter, r *http.Request) {
	method := d.methods[r.URL.Path]
	if method == nil {
		d.unknown(w, r)
		return
	}
	telemetry.SetOperation(r.Context(), method.name)
	if err := wellFormed(r); err != nil {
		d.refuse(w, r, err)
		return
	}
	d.receive(r.Context(), r, method.name)
	r = tenant.ByMetadata(d.engine.Backend(), r)
	v := &visit{w: w, r: r}
	v.viewer, v.err = d.options.Viewer(r)
	telemetry.SetViewer(r.Context(), v.viewer)
	w.Header()["Cache-Control"] = fields.Revalidate
	w.Header().Add("Vary", "Accept, Authorization")
	if method.lasting {
		d.serveLasting(w, r, method, v)
		return
	}
	method.handler.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), visitKey{}, v)))
}

// beside answers for a service that stands beside those of the contract.
func (d *door) beside(path string, methods []string, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if name, ok := strings.CutPrefix(r.URL.Path, path); !ok || !slices.Contains(methods, name) {
			d.unknown(w, r)
			return
		}
		telemetry.SetOperation(r.Context(), r.URL.Path)
		if err := wellFormed(r); err != nil {
			d.refuse(w, r, err)
			return
		}
		h.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), visitKey{}, &visit{w: w, r: r})))
	})
}

// unknown answers a call of a method that there is not: UNIMPLEMENTED.
func (d *door) unknown(w http.ResponseWriter, r *http.Request) {
	telemetry.SetOperation(r.Context(), "unmatched")
	d.refuse(w, r, &kit.Problem{Code: kit.CodeMethodNotAllowed, Status: http.StatusMethodNotAllowed, Detail: "There is no such method here."})
}
