package graphql

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/fettlehq/fettle/kit/input"
)

// The messages of graphql-transport-ws (PROTOCOL.md of npm graphql-ws). Those of the client are read here.

// messageType is the type of a message.
type messageType string

const (
	typeInit      messageType = "connection_init"
	typeAck       messageType = "connection_ack"
	typePing      messageType = "ping"
	typePong      messageType = "pong"
	typeSubscribe messageType = "subscribe"
	typeNext      messageType = "next"
	typeError     messageType = "error"
	typeComplete  messageType = "complete"
)

// message is one that a client sends.
type message struct {
	kind    messageType
	id      string       // of subscribe and complete
	payload input.Object // of others than complete; nil for none
	request request      // of subscribe
	wrong   error        // with the request, which the client is told of under the id
}

// maxID is how long the id of an operation may be, in bytes.
const maxID = 128

// readMessage reads a message. Its error is one after which the connection is closed.
func readMessage(text []byte) (message, error) {
	tree, err := input.Parse(text)
	if err != nil {
		return message{}, errors.New("it is not JSON")
	}
	object, ok := tree.(input.Object)
	if !ok {
		return message{}, errors.New("it is no object")
	}
	kind, _ := object["type"].(string)
	m := message{kind: messageType(kind)}
	if raw := object["payload"]; raw != nil {
		if m.payload, ok = raw.(input.Object); !ok {
			return m, errors.New("payload is no object")
		}
	}
	switch m.kind {
	case typeInit, typePing, typePong:
		return m, nil
	case typeSubscribe, typeComplete:
		if m.id, _ = object["id"].(string); m.id == "" || len(m.id) > maxID {
			return m, fmt.Errorf("id must be a string of 1 to %d bytes", maxID)
		}
	default:
		return m, errors.New("unknown type")
	}
	if m.kind == typeSubscribe {
		if m.payload == nil {
			return m, errors.New("subscribe has no payload")
		}
		m.request, m.wrong = fromObject(m.payload)
	}
	return m, nil
}

// appendMessage writes a message to the client. Payload is JSON, nil for none.
func appendMessage(kind messageType, id string, payload []byte) []byte {
	buf := make([]byte, 0, len(payload)+len(id)+64)
	buf = input.AppendString(append(buf, `{"type":`...), string(kind))
	if id != "" {
		buf = input.AppendString(append(buf, `,"id":`...), id)
	}
	if payload != nil {
		buf = append(append(buf, `,"payload":`...), payload...)
	}
	return append(buf, '}')
}

// appendTree writes a tree that was parsed, such as the payload of a ping.
func appendTree(tree any) []byte {
	text, err := json.Marshal(tree)
	if err != nil {
		return nil
	}
	return text
}
