//go:build unix

package server

import (
	"errors"
	"net"
	"os"
	"syscall"
)

// sweep accepts every connection that waits in the listener's queue and ends the listening at once: closing a listener
// resets whatever its queue holds. The queue is looked at with calls that do not block, since a deadline can pass before
// the look. Nothing of ours runs between the last look and the end.
func sweep(l net.Listener) (waiting []net.Conn, err error) {
	c, ok := l.(syscall.Conn)
	if !ok {
		return nil, l.Close()
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	var accepted []int
	err = raw.Control(func(fd uintptr) {
		syscall.ForkLock.RLock()
		defer syscall.ForkLock.RUnlock()
		for {
			next, _, err := syscall.Accept(int(fd))
			if err == syscall.EINTR || err == syscall.ECONNABORTED {
				continue
			}
			if err != nil {
				break
			}
			accepted = append(accepted, next)
		}
		syscall.Shutdown(int(fd), syscall.SHUT_RD) // where a system does not know this, Close follows
		for _, next := range accepted {
			syscall.CloseOnExec(next)
		}
	})
	err = errors.Join(err, l.Close())
	for _, fd := range accepted {
		file := os.NewFile(uintptr(fd), "accepted")
		conn, failure := net.FileConn(file)
		file.Close()
		if failure != nil {
			err = errors.Join(err, failure)
			continue
		}
		waiting = append(waiting, conn)
	}
	return waiting, err
}

// received reads what has arrived on a connection, without waiting. ok is false where that cannot be told.
func received(conn net.Conn, p []byte) (n int, ok bool) {
	c, isSocket := conn.(syscall.Conn)
	if !isSocket {
		return 0, false
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return 0, false
	}
	err = raw.Control(func(fd uintptr) {
		for {
			if n, err = syscall.Read(int(fd), p); err != syscall.EINTR {
				return
			}
		}
	})
	return max(n, 0), err == nil
}
