package mongo

import (
	"go.mongodb.org/mongo-driver/bson"

	"nightwire/storage"
)

// ledgerEntry is a document of ledgerCollection: one change. Documents are kept as the text that is told, because some of the
// servers that need a ledger cannot store everything within a document that they can store as one.
type ledgerEntry struct {
	Seq   int64 `bson:"_id"`
	Total int64 `bson:"total"` // bytes of this and all earlier changes

	In string         `bson:"in,omitempty"` // what the collection is called in the database
	Of *bson.RawValue `bson:"of,omitempty"` // _id of the document; nil for a message

	Kind       string   `bson:"kind"`
	Collection string   `bson:"col"`
	Identifier string   `bson:"identifier,omitempty"`
	Named      string   `bson:"named,omitempty"`
	Before     string   `bson:"before,omitempty"`
	After      string   `bson:"after,omitempty"`
	Sent       []string `bson:"sent,omitempty"`
	By         string   `bson:"by,omitempty"`
	Time       int64    `bson:"time"`
	Revision   int64    `bson:"rev"`
	Group      string   `bson:"group"`
	Last       bool     `bson:"last"`
}

func entryOf(seq int64, c storage.Change) ledgerEntry {
	return ledgerEntry{
		Seq: seq, Kind: string(c.Kind), Collection: c.Collection, Identifier: c.Identifier, Named: c.Named,
		Before: string(c.Before), After: string(c.After), Sent: c.Sent, By: c.By, Time: c.Time,
		Revision: c.Revision, Group: c.Group, Last: c.Last,
	}
}

// size is about how many bytes the entry takes.
func (n ledgerEntry) size() int64 { return int64(len(n.Before)+len(n.After)+2*len(n.Identifier)) + 200 }

// change is the change that was entered.
func (l *ledger) change(n ledgerEntry) storage.Change {
	return storage.Change{
		Cursor: l.cursor(n.Seq), Kind: storage.Kind(n.Kind), Collection: n.Collection, Identifier: n.Identifier, Named: n.Named,
		Before: storage.Document(n.Before), After: storage.Document(n.After), Sent: n.Sent, By: n.By, Time: n.Time,
		Revision: n.Revision, Group: n.Group, Last: n.Last,
	}
}
