package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	conformance "github.com/fettlehq/fettle/.ci/conformance/gen/connectrpc/conformance/v1"
)

const service = "/connectrpc.conformance.v1.ConformanceService/"

type (
	payload = conformance.ConformancePayload
	info    = conformance.ConformancePayload_RequestInfo
)

func mount(mux *http.ServeMux, options []connect.HandlerOption) {
	handle := func(name string, h http.Handler) { mux.Handle(service+name, observed(h)) }
	handle("Unary", unary("Unary", func(p *payload) *conformance.UnaryResponse { return &conformance.UnaryResponse{Payload: p} },
		func(r *conformance.UnaryRequest) *conformance.UnaryRequest { return r }, options...))
	handle("IdempotentUnary", unary("IdempotentUnary", func(p *payload) *conformance.IdempotentUnaryResponse {
		return &conformance.IdempotentUnaryResponse{Payload: p}
	}, func(r *conformance.IdempotentUnaryRequest) *conformance.IdempotentUnaryRequest { return r },
		append(options, connect.WithIdempotency(connect.IdempotencyNoSideEffects))...))
	handle("Unimplemented", connect.NewUnaryHandler(service+"Unimplemented",
		func(context.Context, *connect.Request[conformance.UnimplementedRequest]) (*connect.Response[conformance.UnimplementedResponse], error) {
			return nil, connect.NewError(connect.CodeUnimplemented, errors.New("not implemented"))
		}, options...))
	handle("ServerStream", connect.NewServerStreamHandler(service+"ServerStream", serverStream, options...))
	handle("ClientStream", connect.NewClientStreamHandler(service+"ClientStream", clientStream, options...))
	handle("BidiStream", connect.NewBidiStreamHandler(service+"BidiStream", bidiStream, options...))
}

// asked is what HTTP tells of a request and handlers do not hear.
type asked struct {
	query   url.Values // by GET
	timeout bool       // whether the caller gave one: the server has one of its own in any case
}

type askedKey struct{}

func observed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a := asked{timeout: r.Header.Get("Connect-Timeout-Ms")+r.Header.Get("Grpc-Timeout") != ""}
		if r.Method == http.MethodGet {
			a.query = r.URL.Query()
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), askedKey{}, a)))
	})
}

// defined is a request that says how it is to be answered.
type defined interface {
	proto.Message
	GetResponseDefinition() *conformance.UnaryResponseDefinition
}

func unary[Req, Res any, Message defined](name string, respond func(*payload) *Res, read func(*Req) Message, options ...connect.HandlerOption) http.Handler {
	return connect.NewUnaryHandler(service+name, func(ctx context.Context, r *connect.Request[Req]) (*connect.Response[Res], error) {
		message := read(r.Msg)
		said := told(ctx, r.Header(), message)
		definition := message.GetResponseDefinition()
		time.Sleep(time.Duration(definition.GetResponseDelayMs()) * time.Millisecond)
		if failure := definition.GetError(); failure != nil {
			e := failed(failure, said)
			add(e.Meta(), definition.GetResponseHeaders())
			add(e.Meta(), definition.GetResponseTrailers())
			return nil, e
		}
		response := connect.NewResponse(respond(&payload{Data: definition.GetResponseData(), RequestInfo: said}))
		add(response.Header(), definition.GetResponseHeaders())
		add(response.Trailer(), definition.GetResponseTrailers())
		return response, nil
	}, options...)
}

func clientStream(ctx context.Context, s *connect.ClientStream[conformance.ClientStreamRequest]) (*connect.Response[conformance.ClientStreamResponse], error) {
	var definition *conformance.UnaryResponseDefinition
	var requests []proto.Message
	for s.Receive() {
		if requests == nil {
			definition = s.Msg().GetResponseDefinition()
		}
		requests = append(requests, proto.Clone(s.Msg()))
	}
	if err := s.Err(); err != nil {
		return nil, err
	}
	said := told(ctx, s.RequestHeader(), requests...)
	time.Sleep(time.Duration(definition.GetResponseDelayMs()) * time.Millisecond)
	if failure := definition.GetError(); failure != nil {
		e := failed(failure, said)
		add(e.Meta(), definition.GetResponseHeaders())
		add(e.Meta(), definition.GetResponseTrailers())
		return nil, e
	}
	response := connect.NewResponse(&conformance.ClientStreamResponse{Payload: &payload{Data: definition.GetResponseData(), RequestInfo: said}})
	add(response.Header(), definition.GetResponseHeaders())
	add(response.Trailer(), definition.GetResponseTrailers())
	return response, nil
}

