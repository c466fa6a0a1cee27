package mongo

import (
	"go.mongodb.org/mongo-driver/bson"

	"nightwire/storage"
)

// markField is the hidden field in which Nightwire notes, within a document, what its last write was. Documents without it
// were last written by other programs, or never by Nightwire.
const markField = storage.MarkField

// mark is the value of markField: what a reader of the changes must know besides the document.
type mark struct {
	Rev   int64    `bson:"rev"`             // the document's revision
	Kind  string   `bson:"kind"`            // storage.Kind of the write
	By    string   `bson:"by,omitempty"`    // storage.Change.By
	Named string   `bson:"named,omitempty"` // storage.Change.Named, where it is not the identifier
	Set   []string `bson:"set,omitempty"`   // storage.Change.Sent
	Group string   `bson:"group"`           // storage.Change.Group: unique to the request, over all nodes
	Last  bool     `bson:"last"`            // storage.Change.Last
	Time  int64    `bson:"time"`            // storage.Change.Time
}

// record is a document as it lies in the database.
type record struct {
	id      bson.RawValue    // _id
	doc     storage.Document // as shown: without _id and mark; identifier from _id when it has none of its own
	foreign bool             // it has no identifier of its own
	mark    *mark            // nil: last written by another program
}
