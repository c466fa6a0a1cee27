package socketio

import (
	"bytes"
	"encoding/json"
	"strings"
)

const (
	// maxNamespace is how long a namespace's name may be, query included.
	maxNamespace = 512
	// maxEvent is how long an event from a client may be: the library decodes it into many small pieces.
	maxEvent = 64 << 10
	// maxAckDigits keeps the number of an acknowledgement within 64 bits.
	maxAckDigits = 18
)

// The types of a Socket.IO packet: the first byte of its text.
const (
	typeConnect    = '0'
	typeDisconnect = '1'
	typeEvent      = '2'
	typeAck        = '3'
	typeBinary     = '5'
	typeBinaryAck  = '6'
)

// inbound is a packet from a client, taken apart no further than needed to decide what becomes of it.
type inbound struct {
	kind      byte
	namespace string // without query
	body      []byte // what follows the namespace and the number of the acknowledgement
}

// parse takes a packet apart; ok is false for what is no packet.
func parse(text []byte) (p inbound, ok bool) {
	if len(text) == 0 || text[0] < typeConnect || text[0] > typeBinaryAck {
		return p, false
	}
	p.kind, p.namespace = text[0], rootNamespace
	rest := text[1:]
	if p.kind == typeBinary || p.kind == typeBinaryAck {
		return p, true // never looked at
	}
	if len(rest) > 0 && rest[0] == '/' {
		name, after, _ := bytes.Cut(rest, []byte{','})
		if len(name) > maxNamespace {
			return p, false
		}
		p.namespace, _, _ = strings.Cut(string(name), "?")
		rest = after
	}
	digits := 0
	for digits < len(rest) && rest[digits] >= '0' && rest[digits] <= '9' {
		digits++
	}
	p.body = rest[digits:]
	return p, digits <= maxAckDigits
}

// bare is the packet without its body and query: of what clients send with it, nothing is wanted.
func (p inbound) bare() []byte {
	return []byte(string(p.kind) + p.namespace + ",")
}

// object tells whether the body is a JSON object or nothing, which is all that may come with a connect.
func (p inbound) object() bool {
	return len(p.body) == 0 || p.body[0] == '{' && json.Valid(p.body)
}

// event is the name of the event; ok is false when the body is none. An event without a body has the name "".
func (p inbound) event() (name string, ok bool) {
	if len(p.body) == 0 {
		return "", true
	}
	var parts []json.RawMessage
	if json.Unmarshal(p.body, &parts) != nil || len(parts) == 0 || json.Unmarshal(parts[0], &name) != nil || parts[0][0] != '"' {
		return "", false
	}
	switch name {
	case "connect", "connect_error", "disconnect", "disconnecting":
		return "", false // the library's own, as on the original
	}
	return name, true
}
