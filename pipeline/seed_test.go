package pipeline

import (
	"flag"
	"os"
)

// Random tests draw the same each time, unless -rapid.seed or RAPID_SEED asks for others.
func init() {
	if _, asked := os.LookupEnv("RAPID_SEED"); !asked {
		_ = flag.Set("rapid.seed", "1")
	}
}
