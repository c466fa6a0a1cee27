package daptin

import (
	"encoding/json"

	"nightwire/realtime/wire"
	"nightwire/storage"
)

// typedFrame is a message of the typed dialect that is no event. The order of the members is the original's, which leaves out
// what is empty.
type typedFrame struct {
	Type   string          `json:"type"`
	ID     json.RawMessage `json:"id,omitempty"`
	Method string          `json:"method,omitempty"`
	OK     *bool           `json:"ok,omitempty"` // of answers only
	Error  string          `json:"error,omitempty"`
	Status string          `json:"status,omitempty"`
	Data   []byte          `json:"data,omitempty"` // JSON text, which is sent as a base64 string
}

// data is what a frame tells. It is encoded as the original's maps are: its names sorted, what means something to HTML escaped.
type data map[string]any

func (f typedFrame) frame() wire.Frame { return wire.Text(encoded(f)) }

func encoded(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // of nothing that is encoded here
	}
	return text
}

// opening is the session frame. Groups and the user are references.
func opening(session int64, user string, groups []string) wire.Frame {
	return typedFrame{Type: "session", Status: "open", Data: encoded(data{
		"groups": groups, "sessionId": session, "user": user,
	})}.frame()
}

// grant answers a request that is granted.
func (c *conn) grant(r request, d data) {
	c.wire.Send(answer(r.id, r.method, true, typedFrame{Data: encoded(d)}))
}

// refuse answers a request that is not.
func (c *conn) refuse(r request, why string) {
	c.wire.Send(answer(r.id, r.method, false, typedFrame{Error: why}))
}

// answer is the frame that answers a request with the rest. The id goes back as it came.
func answer(id storage.Value, method string, ok bool, rest typedFrame) wire.Frame {
	rest.Type, rest.ID, rest.Method, rest.OK = "response", json.RawMessage(id), method, &ok
	return rest.frame()
}

// refuseIfAwaited answers what the original passes over in silence, if the client would wait for an answer in vain (spec §12,
// trap 6).
func (c *conn) refuseIfAwaited(r request, why string) {
	if r.awaited() {
		c.refuse(r, why)
	}
}

// awaited tells whether the sender waits for an answer.
func (r request) awaited() bool { return r.id != "" }

// refuseAbout answers a request about a topic with what prevents it.
func (c *conn) refuseAbout(r request, w wording, topic string, err error) {
	text := w.of(err, topic)
	if text == errInternal.message {
		c.server.options.Log.Error("websocket request failed", "method", r.method, "topic", topic, "error", err)
	}
	c.refuse(r, text)
}
