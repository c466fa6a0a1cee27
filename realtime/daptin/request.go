package daptin

import (
	"encoding/json"
	"strings"

	"nightwire/storage"
)

// request is a client's message, whichever dialect it is in (spec §3; §12, traps 1 to 4).
type request struct {
	id         storage.Value // a string or number as the client gave it; absent: none
	odd        bool          // the id is of another type, which only the typed dialect minds
	method     string
	attributes storage.Value // an object; absent: none
	kind       string        // type, which only subscribers of the oldest dialect send: their topic
}

// decode reads a message. Names of top-level members may be in any case; of several spellings the last one holds. What could
// be read is returned along with errMalformed, so that it can be answered.
func decode(message []byte) (request, error) {
	body, err := decodeValue(message)
	if err != nil {
		return request{}, errMalformed
	}
	if body.Type() != storage.Object && body.Type() != storage.Null {
		return request{}, errMalformed
	}
	var r request
	var method, attributes, payload storage.Value
	for name, v := range body.Members() {
		switch strings.ToLower(name) {
		case "id":
			r.id = v
		case "method":
			method = v
		case "attributes":
			attributes = v
		case "payload":
			payload = v
		case "type":
			r.kind = v.Text()
		}
	}
	switch {
	case r.id.Type() == storage.Number:
		r.id = numberGiven(message)
	case r.id.Text() == "":
		r.odd, r.id = !optional(r.id, storage.String), ""
	}
	r.method = method.Text()
	r.attributes = parameters(attributes, payload)
	if !optional(method, storage.String) || !optional(attributes, storage.Object) {
		return r, errMalformed
	}
	return r, nil
}

// numberGiven is the id of a message, which is a number, as its client wrote it.
func numberGiven(message []byte) storage.Value {
	var given struct{ ID json.RawMessage }
	if err := json.Unmarshal(message, &given); err != nil {
		return "" // what has been decoded can be decoded again
	}
	return storage.Value(given.ID)
}

// optional tells whether a member has that type, or is not there.
func optional(v storage.Value, t storage.Type) bool {
	return v.Type() == t || v.Type() == storage.Absent || v.Type() == storage.Null
}

// parameters are the first of the objects that a dialect may keep them in.
func parameters(attributes, payload storage.Value) storage.Value {
	for _, v := range []storage.Value{attributes, payload.Get("attributes"), payload} {
		if v.Type() == storage.Object {
			return v
		}
	}
	return ""
}

// topicKeys are the names under which the dialects keep topics.
var topicKeys = []string{"topicName", "topic", "topics", "name"}

// topics are the topics that a subscriber names: separated by commas, not trimmed, or in an array. None: he names none.
func (r request) topics() []string {
	for _, key := range topicKeys {
		v := r.attributes.Get(key)
		if text := v.Text(); text != "" {
			return strings.Split(text, ",")
		}
		if names := texts(v); len(names) > 0 {
			return names
		}
	}
	if r.method == "subscribe" && r.kind != "" {
		return strings.Split(r.kind, ",")
	}
	return nil
}

// texts are the strings of an array.
func texts(v storage.Value) (all []string) {
	for one := range v.Elements() {
		if one.Type() == storage.String {
			all = append(all, one.Text())
		}
	}
	return all
}

// topic is the one topic that a request is about; "" when it names none.
func (r request) topic() string { return r.text(topicKeys...) }

// name is what a topic is to be called, or is called that is to go; "" when the request does not say.
func (r request) name() string { return r.text("name", "topicName", "topic", "topics") }

// text is the first of the attributes that is a string, and not empty.
func (r request) text(keys ...string) string {
	for _, key := range keys {
		if text := r.attributes.Get(key).Text(); text != "" {
			return text
		}
	}
	return ""
}
