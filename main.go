// Command fettle builds backends from a design. See fettle --help.
package main

import (
	"os"

	"github.com/fettlehq/fettle/cli"
)

func main() {
	os.Exit(cli.Do(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
