package main

import (
	"context"
	"encoding/json"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

// A picture of one dot and a sound of one silence, as small as there are.
const (
	picture = `"mimeType": "image/png", "data": "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR42mNoAAAAggCB2kUIOwAAAABJRU5ErkJggg=="`
	sound   = `"mimeType": "audio/wav", "data": "UklGRiUAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQEAAACA"`
)

// answers are the tools that always say the same.
var answers = map[string]string{
	"test_simple_text":   `{"content": [{"type": "text", "text": "This is a simple text response for testing."}]}`,
	"test_image_content": `{"content": [{"type": "image", ` + picture + `}]}`,
	"test_audio_content": `{"content": [{"type": "audio", ` + sound + `}]}`,
	"test_embedded_resource": `{"content": [{"type": "resource", "resource":
		{"uri": "test://embedded-resource", "mimeType": "text/plain", "text": "This is an embedded resource content."}}]}`,
	"test_multiple_content_types": `{"content": [{"type": "text", "text": "Multiple content types test:"}, {"type": "image", ` + picture + `},
		{"type": "resource", "resource": {"uri": "test://mixed-content-resource", "mimeType": "application/json", "text": "{\"test\":\"data\",\"value\":123}"}}]}`,
	"test_error_handling":        `{"isError": true, "content": [{"type": "text", "text": "This tool intentionally returns an error for testing"}]}`,
	"test_streaming_elicitation": `{"content": [{"type": "text", "text": "answered"}]}`,
	"json_schema_2020_12_tool":   `{"content": [{"type": "text", "text": "called"}]}`,
	"test_x_mcp_header":          `{"content": [{"type": "text", "text": "called"}]}`,
}

// schemas are of the tools that take something; the others take nothing.
var schemas = map[string]string{
	"test_sampling":     `{"type": "object", "properties": {"prompt": {"type": "string"}}, "required": ["prompt"]}`,
	"test_elicitation":  `{"type": "object", "properties": {"message": {"type": "string"}}, "required": ["message"]}`,
	"test_x_mcp_header": `{"type": "object", "properties": {"region": {"type": "string", "x-mcp-header": "Region"}}}`,
	"json_schema_2020_12_tool": `{
		"$schema": "https://json-schema.org/draft/2020-12/schema",
		"type": "object",
		"$defs": {"address": {"$anchor": "addressDef", "type": "object", "properties": {"street": {"type": "string"}, "city": {"type": "string"}}}},
		"properties": {"name": {"type": "string"}, "address": {"$ref": "#/$defs/address"},
			"contactMethod": {"type": "string", "enum": ["phone", "email"]}, "phone": {"type": "string"}, "email": {"type": "string"}},
		"allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
		"if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
		"then": {"required": ["phone"]},
		"else": {"required": ["email"]},
		"additionalProperties": false}`,
}

func add(s *sdk.Server, name string, h sdk.ToolHandler) {
	schema := json.RawMessage(`{"type": "object"}`)
	if own, ok := schemas[name]; ok {
		schema = json.RawMessage(own)
	}
	s.AddTool(&sdk.Tool{Name: name, Description: "a tool of the conformance suite", InputSchema: schema}, h)
}

// said is a result, or a panic at the start, by the test of whoever wrote the text.
func said[T any](text string) *T {
	var result T
	if err := json.Unmarshal([]byte(text), &result); err != nil {
		panic(text + ": " + err.Error())
	}
	return &result
}

func text(words string) *sdk.CallToolResult {
	return &sdk.CallToolResult{Content: []sdk.Content{&sdk.TextContent{Text: words}}}
}

func addAnswers(s *sdk.Server) {
	for name, answer := range answers {
		result := said[sdk.CallToolResult](answer)
		add(s, name, func(context.Context, *sdk.CallToolRequest) (*sdk.CallToolResult, error) { return result, nil })
	}
}

// addTold adds the tools that tell something while they run.
func addTold(s *sdk.Server) {
	log := func(ctx context.Context, r *sdk.CallToolRequest, words string) {
		//lint:ignore SA1019 revision 2025-11-25 has it, and by the later one it must reach nobody who did not ask for it
		_ = r.Session.Log(ctx, &sdk.LoggingMessageParams{Level: "info", Data: words})
	}
	add(s, "test_tool_with_logging", func(ctx context.Context, r *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
		log(ctx, r, "Tool execution started")
		time.Sleep(50 * time.Millisecond)
		log(ctx, r, "Tool processing data")
		time.Sleep(50 * time.Millisecond)
		log(ctx, r, "Tool execution completed")
		return text("logged"), nil
	})
	add(s, "test_logging_tool", func(ctx context.Context, r *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
		log(ctx, r, "said to nobody who did not ask for it")
		return text("logged"), nil
	})
	add(s, "test_tool_with_progress", func(ctx context.Context, r *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
		for _, done := range []float64{0, 50, 100} {
			if token := r.Params.GetProgressToken(); token != nil {
				_ = r.Session.NotifyProgress(ctx, &sdk.ProgressNotificationParams{ProgressToken: token, Progress: done, Total: 100})
			}
			time.Sleep(50 * time.Millisecond)
		}
		return text("done"), nil
	})
	add(s, "test_reconnection", func(_ context.Context, r *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
		if r.Extra != nil && r.Extra.CloseSSEStream != nil {
			r.Extra.CloseSSEStream(sdk.CloseSSEStreamArgs{RetryAfter: 10 * time.Millisecond})
		}
		time.Sleep(100 * time.Millisecond) // for the client to come again
		return text("answered after the stream was closed"), nil
	})
	// To add a tool or a prompt that is there already is a change too.
	add(s, "test_trigger_tool_change", func(context.Context, *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
		add(s, "passing", func(context.Context, *sdk.CallToolRequest) (*sdk.CallToolResult, error) { return text("passing"), nil })
		return text("changed"), nil
	})
	add(s, "test_trigger_prompt_change", func(context.Context, *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
		addPrompt(s, "test_simple_prompt")
		return text("changed"), nil
	})
}
