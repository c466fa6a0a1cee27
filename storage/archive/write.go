package archive

import (
	"errors"

	"nightwire/storage"
)

// The ways in which a document turns out to need no write.
var (
	errEqual = errors.New("equal")
	errKept  = errors.New("kept")
)

// name is what a document is known by.
func (e entry) name() string {
	if e.Foreign {
		return e.ID
	}
	return e.Document.Identifier()
}

// write puts the document into its collection unless it is there already. A document that has an identifier of its own is
// recognised in an older state without one, too.
func (e entry) write() storage.Write {
	key := storage.Key{Identifier: e.Document.Identifier(), ID: e.ID, ForeignID: true}
	if e.Foreign {
		key = storage.Key{ID: e.ID}
	}
	return storage.Write{Collection: e.collection, Key: key, Decide: e.decide}
}

func (e entry) decide(stored *storage.Stored, _ int64) (storage.Next, error) {
	if stored == nil {
		return storage.Next{Kind: storage.Create, Document: e.Document, ID: e.ID}, nil
	}
	there := storage.NewDumped("", *stored)
	if there.Foreign == e.Foreign && storage.Value(there.Document).Equal(storage.Value(e.Document)) {
		return storage.Next{}, errEqual
	}
	if !older(there.Document, e.Document) {
		return storage.Next{}, errKept
	}
	doc := e.Document
	if e.Foreign && !there.Foreign { // it has got an identifier since, which it keeps
		draft := doc.Edit()
		draft.Set("identifier", there.Document.Get("identifier"))
		doc = draft.Document()
	}
	return storage.Next{Kind: storage.Update, Document: doc}, nil
}

// older tells whether a document was certainly modified before another state of it.
func older(doc, than storage.Document) bool {
	a, b := doc.Get("srvModified"), than.Get("srvModified")
	if b.Type() != storage.Number {
		return false
	}
	return a.Type() != storage.Number || storage.Compare(a, b) < 0
}
