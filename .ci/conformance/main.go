// Command conformance serves connectrpc.conformance.v1.ConformanceService for the conformance suite of Connect, through all
// that stands before the gRPC door of a service: its listener, its HTTP/2, its middleware and the options of its handlers.
package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"

	conformance "github.com/fettlehq/fettle/.ci/conformance/gen/connectrpc/conformance/v1"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/server"
	"github.com/fettlehq/fettle/kit/sqldb"
	"github.com/fettlehq/fettle/kit/sqlite"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "conformance:", err)
		os.Exit(1)
	}
}

func run() error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	request := &conformance.ServerCompatRequest{}
	if err := receive(os.Stdin, request); err != nil {
		return err
	}
	var options []connect.HandlerOption
	if limit := request.GetMessageReceiveLimit(); limit > 0 {
		options = append(options, connect.WithReadMaxBytes(int(limit)))
	}
	s, err := server.New(ctx, server.Service{
		Name: "conformance", Backend: &meta.Backend{Name: "conformance"}, Drivers: []sqldb.Driver{sqlite.Driver},
		Mount: func(mux *http.ServeMux, _ *server.Server) { mount(mux, options) },
	}, server.Config{
		DatabaseURL: "sqlite::memory:", Addr: "127.0.0.1:0", RequestTimeout: 30 * time.Second, ShutdownTimeout: time.Second, Logs: io.Discard,
	})
	if err != nil {
		return err
	}
	defer s.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	address := l.Addr().(*net.TCPAddr)
	if err := send(os.Stdout, &conformance.ServerCompatResponse{Host: "127.0.0.1", Port: uint32(address.Port)}); err != nil {
		return err
	}
	return s.Serve(ctx, l)
}

// receive reads a message behind its length.
func receive(r io.Reader, m proto.Message) error {
	var length uint32
	if err := binary.Read(r, binary.BigEndian, &length); err != nil {
		return err
	}
	data := make([]byte, length)
	if _, err := io.ReadFull(r, data); err != nil {
		return err
	}
	return proto.Unmarshal(data, m)
}

// send writes a message behind its length.
func send(w io.Writer, m proto.Message) error {
	data, err := proto.Marshal(m)
	if err != nil {
		return err
	}
	_, err = w.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(data))), data...))
	return err
}
