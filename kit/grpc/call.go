package grpc

import (
	"context"
	"errors"
	"net/http"
	"runtime/debug"
	"slices"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/input"
	"github.com/fettlehq/fettle/kit/internal/replay"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/problem"
	"github.com/fettlehq/fettle/kit/query"
	"github.com/fettlehq/fettle/kit/telemetry"
)

// received is a request, as its codec read it.
type received struct {
	tree input.Object
	json bool
	raw  []byte // where the request may come again under a key
	err  error
}

// sent is an answer, already written.
type sent struct{ body []byte }

// codec stands in the place of those of connect-go: it reads requests of one method and hands on what was written.
type codec struct {
	name string
	json bool
	in   *message
	keep bool // what was received, as it came
	most int  // bytes of a message: of one that has a byte more the method tells
}

// The names of codecs, which are the ends of media types.
var codecs = []struct {
	name string
	json bool
}{{"proto", false}, {"json", true}, {"json; charset=utf-8", true}}

// Name is connect.Codec.
func (c codec) Name() string { return c.name }

// Marshal is connect.Codec.
func (c codec) Marshal(message any) ([]byte, error) { return c.MarshalAppend(nil, message) }

// MarshalAppend is what connect-go asks for in place of Marshal, to write into a buffer of its own.
func (c codec) MarshalAppend(buf []byte, message any) ([]byte, error) {
	switch m := message.(type) {
	case *sent:
		return append(buf, m.body...), nil
	case proto.Message: // google.rpc.Status, which connect-go writes for gRPC by the codec of the method
		return proto.MarshalOptions{}.MarshalAppend(buf, m)
	default:
		return nil, errors.New("an answer that no method made")
	}
}

// Unmarshal is connect.Codec. What is wrong with a message is told by the method, in full.
func (c codec) Unmarshal(data []byte, message any) error {
	r, ok := message.(*received)
	if !ok {
		return errors.New("a request that no method takes")
	}
	r.json = c.json
	if len(data) > c.most {
		r.err = &http.MaxBytesError{Limit: int64(c.most)}
		return nil
	}
	if c.keep {
		r.raw = append([]byte(nil), data...)
	}
	if c.json {
		r.tree, r.err = decodeJSON(c.in, data)
	} else {
		r.tree, r.err = decode(c.in, data)
	}
	return nil
}

// call is one request.
type call struct {
	door   *door
	method *method
	visit  *visit
	viewer kit.Viewer
	in     input.Object
	json   bool
	key    *replay.Request // nil where it does not come again
	replay bool            // whether the answer was kept from before
}

// options are those of every method.
func (d *door) handlerOptions(m *method) []connect.HandlerOption {
	options := []connect.HandlerOption{
		connect.WithReadMaxBytes(d.options.MaxMessage + 1), connect.WithInterceptors(teller{d, m.name}), connect.WithCompression("gzip", d.decompressor, compressor), connect.WithCompressMinBytes(1 << 10), connect.WithSchema(m.schema),
		connect.WithRecover(func(ctx context.Context, _ connect.Spec, _ http.Header, value any) error {
			return d.failure(ctx, m.name, &problem.Panic{Value: value, Stack: debug.Stack()})
		}),
	}
	for _, c := range codecs {
		options = append(options, connect.WithCodec(codec{name: c.name, json: c.json, in: m.in, keep: !m.safe, most: d.options.MaxMessage}))
	}
	if m.safe {
		options = append(options, connect.WithIdempotency(connect.IdempotencyNoSideEffects))
	}
	return options
}

// teller tells as ours what connect-go says itself of a call, such as that its time is over.
type teller struct {
	*door
	operation string
}

// WrapUnary is connect.Interceptor.
func (t teller) WrapUnary(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, r connect.AnyRequest) (connect.AnyResponse, error) {
		answer, err := next(ctx, r)
		if err != nil {
			err = t.failure(ctx, t.operation, err)
		}
		return answer, err
	}
}

// WrapStreamingClient is connect.Interceptor.
func (t teller) WrapStreamingClient(next connect.StreamingClientFunc) connect.StreamingClientFunc {
	return next
}

// WrapStreamingHandler is connect.Interceptor.
func (t teller) WrapStreamingHandler(next connect.StreamingHandlerFunc) connect.StreamingHandlerFunc {
	return func(ctx context.Context, conn connect.StreamingHandlerConn) error {
		err := next(ctx, conn)
		if err != nil {
			err = t.failure(ctx, t.operation, err)
		}
		return err
	}
}

// unary adds a method that answers once. Do returns the answer.
func (d *door) unary(m *method, do func(ctx context.Context, c *call) ([]byte, error)) error {
	handler := connect.NewUnaryHandler(m.procedure, func(ctx context.Context, r *connect.Request[received]) (*connect.Response[sent], error) {
		c, err := d.begin(ctx, m, r.Msg, r.Header())
		if err != nil {
			return nil, d.failure(ctx, m.name, err)
		}
		body, err := do(ctx, c)
		if err != nil {
			return nil, d.failure(ctx, m.name, err)
		}
		answer := connect.NewResponse(&sent{body})
		if c.replay {
			answer.Header().Set(replay.ReplayedHeader, "true")
		}
		return answer, nil
	}, d.handlerOptions(m)...)
	m.handler, d.methods[m.procedure] = handler, m
	return nil
}

