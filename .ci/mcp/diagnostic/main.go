// Command diagnostic serves what fettle mcp serves, and beside it the three tools by which the conformance suite looks at what no tool
// of ours does: asking a client for more, answering in a stream, and logging.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/fettlehq/fettle/agent/mcp"
	"github.com/fettlehq/fettle/agent/tool"
)

func main() {
	s := mcp.Server(&tool.Project{Dir: os.Args[1]}, "diagnostic")
	no := json.RawMessage(`{"type":"object"}`)
	s.AddTool(&sdk.Tool{Name: "test_missing_capability", InputSchema: no}, func(context.Context, *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
		return nil, &jsonrpc.Error{Code: sdk.CodeMissingRequiredClientCapabilities, Message: "it wants sampling", Data: json.RawMessage(`{"requiredCapabilities":{"sampling":{}}}`)}
	})
	s.AddTool(&sdk.Tool{Name: "test_streaming_elicitation", InputSchema: no}, func(context.Context, *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
		return &sdk.CallToolResult{Content: []sdk.Content{&sdk.TextContent{Text: "answered"}}}, nil
	})
	s.AddTool(&sdk.Tool{Name: "test_logging_tool", InputSchema: no}, func(ctx context.Context, r *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
		//lint:ignore SA1019 the suite asks that what is logged reaches nobody who did not ask for it
		_ = r.Session.Log(ctx, &sdk.LoggingMessageParams{Level: "info", Data: "said to nobody who did not ask for it"})
		return &sdk.CallToolResult{Content: []sdk.Content{&sdk.TextContent{Text: "logged"}}}, nil
	})
	l, err := mcp.Listen("127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("listening on http://%s/mcp\n", l.Addr())
	log.Fatal(mcp.HTTP(context.Background(), s, l))
}
