package storage

import (
	"context"
	"iter"

	"nightwire/security"
)

// Documents is the only door to documents: it asks the Guard, applies the collection's rules and hands one atomic write to
// the engine. No face checks permissions or stamps fields by itself.
type Documents struct{}

// Request says who asks, and what a write shall wait for and depend on.
type Request struct {
	Who security.Identity
	// UnmodifiedSince refuses the write with ErrPrecondition when the stored document is newer (ms, compared by whole
	// seconds); 0: no condition.
	UnmodifiedSince int64
	// Answered is closed by the face when its answer is flushed; the events wait for it. nil: nobody waits.
	Answered <-chan struct{}
}

// Result is the outcome of a write.
type Result struct {
	Identifier   string // of the stored document
	LastModified int64  // its srvModified, ms
	Created      bool   // it is new
	Deduplicated string // the identifier before, when a document without identifier of its own, or with another one, was replaced by Create; "" otherwise
	Change       Change
}

// Create inserts a document or, when it is there already, replaces it (spec nightscout-v3 §3, CREATE).
func (d *Documents) Create(ctx context.Context, r Request, collection string, doc Document) (Result, error) {
	panic("to be written")
}

// Read returns one document (spec §3, READ): ErrNotFound, ErrGone for a tombstone.
func (d *Documents) Read(ctx context.Context, r Request, collection, identifier string) (Document, error) {
	panic("to be written")
}

// Update replaces a document or inserts it (spec §3, UPDATE).
func (d *Documents) Update(ctx context.Context, r Request, collection, identifier string, doc Document) (Result, error) {
	panic("to be written")
}

// Patch sets fields of a document (spec §3, PATCH).
func (d *Documents) Patch(ctx context.Context, r Request, collection, identifier string, patch Document) (Result, error) {
	panic("to be written")
}

// Delete marks a document as deleted or, permanently, removes it (spec §3, DELETE).
func (d *Documents) Delete(ctx context.Context, r Request, collection, identifier string, permanent bool) (Result, error) {
	panic("to be written")
}

// Search yields the valid documents that match (spec §3, SEARCH), whole: the face applies q.Fields.
func (d *Documents) Search(ctx context.Context, r Request, collection string, q Query) iter.Seq2[Document, error] {
	panic("to be written")
}

// History yields documents, deleted ones included, in ascending srvModified after (or, with inclusive, from) the given
// time in ms (spec §3, HISTORY). It yields at least limit documents when there are as many and never ends inside one srvModified.
func (d *Documents) History(ctx context.Context, r Request, collection string, since int64, inclusive bool, limit int) iter.Seq2[Document, error] {
	panic("to be written")
}

// LastModified is the newest srvModified or fallback date of each collection that may be read (spec §3, LASTMODIFIED).
func (d *Documents) LastModified(ctx context.Context, r Request) (map[string]int64, error) {
	panic("to be written")
}
