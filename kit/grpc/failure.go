package grpc

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/internal/lasting"
	"github.com/fettlehq/fettle/kit/problem"
	"github.com/fettlehq/fettle/kit/telemetry"
)

// codeOf is the code of a problem: that of the vocabulary of all doors, and that nobody waits any more.
func codeOf(p *kit.Problem) connect.Code {
	if p.Status == problem.StatusClientGone {
		return connect.CodeCanceled
	}
	return connect.Code(p.GRPC())
}

// failure is what the caller of an operation may know about err: a code, a text for a person, and as details the code of the
// problem (google.rpc.ErrorInfo), what is wrong with which field (BadRequest) and when to try again (RetryInfo).
func (d *door) failure(ctx context.Context, operation string, err error) error {
	var done *connect.Error
	if errors.As(err, &done) { // of connect-go itself, as when the caller is gone
		return err
	}
	if errors.Is(err, lasting.ErrEnding) { // nothing that failed
		return d.told(ctx, lasting.ErrEnding)
	}
	if timedOut(ctx, err) {
		err = outOfTime
	}
	p, code := d.report.Problem(ctx, operation, err), connect.Code(0)
	if special := (*ofProtocol)(nil); errors.As(err, &special) {
		code = special.code
	}
	telemetry.SetStatus(ctx, p.Status)
	return d.toldAs(ctx, p, cmp.Or(code, codeOf(p)))
}

// ofProtocol is a problem that has a code of its own in gRPC and Connect, by what these say.
type ofProtocol struct {
	*kit.Problem
	code connect.Code
}

func (p *ofProtocol) Unwrap() error { return p.Problem }

// outOfTime is told where the time is over that the caller gave the call. It is not our failure, and no TIMEOUT of ours.
var outOfTime = &ofProtocol{&kit.Problem{
	Code: kit.CodeTimeout, Status: problem.StatusClientGone, Detail: "The time that its caller gave this call is over.",
}, connect.CodeDeadlineExceeded}

// timedOut tells whether err is that the time is over that the caller gave the call, while that of the service is not.
func timedOut(ctx context.Context, err error) bool {
	if known := (*kit.Problem)(nil); errors.As(err, &known) || !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return false
	}
	v, ok := ctx.Value(visitKey{}).(*visit)
	return ok && !errors.Is(v.r.Context().Err(), context.DeadlineExceeded) // he may have hung up besides
}

// refuse answers a call without running it.
func (d *door) refuse(w http.ResponseWriter, r *http.Request, err error) {
	told := d.failure(r.Context(), r.URL.Path, err)
	w.Header().Set("Cache-Control", "no-store")
	_ = errorWriter.Write(w, r, told) // the caller may be gone
}

var errorWriter = connect.NewErrorWriter()

// told is a problem as its caller hears of it.
func (d *door) told(ctx context.Context, p *kit.Problem) error { return d.toldAs(ctx, p, codeOf(p)) }

func (d *door) toldAs(ctx context.Context, p *kit.Problem, code connect.Code) error {
	e := connect.NewError(code, errors.New(p.Detail))
	info := &errdetails.ErrorInfo{Reason: p.Code, Domain: d.engine.Backend().Name}
	if instance := problem.Instance(ctx, p); instance != "" {
		info.Metadata = map[string]string{"instance": instance}
	}
	detail(e, info)
	if len(p.Fields) > 0 {
		bad := &errdetails.BadRequest{}
		for _, f := range p.Fields {
			bad.FieldViolations = append(bad.FieldViolations, &errdetails.BadRequest_FieldViolation{
				Field: place(f.Field), Reason: f.Code, Description: f.Detail,
			})
		}
		detail(e, bad)
	}
	if p.Retry > 0 {
		detail(e, &errdetails.RetryInfo{RetryDelay: durationpb.New(time.Duration(p.Retry) * time.Second)})
		e.Meta().Set("Retry-After", strconv.Itoa(p.Retry))
	}
	if p.Status == http.StatusUnauthorized {
		e.Meta().Set("WWW-Authenticate", problem.Challenge(p))
	}
	return e
}

func detail(e *connect.Error, message proto.Message) {
	if d, err := connect.NewErrorDetail(message); err == nil {
		e.AddDetail(d)
	}
}

// place is where an error stands, as protobuf names it: "lines.create.2.unitPrice" is lines.create[2].unit_price.
func place(path string) string {
	var out strings.Builder
	for i, step := range strings.Split(path, ".") {
		if _, err := strconv.ParseUint(step, 10, 32); err == nil {
			out.WriteString("[" + step + "]")
			continue
		}
		if i > 0 {
			out.WriteByte('.')
		}
		out.WriteString(snake(step))
	}
	return out.String()
}

// under is err with the places of its fields within a field of the request.
func under(name string, err error) error {
	var p *kit.Problem
	if !errors.As(err, &p) || len(p.Fields) == 0 {
		return err
	}
	moved := *p
	moved.Fields = make([]kit.FieldError, len(p.Fields))
	for i, f := range p.Fields {
		moved.Fields[i] = f
		if moved.Fields[i].Field = name; f.Field != "" {
			moved.Fields[i].Field = name + "." + f.Field
		}
	}
	return &moved
}
