package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

type versionCommand struct{}

// Help is an example.
func (versionCommand) Help() string { return "Example: fettle version" }

// Run prints which tool this is.
func (versionCommand) Run(s streams) error {
	_, err := fmt.Fprintf(s.out, "fettle %s %s %s/%s\n", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}

func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
