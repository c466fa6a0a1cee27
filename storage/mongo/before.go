package mongo

import (
	"bytes"

	"go.mongodb.org/mongo-driver/bson"
)

const (
	// So much of the documents' last known states is kept, for changes that come without an image of the document before.
	maxStates     = 32768
	maxStateBytes = 16 << 20
)

// state is a document as it was last told.
type state struct {
	raw bson.Raw
	// mark is that of the newest own write that was told. A document that had to be looked up may show a later one already.
	mark *mark
}

// states are the last known states of documents.
type states struct{ cache *cache[state] }

func newStates() states { return states{newCache[state](maxStates, maxStateBytes)} }

func (s states) of(e event) (state, bool) { return s.cache.get(documentKey(e.collection, e.id)) }

func (s states) keep(e event, raw bson.Raw, m *mark) {
	// Cloned, because the event's bytes, images included, would be held otherwise.
	s.cache.put(documentKey(e.collection, e.id), state{bytes.Clone(raw), m}, len(raw))
}

func (s states) forget(e event) { s.cache.drop(documentKey(e.collection, e.id)) }
