//go:build unix && !linux

package child

import (
	"os/exec"
	"syscall"
)

func isolate(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
}
