package pgsql

import "slices"

// Node is a node of Postgres's parse tree: its kind, such as "ColumnRef", and its fields as JSON gives them. The zero
// Node is no node.
type Node struct {
	Kind   string
	fields map[string]any
}

// nodeOf reads {"ColumnRef": {…}}.
func nodeOf(value any) Node {
	wrapped, _ := value.(map[string]any)
	if len(wrapped) != 1 {
		return Node{}
	}
	for kind, body := range wrapped {
		if fields, is := body.(map[string]any); is && kind[0] >= 'A' && kind[0] <= 'Z' {
			return Node{Kind: kind, fields: fields}
		}
	}
	return Node{}
}

// value is the node as a field holds it.
func (n Node) value() any { return map[string]any{n.Kind: n.fields} }

// Is reports whether the node is of one of these kinds.
func (n Node) Is(kinds ...string) bool { return slices.Contains(kinds, n.Kind) }

// Node is a field that holds a node of any kind.
func (n Node) Node(field string) Node { return nodeOf(n.fields[field]) }

// As is a field that always holds a node of one kind, which the tree then does not name.
func (n Node) As(field, kind string) Node {
	fields, is := n.fields[field].(map[string]any)
	if !is {
		return Node{}
	}
	return Node{Kind: kind, fields: fields}
}

// Nodes is a field that holds a list.
func (n Node) Nodes(field string) []Node {
	list, _ := n.fields[field].([]any)
	nodes := make([]Node, 0, len(list))
	for _, value := range list {
		nodes = append(nodes, nodeOf(value))
	}
	return nodes
}

// Text is a field that holds a text or the name of a constant; empty where there is none.
func (n Node) Text(field string) string {
	text, _ := n.fields[field].(string)
	return text
}

// Int is a field that holds a number; 0 where there is none, as the tree leaves zeros out.
func (n Node) Int(field string) int {
	number, _ := n.fields[field].(float64)
	return int(number)
}

// Bool is a field that holds a truth value.
func (n Node) Bool(field string) bool {
	is, _ := n.fields[field].(bool)
	return is
}

// Has reports whether the field is there.
func (n Node) Has(field string) bool {
	_, has := n.fields[field]
	return has
}

// Names are the texts of a field that holds a list of names, such as the parts of "public.users".
func (n Node) Names(field string) []string {
	var names []string
	for _, part := range n.Nodes(field) {
		switch part.Kind {
		case "String":
			names = append(names, part.Text("sval"))
		case "A_Star":
			names = append(names, "*")
		}
	}
	return names
}

// Walk visits the nodes below n, n first, until visit returns false for one; then it leaves out what is below that one.
func (n Node) Walk(visit func(Node) bool) {
	if n.Kind == "" || !visit(n) {
		return
	}
	for _, value := range sortedFields(n.fields) {
		walkValue(value, visit)
	}
}

func walkValue(value any, visit func(Node) bool) {
	switch value := value.(type) {
	case []any:
		for _, element := range value {
			walkValue(element, visit)
		}
	case map[string]any:
		if node := nodeOf(value); node.Kind != "" {
			node.Walk(visit)
			return
		}
		for _, field := range sortedFields(value) {
			walkValue(field, visit)
		}
	}
}

// sortedFields are the values by the names of their fields, so that a walk has one order.
func sortedFields(fields map[string]any) []any {
	names := make([]string, 0, len(fields))
	for name := range fields {
		names = append(names, name)
	}
	slices.Sort(names)
	values := make([]any, 0, len(names))
	for _, name := range names {
		values = append(values, fields[name])
	}
	return values
}
