package cli

import (
	"context"
	"fmt"
	"os"

	"github.com/fettlehq/fettle/agent/mcp"
	"github.com/fettlehq/fettle/agent/tool"
)

type mcpCommand struct {
	Dir      string `arg:"" optional:"" default:"." help:"Folder of the project: nothing outside of it is touched." predictor:"dir"`
	HTTP     string `placeholder:"ADDRESS" help:"Serve streamable HTTP at /mcp of this address, such as 127.0.0.1:7777, instead of stdin and stdout."`
	Kit      string `placeholder:"DIR" help:"Folder of the runtime library, when it is not found."`
	Database string `env:"DATABASE_URL" placeholder:"URL" help:"The database that optimize looks at; it is only read."`
}

// Help is an example.
func (mcpCommand) Help() string {
	return "Examples:\n  fettle mcp examples/shop\n  fettle mcp --http 127.0.0.1:7777 examples/shop"
}

// Run serves the tools of a backend engineer to agents.
func (c mcpCommand) Run(ctx context.Context, s streams) error {
	if info, err := os.Stat(c.Dir); err != nil || !info.IsDir() {
		return fmt.Errorf("%s: is no folder", c.Dir)
	}
	server := mcp.Server(&tool.Project{Dir: c.Dir, Database: c.Database, Kit: c.Kit, Meaning: meaning}, version())
	if c.HTTP == "" {
		return mcp.Stdio(ctx, server)
	}
	l, err := mcp.Listen(c.HTTP)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "listening on http://%s/mcp\n", l.Addr())
	return mcp.HTTP(ctx, mcp.Handler(server), l)
}