// stream adds a method that answers many times, by calling send.
func (d *door) stream(m *method, do func(ctx context.Context, c *call, send func(body []byte) error) error) error {
	handler := connect.NewServerStreamHandler(m.procedure, func(ctx context.Context, r *connect.Request[received], s *connect.ServerStream[sent]) error {
		c, err := d.begin(ctx, m, r.Msg, r.Header())
		if err == nil {
			err = do(ctx, c, func(body []byte) error { return s.Send(&sent{body}) })
		}
		if err != nil {
			return d.failure(ctx, m.name, err)
		}
		return nil
	}, d.handlerOptions(m)...)
	m.handler, d.methods[m.procedure] = handler, m
	return nil
}

// begin reads what all methods need of a request.
func (d *door) begin(ctx context.Context, m *method, r *received, header http.Header) (*call, error) {
	telemetry.SetOperation(ctx, m.name)
	v, _ := ctx.Value(visitKey{}).(*visit)
	switch {
	case v == nil:
		return nil, errors.New("a request that came by another way than the door")
	case v.err != nil:
		return nil, v.err
	case r.err != nil:
		return nil, r.err
	}
	c := &call{door: d, method: m, visit: v, viewer: v.viewer, in: r.tree, json: r.json}
	if c.in == nil {
		c.in = input.Object{}
	}
	if wrong := append(m.in.unknown(c.in), m.misfits(c.in)...); wrong != nil {
		return nil, invalid(wrong)
	}
	if m.safe {
		return c, nil
	}
	media := "proto"
	if r.json {
		media = "json"
	}
	var err error
	c.key, err = replay.Named(header.Values(replay.Header), m.procedure, media, string(r.raw))
	return c, err
}

// misfits says which of the door's own members of a request are of another type than the contract has them, as only JSON can say. Numbers,
// masks and what the design asks for are judged by who reads them.
func (m *method) misfits(in input.Object) (errs []kit.FieldError) {
	for _, f := range m.in.fields {
		raw, given := in[f.name]
		if !given || slices.ContainsFunc(m.args, func(a *meta.Field) bool { return a.Name == f.name }) {
			continue
		}
		fits, want := true, ""
		switch _, list := raw.([]any); {
		case f.repeated:
			fits, want = list, "a list"
		case f.form == formString:
			_, fits = raw.(string)
			want = "a string"
		case f.form == formBool:
			_, fits = raw.(bool)
			want = "true or false"
		case f.form == formMessage:
			_, fits = raw.(input.Object)
			want = "an object"
		}
		if !fits {
			errs = append(errs, kit.FieldError{Field: f.name, Code: kit.FieldType, Detail: "must be " + want})
		}
	}
	return errs
}

// unknown says which members a request has that its message does not. Only JSON has such.
func (m *message) unknown(in input.Object) (errs []kit.FieldError) {
	var names []string
	for name := range in {
		if m.names[name] != nil || len(errs) >= 20 {
			continue
		}
		if names == nil {
			for _, f := range m.fields {
				names = append(names, f.name)
			}
		}
		errs = append(errs, kit.FieldError{Field: name[:min(len(name), 64)], Code: kit.FieldUnknown, Detail: "is no field here" + input.DidYouMean(name, names)})
	}
	return errs
}

// answer begins the answer of c.
func (c *call) answer() *writer { return newWriter(c.json) }

// read calls do with a snapshot, a second time where a replica fails. Single makes the context of what reads one thing.
func (c *call) read(ctx context.Context, single func(context.Context) context.Context, do func(ctx context.Context, tx *query.Tx) error) error {
	e := c.door.engine
	ctx = e.Anywhere(ctx, c.viewer)
	if single != nil {
		ctx = single(ctx)
	}
	return e.Read(ctx, c.viewer, do)
}

// write calls do in a transaction, again after a collision if it may, and returns what it answers; a request that comes again under
// its key is only answered.
func (c *call) write(ctx context.Context, again bool, do func(ctx context.Context, tx *query.Tx, body *[]byte) error) ([]byte, error) {
	write := c.door.engine.Write
	if again {
		write = c.door.engine.Retry
	}
	answer, err := c.key.Write(ctx, write, c.viewer, func(ctx context.Context, tx *query.Tx, answer *replay.Answer) error {
		answer.Status = http.StatusOK
		return do(ctx, tx, &answer.Body)
	})
	c.replay = answer.Replayed
	return answer.Body, err
}

// string is a text of the request, empty where it is absent or none.
func (c *call) string(name string) string {
	text, _ := c.in[name].(string)
	return text
}
