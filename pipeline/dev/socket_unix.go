//go:build unix

package dev

import (
	"errors"
	"net"
	"os"
	"syscall"
)

// duplicate makes a file of a listener that stays non-blocking when its descriptor is handed on. TCPListener.File
// would make it blocking for every process that has inherited it, and one of these could then not stop accepting.
func duplicate(l *net.TCPListener) (*os.File, error) {
	raw, err := l.SyscallConn()
	if err != nil {
		return nil, err
	}
	var file *os.File
	var failed error
	err = raw.Control(func(descriptor uintptr) {
		var duplicate int
		if duplicate, failed = syscall.Dup(int(descriptor)); failed == nil {
			syscall.CloseOnExec(duplicate)
			file = os.NewFile(uintptr(duplicate), "listener")
		}
	})
	return file, errors.Join(err, failed)
}
