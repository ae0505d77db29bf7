package mcp

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
	"sync"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
)

// What the SDK takes for a message and answers otherwise than JSON-RPC 2.0 and the protocol say is settled here, before it and after it:
// ids that it would change, params that are no object, two calls of one id, answers to calls that were cancelled, errors without a code.

// message is what is looked at of one.
type message struct {
	ID     json.RawMessage // nil where it has none
	Method *string         // nil of an answer
	Params json.RawMessage
}

// fault is what is wrong with a message that a client sent; empty where nothing is.
func (m *message) fault() (code int64, why string) {
	if m.Method == nil {
		return 0, ""
	}
	if _, known := idOf(m.ID); m.ID != nil && !known {
		return jsonrpc.CodeInvalidRequest, "an id is a text, or a whole number of less than 2^53"
	}
	if len(m.Params) > 0 && m.Params[0] != '{' {
		return jsonrpc.CodeInvalidParams, "params is an object"
	}
	return 0, ""
}

// idOf names the id of a call, false where it is none that an answer can have as it was sent.
func idOf(text json.RawMessage) (string, bool) {
	var word string
	if json.Unmarshal(text, &word) == nil && string(text) != "null" {
		return "text " + word, true
	}
	number, err := strconv.ParseFloat(string(text), 64)
	if err != nil || number != math.Trunc(number) || math.Abs(number) >= 1<<53 {
		return "", false
	}
	return "number " + strconv.FormatFloat(number, 'f', -1, 64), true
}

// refusal is an answer that says what is wrong with what was sent. Its id is told where it is one that an answer may have.
func refusal(code int64, id json.RawMessage, why string) []byte {
	var text string
	var number json.Number
	if json.Unmarshal(id, &text) != nil && json.Unmarshal(id, &number) != nil || len(id) > 200 {
		id = json.RawMessage("null")
	}
	answer, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": id, "error": map[string]any{"code": code, "message": why}})
	if err != nil {
		panic(fmt.Sprintf("id %s: %v", id, err)) // it was read as JSON
	}
	return append(answer, '\n')
}

// calls are those of one client that have not been answered, by their ids; true where one was cancelled.
type calls struct {
	mu      sync.Mutex
	running map[string]bool
}

// begin notes a call, false where another with this id has not been answered.
func (c *calls) begin(id string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, there := c.running[id]; there {
		return false
	}
	if c.running == nil {
		c.running = map[string]bool{}
	}
	c.running[id] = false
	return true
}

// cancel notes that nobody waits for the answer to a call any more.
func (c *calls) cancel(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, there := c.running[id]; there {
		c.running[id] = true
	}
}

// end forgets a call, and tells whether it was cancelled.
func (c *calls) end(id string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	cancelled := c.running[id]
	delete(c.running, id)
	return cancelled
}

// answering writes what the SDK answers.
type answering struct {
	io.WriteCloser
	calls *calls
}

// Write writes one message. A call that was cancelled is not answered (the protocol's basic/utilities/cancellation), and an error
// without a code has that of a request that is none.
func (a answering) Write(p []byte) (int, error) {
	var m struct {
		message
		Error *struct {
			Code    int64
			Message string
		}
	}
	if json.Unmarshal(p, &m) != nil || m.Method != nil {
		return a.WriteCloser.Write(p)
	}
	if id, known := idOf(m.ID); known && a.calls.end(id) {
		return len(p), nil
	}
	if m.Error != nil && m.Error.Code == 0 {
		if _, err := a.WriteCloser.Write(refusal(jsonrpc.CodeInvalidRequest, m.ID, m.Error.Message)); err != nil {
			return 0, err
		}
		return len(p), nil
	}
	return a.WriteCloser.Write(p)
}