func serverStream(ctx context.Context, r *connect.Request[conformance.ServerStreamRequest], s *connect.ServerStream[conformance.ServerStreamResponse]) error {
	definition := r.Msg.GetResponseDefinition()
	said := told(ctx, r.Header(), r.Msg)
	add(s.ResponseHeader(), definition.GetResponseHeaders())
	add(s.ResponseTrailer(), definition.GetResponseTrailers())
	if len(definition.GetResponseData()) > 0 {
		if err := s.Send(nil); err != nil { // the headers alone
			return err
		}
	}
	for i, data := range definition.GetResponseData() {
		p := &payload{Data: data}
		if i == 0 {
			p.RequestInfo = said
		}
		time.Sleep(time.Duration(definition.GetResponseDelayMs()) * time.Millisecond)
		if err := s.Send(&conformance.ServerStreamResponse{Payload: p}); err != nil {
			return err
		}
	}
	return ended(definition, said)
}

func bidiStream(ctx context.Context, s *connect.BidiStream[conformance.BidiStreamRequest, conformance.BidiStreamResponse]) error {
	var definition *conformance.StreamResponseDefinition
	var requests []proto.Message
	full, sent, begun := false, 0, false
	delay := func() { time.Sleep(time.Duration(definition.GetResponseDelayMs()) * time.Millisecond) }
	for {
		request, err := s.Receive()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		requests = append(requests, proto.Clone(request))
		if !begun {
			begun, definition, full = true, request.GetResponseDefinition(), request.GetFullDuplex()
			add(s.ResponseHeader(), definition.GetResponseHeaders())
			add(s.ResponseTrailer(), definition.GetResponseTrailers())
			if full && len(definition.GetResponseData()) > 0 {
				if err := s.Send(nil); err != nil {
					return err
				}
			}
		}
		if !full {
			continue
		}
		if sent >= len(definition.GetResponseData()) {
			break
		}
		p := &payload{Data: definition.GetResponseData()[sent], RequestInfo: &info{Requests: packed(requests)}}
		if sent == 0 {
			p.RequestInfo = told(ctx, s.RequestHeader(), requests...)
		}
		delay()
		if err := s.Send(&conformance.BidiStreamResponse{Payload: p}); err != nil {
			return err
		}
		requests = nil
		sent++
	}
	said := told(ctx, s.RequestHeader(), requests...)
	if !full && len(definition.GetResponseData()) > 0 {
		if err := s.Send(nil); err != nil {
			return err
		}
	}
	for ; sent < len(definition.GetResponseData()); sent++ {
		p := &payload{Data: definition.GetResponseData()[sent]}
		if sent == 0 {
			p.RequestInfo = said
		}
		delay()
		if err := s.Send(&conformance.BidiStreamResponse{Payload: p}); err != nil {
			return err
		}
	}
	if sent > 0 {
		said = nil
	}
	return ended(definition, said)
}

// ended is how a stream ends. Where nothing was sent its error tells of the request.
func ended(definition *conformance.StreamResponseDefinition, said *info) error {
	failure := definition.GetError()
	if failure == nil {
		return nil
	}
	if len(definition.GetResponseData()) > 0 {
		said = nil
	}
	return failed(failure, said)
}

// told is what was seen of a request.
func told(ctx context.Context, header http.Header, requests ...proto.Message) *info {
	said := &info{Requests: packed(requests)}
	for name, values := range header {
		said.RequestHeaders = append(said.RequestHeaders, &conformance.Header{Name: name, Value: values})
	}
	a, _ := ctx.Value(askedKey{}).(asked)
	if deadline, ok := ctx.Deadline(); ok && a.timeout {
		left := time.Until(deadline).Milliseconds()
		said.TimeoutMs = &left
	}
	if a.query != nil {
		said.ConnectGetInfo = &conformance.ConformancePayload_ConnectGetInfo{}
		for name, values := range a.query {
			said.ConnectGetInfo.QueryParams = append(said.ConnectGetInfo.QueryParams, &conformance.Header{Name: name, Value: values})
		}
	}
	return said
}

func packed(requests []proto.Message) []*anypb.Any {
	all := make([]*anypb.Any, len(requests))
	for i, r := range requests {
		all[i], _ = anypb.New(r)
	}
	return all
}

func add(to http.Header, headers []*conformance.Header) {
	for _, h := range headers {
		for _, value := range h.GetValue() {
			to.Add(h.GetName(), value)
		}
	}
}

func failed(failure *conformance.Error, said *info) *connect.Error {
	e := connect.NewError(connect.Code(failure.GetCode()), errors.New(failure.GetMessage()))
	details := failure.GetDetails()
	if said != nil {
		any, _ := anypb.New(said)
		details = append(details, any)
	}
	for _, d := range details {
		if detail, err := connect.NewErrorDetail(d); err == nil {
			e.AddDetail(detail)
		}
	}
	return e
}
