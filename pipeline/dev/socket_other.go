//go:build !unix

package dev

import (
	"errors"
	"net"
	"os"
)

// duplicate fails: this system hands no sockets on.
func duplicate(*net.TCPListener) (*os.File, error) {
	return nil, errors.New("dev cannot hand a socket on here; generate, and run the service itself")
}
