// Command diagnostic serves what fettle mcp serves, by the same bounds and to the same machine only, and beside it the tools, prompts
// and resources by which the conformance suite looks at what no tool of ours does: pictures, progress, logging, questions to a client,
// streams that break and go on, what changes while somebody listens.
//
//	/mcp       without sessions, as fettle mcp is served
//	/sessions  with them, which revision 2025-11-25 needs for whatever a server asks a client
package main

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"os"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/fettlehq/fettle/agent/mcp"
	"github.com/fettlehq/fettle/agent/tool"
)

func main() {
	s := server(&tool.Project{Dir: os.Args[1]})
	mux := http.NewServeMux()
	mux.Handle("/mcp", mcp.Handler(s))
	mux.Handle("/sessions", mcp.At("/sessions", s, &sdk.StreamableHTTPOptions{EventStore: sdk.NewMemoryEventStore(nil)}))
	l, err := mcp.Listen("127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("listening on http://%s/mcp\n", l.Addr())
	log.Fatal(mcp.HTTP(context.Background(), mux, l))
}

func server(p *tool.Project) *sdk.Server {
	s := sdk.NewServer(&sdk.Implementation{Name: "diagnostic", Version: "1"}, &sdk.ServerOptions{
		Instructions: mcp.Instructions,
		CompletionHandler: func(context.Context, *sdk.CompleteRequest) (*sdk.CompleteResult, error) {
			return &sdk.CompleteResult{Completion: sdk.CompletionResultDetails{Values: []string{"park", "party"}, Total: 2}}, nil
		},
		SubscribeHandler:   func(context.Context, *sdk.SubscribeRequest) error { return nil },
		UnsubscribeHandler: func(context.Context, *sdk.UnsubscribeRequest) error { return nil },
	})
	mcp.AddTools(s, p)
	addAnswers(s)
	addTold(s)
	addAsking(s)
	addInputs(s)
	addPrompts(s)
	addResources(s)
	return s
}
