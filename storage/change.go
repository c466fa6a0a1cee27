package storage

import (
	"strings"
	"unicode/utf8"
)

// Kind is what happened to a document.
type Kind string

// The kinds of change. Prune is a removal by age, journalled and told to nobody. Tell is no change of a document but a
// Message on its way to all nodes.
const (
	Create Kind = "create"
	Update Kind = "update"
	Delete Kind = "delete"
	Prune  Kind = "prune"
	Tell   Kind = "message"
)

// Cursor is a place in a journal: opaque text made by the engine, carrying the journal's epoch.
type Cursor string

// Change is one journalled change of one document, or a Message: then Collection is its channel, After its body, and there is
// neither identifier nor revision.
type Change struct {
	Cursor     Cursor
	Kind       Kind
	Collection string
	Identifier string   // the document's
	Named      string   // as the writer's request named the document; equal to Identifier in most cases
	Before     Document // empty: there was none
	After      Document // empty: there is none; on a soft deletion the tombstone
	Sent       []string // fields that the writer sent
	By         string   // name of the writing subject
	Time       int64    // ms since 1970: the srvModified of this write
	Revision   int64    // of the document
	Group      string   // equal for the changes of one request, unique to it
	Last       bool     // the last change of its group

	// Answered is closed when the writer has its answer; nil when that is unknown or long ago.
	Answered <-chan struct{}
}

// Message is what listeners on all nodes are to hear without a document being stored. Engines refuse one that fails its Check.
type Message struct {
	Channel  string          // who it is for; channels are named so that no collection is called the same (they hold a colon)
	Body     Document        // what is told
	By       string          // name of the subject who tells it
	Answered <-chan struct{} // as in Write
}

// TermsField is the field of a message's body that says who may hear it, where that is up to the message. Who listens to a
// channel is judged again whenever it is another one.
const TermsField = "terms"

const (
	// MaxMessage is how many bytes of JSON text a message's body may have. It is smaller than a document: every node keeps
	// it, and every listener's queue has to take it.
	MaxMessage = 1 << 20
	// MaxChannel is how many bytes a channel's name may have.
	MaxChannel = 1024
)

// Check tells whether a message can be published: its channel has a name that is no collection's, and its body is a document
// that is not too large. Errors: ErrInvalid, ErrTooLarge.
func (m Message) Check() error {
	switch {
	case len(m.Channel) > MaxChannel || !strings.Contains(m.Channel, ":") || !utf8.ValidString(m.Channel):
		return Invalid("Bad channel name %.70q", m.Channel)
	case Value(m.Body).Type() != Object:
		return Invalid("The body of a message must be an object")
	case len(m.Body) > MaxMessage:
		return &Error{Kind: ErrTooLarge, Message: "Message too large"}
	default:
		return nil
	}
}
