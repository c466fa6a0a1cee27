package mongo

import (
	"bytes"
	"slices"

	"go.mongodb.org/mongo-driver/bson"
)

const (
	// So many notes of deletions wait for the events of their deletions. They follow closely, so only those wait for long
	// whose deletion came to nothing.
	maxNotes     = 8192
	maxNoteBytes = 8 << 20
	// noteLead is more than the time by which a note precedes its deletion, ms.
	noteLead = 60_000
)

// notes are the notes of deletions (message.go) that the stream has brought.
type notes struct {
	cache *cache[message]
	since int64 // when the first event of this reader happened, ms
	// ordered says that the notes and the deletions come in one stream, so that a note is not overtaken.
	ordered bool
}

func newNotes(ordered bool) *notes {
	return &notes{cache: newCache[message](maxNotes, maxNoteBytes), ordered: ordered}
}

// keep remembers a note until its deletion comes.
func (n *notes) keep(note message) {
	note.Before, note.Of.Value = bytes.Clone(note.Before), bytes.Clone(note.Of.Value)
	n.cache.put(documentKey(note.Collection, note.Of), note, len(note.Before)+len(note.Of.Value))
}

// complete reports whether every note of a deletion that happened then is in memory: this reader has been there when it
// passed, and did not have to forget any.
func (n *notes) complete(at int64) bool {
	return n.ordered && !n.cache.forgot && at-n.since > noteLead
}

// fits reports whether the note can be of the deletion of this state: one whose deletion came to nothing, because the
// document was changed meanwhile, is of an earlier one.
func (m message) fits(known bson.Raw) bool {
	return known == nil || m.Before == nil || rawRevision(known) == rawRevision(m.Before)
}

// rawRevision is the revision in the mark of a stored document; 0 without one.
func rawRevision(doc bson.Raw) int64 {
	rev, _ := doc.Lookup(markField, "rev").AsInt64OK()
	return rev
}

// pick is the note of a deletion that happened then, among those of one document: the newest that fits and is no later.
func pick(found []message, known bson.Raw, at int64) (note message, ok bool) {
	found = slices.DeleteFunc(found, func(m message) bool { return !m.fits(known) })
	slices.SortFunc(found, func(a, b message) int { return b.At.Compare(a.At) })
	for _, m := range found {
		if m.At.UnixMilli() <= at {
			return m, true
		}
	}
	if len(found) == 0 {
		return message{}, false
	}
	return found[len(found)-1], true // the clocks differ
}
