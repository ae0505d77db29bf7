package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

// prompts by name, in which {argument} stands for what a client gave, and their arguments.
var prompts = map[string]struct {
	arguments []string
	messages  string
}{
	"test_simple_prompt": {nil, `[{"role": "user", "content": {"type": "text", "text": "This is a simple prompt for testing."}}]`},
	"test_prompt_with_arguments": {[]string{"arg1", "arg2"}, `[{"role": "user", "content":
		{"type": "text", "text": "Prompt with arguments: arg1='{arg1}', arg2='{arg2}'"}}]`},
	"test_prompt_with_embedded_resource": {[]string{"resourceUri"}, `[
		{"role": "user", "content": {"type": "resource", "resource":
			{"uri": "{resourceUri}", "mimeType": "text/plain", "text": "Embedded resource content for testing."}}},
		{"role": "user", "content": {"type": "text", "text": "Please process the embedded resource above."}}]`},
	"test_prompt_with_image": {nil, `[{"role": "user", "content": {"type": "image", ` + picture + `}},
		{"role": "user", "content": {"type": "text", "text": "Please analyze the image above."}}]`},
}

func addPrompts(s *sdk.Server) {
	for name := range prompts {
		addPrompt(s, name)
	}
}

func addPrompt(s *sdk.Server, name string) {
	of := prompts[name]
	p := &sdk.Prompt{Name: name, Description: "a prompt of the conformance suite"}
	for _, a := range of.arguments {
		p.Arguments = append(p.Arguments, &sdk.PromptArgument{Name: a, Description: "what stands in it", Required: true})
	}
	s.AddPrompt(p, func(_ context.Context, r *sdk.GetPromptRequest) (*sdk.GetPromptResult, error) {
		messages := of.messages
		for _, a := range of.arguments {
			given, err := json.Marshal(r.Params.Arguments[a])
			if err != nil {
				return nil, err
			}
			messages = strings.ReplaceAll(messages, "{"+a+"}", strings.Trim(string(given), `"`))
		}
		return said[sdk.GetPromptResult](`{"messages": ` + messages + `}`), nil
	})
}

// resources by URI; a template's stand for any that fits it.
var resources = map[string]string{
	"test://static-text":        `"mimeType": "text/plain", "text": "This is the content of the static text resource."`,
	"test://static-binary":      strings.Replace(picture, `"data"`, `"blob"`, 1),
	"test://watched-resource":   `"mimeType": "text/plain", "text": "This changes."`,
	"test://template/{id}/data": `"mimeType": "application/json", "text": "{\"id\":\"{id}\",\"templateTest\":true,\"data\":\"Data for ID: {id}\"}"`,
}

func addResources(s *sdk.Server) {
	for uri, content := range resources {
		before, after, template := strings.Cut(uri, "{id}")
		read := func(_ context.Context, r *sdk.ReadResourceRequest) (*sdk.ReadResourceResult, error) {
			id := strings.TrimSuffix(strings.TrimPrefix(r.Params.URI, before), after)
			return said[sdk.ReadResourceResult](fmt.Sprintf(`{"contents": [{"uri": %q, %s}]}`, r.Params.URI, strings.ReplaceAll(content, "{id}", id))), nil
		}
		if template {
			s.AddResourceTemplate(&sdk.ResourceTemplate{Name: uri, Description: "resources of the conformance suite", URITemplate: uri}, read)
		} else {
			s.AddResource(&sdk.Resource{Name: uri, Description: "a resource of the conformance suite", URI: uri}, read)
		}
	}
}
