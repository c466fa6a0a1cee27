package users

import "nightwire/storage"

// eventType is what an event is about. No frame is sent without one, and 0 is none: clients throw on such frames.
type eventType int

// The event types. Those of files and buckets are reserved and never sent: a document is neither, and clients read what only
// those have. The last three are ours.
const (
	login eventType = iota + 1
	logout
	activated
	removed
	fileUploaded
	fileRemoved
	bucketUploaded
	bucketRemoved
	metaRequest
	echo
	documentCreated
	documentUpdated
	documentRemoved
)

// request is a client's message.
type request struct {
	event eventType     // echo or metaRequest; 0: it asks for nothing that is known
	sent  storage.Value // the event type as the client wrote it
	body  storage.Value // an object
}

// decode reads a message. Event types are names of properties in the original, so that "10" and [10] are 10.
func decode(message []byte) request {
	body, err := storage.Decode(message)
	if err != nil || body.Type() != storage.Object {
		return request{}
	}
	r := request{sent: body.Get("eventType"), body: body}
	switch text(r.sent) {
	case "9":
		r.event = metaRequest
	case "10":
		r.event = echo
	}
	return r
}
