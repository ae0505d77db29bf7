//go:build unix

package child

import (
	"os/exec"
	"syscall"
)

// End asks a started process to end.
func End(command *exec.Cmd) error { return command.Process.Signal(syscall.SIGTERM) }

// Kill ends a started process and its descendants at once.
func Kill(command *exec.Cmd) error { return syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }
