//lint:file-ignore SA1019 revision 2025-11-25 has sampling and logging, and the suite asks after both

package main

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

// asks is what a client of revision 2026-07-28 is asked for, by the name that its answer bears.
var asks = map[string]string{
	"user_name":        elicit("What is your name?", "name", "string"),
	"confirm":          elicit("Please confirm", "ok", "boolean"),
	"step1":            elicit("Step 1: What is your name?", "name", "string"),
	"step2":            elicit("Step 2: What is your favorite color?", "color", "string"),
	"user_context":     elicit("What context should the prompt use?", "context", "string"),
	"client_roots":     `{"method": "roots/list", "params": {}}`,
	"greeting":         sample("Generate a greeting"),
	"capital_question": sample("What is the capital of France?"),
}

func elicit(message, field, kind string) string {
	return fmt.Sprintf(`{"method": "elicitation/create", "params": {"message": %q, "requestedSchema":
		{"type": "object", "properties": {%q: {"type": %q}}, "required": [%[2]q]}}}`, message, field, kind)
}

func sample(words string) string {
	return fmt.Sprintf(`{"method": "sampling/createMessage", "params": {"maxTokens": 50,
		"messages": [{"role": "user", "content": {"type": "text", "text": %q}}]}}`, words)
}

// inputs are the tools that answer by asking: what they ask for in each round, and whether what they remember goes to the client and
// back.
var inputs = map[string]struct {
	rounds    [][]string
	remembers bool
}{
	"test_input_required_result_elicitation":     {rounds: [][]string{{"user_name"}}},
	"test_input_required_result_sampling":        {rounds: [][]string{{"capital_question"}}},
	"test_input_required_result_list_roots":      {rounds: [][]string{{"client_roots"}}},
	"test_input_required_result_multiple_inputs": {rounds: [][]string{{"user_name", "greeting", "client_roots"}}, remembers: true},
	"test_input_required_result_request_state":   {rounds: [][]string{{"confirm"}}, remembers: true},
	"test_input_required_result_tampered_state":  {rounds: [][]string{{"confirm"}}, remembers: true},
	"test_input_required_result_multi_round":     {rounds: [][]string{{"step1"}, {"step2"}}, remembers: true},
}

func addInputs(s *sdk.Server) {
	for name, of := range inputs {
		add(s, name, func(_ context.Context, r *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
			round := 0
			if of.remembers && r.Params.RequestState != "" {
				var err error
				if round, err = remembered(name, r.Params.RequestState); err != nil {
					return nil, err
				}
			}
			if answered(r.Params.InputResponses, of.rounds[round]) {
				round++
			}
			if round == len(of.rounds) {
				return text("state-ok: all that was asked for is here"), nil
			}
			result := &sdk.CallToolResult{InputRequests: requests(of.rounds[round])}
			if of.remembers {
				result.RequestState = sealed(name, round)
			}
			return result, nil
		})
	}
	// What a client cannot do is not asked of it.
	add(s, "test_input_required_result_capabilities", func(_ context.Context, r *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
		var names []string
		can := r.ClientCapabilities()
		if can != nil && can.Elicitation != nil {
			names = append(names, "user_name")
		}
		if can != nil && can.Sampling != nil {
			names = append(names, "greeting")
		}
		if len(names) == 0 || answered(r.Params.InputResponses, names) {
			return text("nothing more to ask"), nil
		}
		return &sdk.CallToolResult{InputRequests: requests(names)}, nil
	})
	s.AddPrompt(&sdk.Prompt{Name: "test_input_required_result_prompt", Description: "a prompt that asks first"}, func(_ context.Context, r *sdk.GetPromptRequest) (*sdk.GetPromptResult, error) {
		if !answered(r.Params.InputResponses, []string{"user_context"}) {
			return &sdk.GetPromptResult{InputRequests: requests([]string{"user_context"})}, nil
		}
		return said[sdk.GetPromptResult](`{"messages": [{"role": "user", "content": {"type": "text", "text": "by what was told"}}]}`), nil
	})
}

func requests(names []string) sdk.InputRequestMap {
	var each []string
	for _, name := range names {
		each = append(each, fmt.Sprintf("%q: %s", name, asks[name]))
	}
	return *said[sdk.InputRequestMap]("{" + strings.Join(each, ", ") + "}")
}

// answered tells whether all of it was: a question by its acceptance with something in it.
func answered(given sdk.InputResponseMap, names []string) bool {
	for _, name := range names {
		switch answer := given[name].(type) {
		case nil:
			return false
		case *sdk.ElicitResult:
			if answer.Action != "accept" || len(answer.Content) == 0 {
				return false
			}
		}
	}
	return true
}

// key seals what goes through the hands of clients.
var key = func() []byte {
	key := make([]byte, 32)
	if _, err := rand.Read(key); err != nil {
		panic(err)
	}
	return key
}()

// sealed is the round of a tool in a form that nobody else can make.
func sealed(tool string, round int) string {
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s %d", tool, round)
	return fmt.Sprintf("%d.%s", round, hex.EncodeToString(mac.Sum(nil)))
}

func remembered(tool, state string) (int, error) {
	for round := range inputs[tool].rounds {
		if hmac.Equal([]byte(sealed(tool, round)), []byte(state)) {
			return round, nil
		}
	}
	return 0, &jsonrpc.Error{Code: jsonrpc.CodeInvalidParams, Message: "requestState is not what was given out"}
}
