package mongo

import (
	"time"

	"go.mongodb.org/mongo-driver/bson"
)

// message is a document of messagesCollection: what all nodes must hear that is no document, or of which no document is
// left. A TTL index on At removes it after messageAge.
type message struct {
	ID   any       `bson:"_id,omitempty"`
	At   time.Time `bson:"at"`
	Kind string    `bson:"kind"` // messageKind or deletionKind
	By   string    `bson:"by,omitempty"`
	Time int64     `bson:"time"` // storage.Change.Time

	// Of a message (storage.Message):
	Channel string   `bson:"channel,omitempty"`
	Body    bson.Raw `bson:"body,omitempty"`

	// Of a permanent deletion or pruning, noted just before the document goes, in the same transaction where there are any.
	// The event of a deletion tells no more than the _id; the rest is found here.
	Collection string        `bson:"col,omitempty"` // its name in the database
	Of         bson.RawValue `bson:"of,omitempty"`  // _id of the document
	Before     bson.Raw      `bson:"before,omitempty"`
	Mark       *mark         `bson:"mark,omitempty"` // of the deletion: Kind is delete or prune
}

const (
	messageKind  = "message"
	deletionKind = "deletion"
	// messageAge is for how long a node may be away and still hear what was told.
	messageAge = 24 * time.Hour
)
