package grpc

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/internal/lasting"
)

// healthService is the service of grpc.health.v1. Its descriptor is written here since the name of a value counts: over JSON it is what
// callers see, and protobuf has it once a process.
const healthService = "grpc.health.v1.Health"

// The values of HealthCheckResponse.ServingStatus.
const (
	statusServing        protoreflect.EnumNumber = 1
	statusNotServing     protoreflect.EnumNumber = 2
	statusServiceUnknown protoreflect.EnumNumber = 3 // which is told to who watches a service that there is not
)

// healthFile is grpc/health/v1/health.proto: https://github.com/grpc/grpc/blob/master/doc/health-checking.md.
var healthFile = func() protoreflect.FileDescriptor {
	const request, response = ".grpc.health.v1.HealthCheckRequest", ".grpc.health.v1.HealthCheckResponse"
	optional := descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL.Enum()
	status := &descriptorpb.EnumDescriptorProto{Name: proto.String("ServingStatus")}
	for number, name := range []string{"UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"} {
		status.Value = append(status.Value, &descriptorpb.EnumValueDescriptorProto{Name: &name, Number: proto.Int32(int32(number))})
	}
	file, err := protodesc.NewFile(&descriptorpb.FileDescriptorProto{
		Name: proto.String("grpc/health/v1/health.proto"), Package: proto.String("grpc.health.v1"), Syntax: proto.String("proto3"),
		MessageType: []*descriptorpb.DescriptorProto{
			{Name: proto.String("HealthCheckRequest"), Field: []*descriptorpb.FieldDescriptorProto{{
				Name: proto.String("service"), Number: proto.Int32(1), Label: optional, Type: descriptorpb.FieldDescriptorProto_TYPE_STRING.Enum(),
			}}},
			{Name: proto.String("HealthCheckResponse"), EnumType: []*descriptorpb.EnumDescriptorProto{status}, Field: []*descriptorpb.FieldDescriptorProto{{
				Name: proto.String("status"), Number: proto.Int32(1), Label: optional, Type: descriptorpb.FieldDescriptorProto_TYPE_ENUM.Enum(),
				TypeName: proto.String(response + ".ServingStatus"),
			}}},
		},
		Service: []*descriptorpb.ServiceDescriptorProto{{Name: proto.String("Health"), Method: []*descriptorpb.MethodDescriptorProto{
			{Name: proto.String("Check"), InputType: proto.String(request), OutputType: proto.String(response)},
			{Name: proto.String("Watch"), InputType: proto.String(request), OutputType: proto.String(response), ServerStreaming: proto.Bool(true)},
		}}},
	}, nil)
	if err != nil {
		panic(err)
	}
	return file
}()

// health answers the health service: of the door as a whole, and of each service alike.
//
// Who watches is told at once, and again when that changes. One loop asks for all of them while there are any. When the process is
// about to end they are told NOT_SERVING, and then their streams end.
type health struct {
	*door
	services []string
	streams  *lasting.Streams // that watch

	mu        sync.Mutex
	watchers  map[watcher]bool
	following bool // the loop runs
	serving   bool // as it was seen last, while it runs
}

// watcher is one who watches: he looks again when there is something in it.
type watcher chan struct{}

// changed has him look again.
func (w watcher) changed() {
	select {
	case w <- struct{}{}:
	default: // he will
	}
}

func newHealth(d *door, services []string) *health {
	return &health{door: d, services: services, streams: lasting.New(), watchers: map[watcher]bool{}}
}

// handler is h at its path.
func (h *health) handler(bounded connect.HandlerOption) (string, http.Handler) {
	const path = "/" + healthService + "/"
	in := healthFile.Messages().ByName("HealthCheckRequest")
	options := []connect.HandlerOption{bounded, connect.WithRequestInitializer(func(_ connect.Spec, message any) error {
		*message.(*dynamicpb.Message) = *dynamicpb.NewMessage(in)
		return nil
	})}
	check := connect.NewUnaryHandler(path+"Check", h.check, options...)
	watch := connect.NewServerStreamHandler(path+"Watch", h.watch, options...)
	return path, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != path+"Watch" {
			check.ServeHTTP(w, r)
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
		watch.ServeHTTP(slow, r.WithContext(ctx))
	})
}

// serviceOf is of which service a request asks.
func serviceOf(m *dynamicpb.Message) string {
	return m.Get(m.Descriptor().Fields().ByName("service")).String()
}

// says is an answer.
func says(status protoreflect.EnumNumber) *dynamicpb.Message {
	m := dynamicpb.NewMessage(healthFile.Messages().ByName("HealthCheckResponse"))
	m.Set(m.Descriptor().Fields().ByName("status"), protoreflect.ValueOfEnum(status))
	return m
}

func statusOf(serving bool) protoreflect.EnumNumber {
	if serving {
		return statusServing
	}
	return statusNotServing
}

func (h *health) knows(service string) bool {
	return service == "" || slices.Contains(h.services, service)
}

// check answers who asks once.
func (h *health) check(ctx context.Context, r *connect.Request[dynamicpb.Message]) (*connect.Response[dynamicpb.Message], error) {
	if !h.knows(serviceOf(r.Msg)) {
		return nil, h.failure(ctx, healthService, kit.NotFound("service"))
	}
	return connect.NewResponse(says(statusOf(h.options.Ready(ctx) == nil))), nil
}

// watch tells who watches, at once and where it changes, until he leaves or the process is about to end.
func (h *health) watch(ctx context.Context, r *connect.Request[dynamicpb.Message], stream *connect.ServerStream[dynamicpb.Message]) error {
	who := make(watcher, 1)
	h.enter(ctx, who)
	defer h.leave(who)
	var last protoreflect.EnumNumber
	for {
		status, ending := statusServiceUnknown, h.streams.IsDraining()
		if h.knows(serviceOf(r.Msg)) {
			status = statusOf(!ending && h.seen())
		}
		if status != last {
			if err := stream.Send(says(status)); err != nil {
				return err
			}
			last = status
		}
		if ending {
			return h.failure(ctx, healthService, lasting.ErrEnding)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-h.streams.Draining():
		case <-who:
		}
	}
}

func (h *health) seen() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.serving
}

// enter has who told of changes from now on.
func (h *health) enter(ctx context.Context, who watcher) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.following {
		h.following = true
		h.serving = h.options.Ready(context.WithoutCancel(ctx)) == nil
		go h.follow(context.WithoutCancel(ctx))
	}
	h.watchers[who] = true
}

func (h *health) leave(who watcher) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.watchers, who)
}

// follow tells watchers of changes until there are none, or the process is about to end.
func (h *health) follow(ctx context.Context) {
	ticker := time.NewTicker(h.options.Look)
	defer ticker.Stop()
	for {
		select {
		case <-h.streams.Draining(): // which they see themselves
			return
		case <-ticker.C:
			if !h.tell(h.options.Ready(ctx) == nil) {
				return
			}
		}
	}
}

// tell tells watchers where it changed; false where there are none.
func (h *health) tell(serving bool) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if serving != h.serving {
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
