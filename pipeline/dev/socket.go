package dev

import (
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
)

// socket is a listening socket that processes inherit. Nothing here accepts on it: what arrives waits in its queue
// until a service does.
type socket struct {
	listener *net.TCPListener
	file     *os.File
}

func listen(addr string) (*socket, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		if errors.Is(err, syscall.EADDRINUSE) {
			return nil, fmt.Errorf("%s: something else listens there; take another with --addr 127.0.0.1:0", addr)
		}
		return nil, err
	}
	listener := l.(*net.TCPListener)
	file, err := duplicate(listener)
	if err != nil {
		listener.Close()
		return nil, fmt.Errorf("%s: %w", addr, err)
	}
	return &socket{listener, file}, nil
}

func (s *socket) addr() string { return s.listener.Addr().String() }

// url is where a browser on this machine finds the service.
func (s *socket) url() string {
	at := s.listener.Addr().(*net.TCPAddr)
	if at.IP.IsUnspecified() {
		return fmt.Sprintf("http://localhost:%d", at.Port)
	}
	return "http://" + at.String()
}

// Close frees the address.
func (s *socket) Close() error { return errors.Join(s.file.Close(), s.listener.Close()) }
