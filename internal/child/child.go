// Package child makes processes that do not outlive the tool.
//
//	Command ─▶ exec.Cmd in a process group of its own; End asks the group to end, Kill makes it
//
// It is for long work (the go command) and for services that the tool runs. Output and input are the caller's.
package child

import (
	"context"
	"os/exec"
	"time"
)

// Command is exec.CommandContext for a process that ends with the tool, together with what it starts. The end of ctx
// kills it.
func Command(ctx context.Context, name string, args ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, name, args...)
	isolate(command)
	command.Cancel = func() error { return Kill(command) }
	command.WaitDelay = 2 * time.Second
	return command
}
