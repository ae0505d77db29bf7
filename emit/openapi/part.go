package openapi

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/fettlehq/fettle/diag"
	"github.com/fettlehq/fettle/model"
)

// Mistake is what is wrong with what a team describes beside the design.
type Mistake struct {
	Pos           diag.Pos
	Message, Hint string
}

// Join is Emit with what a team describes of its own handlers: a part of a document in YAML, called name, with paths,
// tags and components. It may refer to the components of the design. Where there are mistakes there is no document.
func Join(m *model.Model, name string, part []byte) ([]byte, []Mistake) {
	p := &joined{name: name, document: whole(m)}
	var root yaml.Node
	if err := yaml.Unmarshal(part, &root); err != nil {
		p.unread(err)
		return nil, p.mistakes
	}
	if len(root.Content) == 0 {
		return indented(p.document), nil
	}
	p.join(root.Content[0])
	if len(p.mistakes) > 0 {
		return nil, p.mistakes
	}
	return indented(p.document), nil
}

// joined is a document that gains a part.
type joined struct {
	name     string
	document object
	mistakes []Mistake
}

func (p *joined) wrong(at *yaml.Node, hint, format string, args ...any) {
	p.mistakes = append(p.mistakes, Mistake{diag.Pos{File: p.name, Line: at.Line, Column: at.Column}, fmt.Sprintf(format, args...), hint})
}

var lineOf = regexp.MustCompile(`^yaml: line (\d+): `)

func (p *joined) unread(err error) {
	at, text := &yaml.Node{Line: 1, Column: 1}, strings.TrimPrefix(err.Error(), "yaml: ")
	if found := lineOf.FindStringSubmatch(err.Error()); found != nil {
		at.Line, _ = strconv.Atoi(found[1])
		text = err.Error()[len(found[0]):]
	}
	p.wrong(at, "", "is no YAML: %s", text)
}

func (p *joined) join(root *yaml.Node) {
	for key, value := range p.members(root) {
		switch key.Value {
		case "openapi", "info": // so that editors know what it is
		case "tags":
			if list, ok := p.value(value, 0).([]any); ok {
				tags := p.document.get("tags").([]object)
				for _, tag := range list {
					if o, ok := tag.(object); ok {
						tags = append(tags, o)
					}
				}
				p.document.set("tags", tags)
			}
		case "paths":
			p.paths(value)
		case "components":
			p.components(value)
		default:
			p.wrong(key, "", "a part has paths, tags and components, and no %s", key.Value)
		}
	}
	known := map[string]bool{}
	for _, kind := range p.document.get("components").(object) {
		for _, component := range kind.value.(object) {
			known[kind.name+"/"+component.name] = true
		}
	}
	p.references(root, known, 0)
}

// members are the members of a mapping; anything else is a mistake.
func (p *joined) members(n *yaml.Node) func(yield func(key, value *yaml.Node) bool) {
	return func(yield func(key, value *yaml.Node) bool) {
		if n.Kind != yaml.MappingNode {
			p.wrong(n, "", "an object stands here")
			return
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			if !yield(n.Content[i], n.Content[i+1]) {
				return
			}
		}
	}
}

// taken are the paths that doors take before handlers are asked.
var taken = []string{version + "/", "/auth/", "/graphql", "/healthz", "/readyz", "/docs", "/openapi.json"}

func (p *joined) paths(n *yaml.Node) {
	paths := p.document.get("paths").(object)
	ids := map[string]bool{}
	for _, path := range paths {
		for _, item := range path.value.(object) {
			if operation, ok := item.value.(object); ok {
				id, _ := operation.get("operationId").(string)
				ids[id] = true
			}
		}
	}
	shapes := map[string]string{}
	for key, value := range p.members(n) {
		switch same := shapes[shape(key.Value)]; {
		case !strings.HasPrefix(key.Value, "/"):
			p.wrong(key, "/"+key.Value, "a path begins with /")
		case slices.ContainsFunc(taken, func(at string) bool {
			return key.Value == strings.TrimSuffix(at, "/") || strings.HasPrefix(key.Value, at)
		}):
			p.wrong(key, "", "%s is served by what is generated, and never by a handler of yours", key.Value)
		case same != "":
			p.wrong(key, "", "%s is %s again", key.Value, same)
		}
		shapes[shape(key.Value)] = key.Value
		for _, operation := range p.members(value) {
			if operation.Kind != yaml.MappingNode {
				continue
			}
			for field, id := range p.members(operation) {
				if field.Value == "operationId" && ids[id.Value] {
					p.wrong(id, "", "the operation %s is there already", id.Value)
				} else if field.Value == "operationId" {
					ids[id.Value] = true
				}
			}
		}
		paths.put(key.Value, p.value(value, 0))
	}
	p.document.set("paths", paths)
}

func (p *joined) components(n *yaml.Node) {
	components := p.document.get("components").(object)
	for kind, all := range p.members(n) {
		have, _ := components.get(kind.Value).(object)
		had := components.get(kind.Value) != nil
		for key, value := range p.members(all) {
			if have.get(key.Value) != nil {
				p.wrong(key, "choose another name", "%s has %s already", kind.Value, key.Value)
				continue
			}
			have.put(key.Value, p.value(value, 0))
		}
		if had {
			components.set(kind.Value, have)
		} else {
			components.put(kind.Value, have)
		}
	}
	p.document.set("components", components)
}

// references tells which lead nowhere.
func (p *joined) references(n *yaml.Node, known map[string]bool, depth int) {
	if depth > deepest {
		return
	}
	for i, child := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 1 && n.Content[i-1].Value == "$ref" && child.Kind == yaml.ScalarNode {
			if to, ours := strings.CutPrefix(child.Value, "#/components/"); ours && !known[to] {
				p.wrong(child, "", "there is no component %s", to)
			}
		}
		p.references(child, known, depth+1)
	}
}

// deepest is how far objects nest: an alias that stands in what it means would nest for ever.
const deepest = 100

// value is what stands in YAML as it does in JSON.
func (p *joined) value(n *yaml.Node, depth int) any {
	if depth > deepest {
		p.wrong(n, "", "this nests deeper than %d levels", deepest)
		return nil
	}
	switch n.Kind {
	case yaml.AliasNode:
		return p.value(n.Alias, depth+1)
	case yaml.MappingNode:
		var o object
		for key, value := range p.members(n) {
			o.put(key.Value, p.value(value, depth+1))
		}
		if o == nil {
			o = object{}
		}
		return o
	case yaml.SequenceNode:
		list := make([]any, len(n.Content))
		for i, item := range n.Content {
			list[i] = p.value(item, depth+1)
		}
		return list
	}
	switch n.Tag {
	case "!!null":
		return nil
	case "!!bool":
		return n.Value == "true"
	case "!!int", "!!float":
		if json.Valid([]byte(n.Value)) {
			return json.Number(n.Value)
		}
		p.wrong(n, "", "%s is no number of JSON", n.Value)
		return nil
	}
	return n.Value
}
