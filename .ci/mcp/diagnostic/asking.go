//lint:file-ignore SA1019 revision 2025-11-25 has sampling and logging, and the suite asks after both

package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

// forms are what a person behind a client of revision 2025-11-25 is asked for.
var forms = map[string]string{
	"test_elicitation": `{"type": "object", "properties": {
		"username": {"type": "string", "description": "User's response"},
		"email": {"type": "string", "description": "User's email address"}}, "required": ["username", "email"]}`,
	"test_elicitation_sep1034_defaults": `{"type": "object", "properties": {
		"name": {"type": "string", "default": "John Doe"},
		"age": {"type": "integer", "default": 30},
		"score": {"type": "number", "default": 95.5},
		"status": {"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"},
		"verified": {"type": "boolean", "default": true}}}`,
	"test_elicitation_sep1330_enums": `{"type": "object", "properties": {
		"untitledSingle": {"type": "string", "enum": ["option1", "option2", "option3"]},
		"titledSingle": {"type": "string", "oneOf": [{"const": "value1", "title": "First Option"}, {"const": "value2", "title": "Second Option"}]},
		"legacyEnum": {"type": "string", "enum": ["opt1", "opt2"], "enumNames": ["Option One", "Option Two"]},
		"untitledMulti": {"type": "array", "items": {"type": "string", "enum": ["option1", "option2", "option3"]}},
		"titledMulti": {"type": "array", "items": {"anyOf": [{"const": "value1", "title": "First Choice"}, {"const": "value2", "title": "Second Choice"}]}}}}`,
}

// addAsking adds the tools that ask their client while they run, which only sessions of revision 2025-11-25 have.
func addAsking(s *sdk.Server) {
	for name, form := range forms {
		add(s, name, func(ctx context.Context, r *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
			given := struct{ Message string }{"Please fill this in"}
			if err := json.Unmarshal(r.Params.Arguments, &given); err != nil {
				return nil, err
			}
			answer, err := r.Session.Elicit(ctx, &sdk.ElicitParams{Message: given.Message, RequestedSchema: json.RawMessage(form)})
			if err != nil {
				return nil, err
			}
			content, err := json.Marshal(answer.Content)
			return text(fmt.Sprintf("Elicitation completed: action=%s, content=%s", answer.Action, content)), err
		})
	}
	add(s, "test_sampling", func(ctx context.Context, r *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
		var given struct{ Prompt string }
		if err := json.Unmarshal(r.Params.Arguments, &given); err != nil {
			return nil, err
		}
		answer, err := r.Session.CreateMessage(ctx, &sdk.CreateMessageParams{
			Messages: []*sdk.SamplingMessage{{Role: "user", Content: &sdk.TextContent{Text: given.Prompt}}}, MaxTokens: 100,
		})
		if err != nil {
			return nil, err
		}
		words, err := json.Marshal(answer.Content)
		return text("LLM response: " + string(words)), err
	})
	add(s, "test_missing_capability", func(_ context.Context, r *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
		if can := r.ClientCapabilities(); can != nil && can.Sampling != nil {
			return text("it has sampling"), nil
		}
		return nil, &jsonrpc.Error{
			Code: sdk.CodeMissingRequiredClientCapabilities, Message: "it wants sampling", Data: json.RawMessage(`{"requiredCapabilities": {"sampling": {}}}`),
		}
	})
}
