package storage

import (
	"context"
	"iter"
)

// Engine stores documents and the journal of their changes. storagetest holds what every engine must do.
type Engine interface {
	// Apply performs the writes of one request in one atomic step, in order: when it returns nil, all documents and all
	// changes are durable; otherwise none is. One change is returned per write (nil entries never). A Write whose Decide
	// returns an error fails the whole group with that error. Errors: those of Decide, ErrConflict, ErrTaken,
	// ErrUngrouped (several writes, where there are no groups), ErrUnavailable.
	Apply(ctx context.Context, group ...Write) ([]Change, error)
	// Get finds one document by key. Errors: ErrNotFound, ErrUnavailable.
	Get(ctx context.Context, collection string, key Key) (Stored, error)
	// Find yields the documents that match, in the order of q.Sort.
	Find(ctx context.Context, collection string, q Query) iter.Seq2[Document, error]
	// Publish tells a message to all nodes: it comes out of Changes, in order with the documents' changes, as a Change of
	// kind Tell. It is durable like a write, and kept as long as the journal is. Errors: those of Message.Check,
	// ErrUnavailable.
	Publish(ctx context.Context, m Message) error
	// Changes yields every change after the cursor, in order, and blocks for more until ctx ends (then it just stops).
	// The empty cursor means the oldest change that is kept. It ends with ErrGap when the cursor's successors are gone
	// or the cursor is of another journal.
	Changes(ctx context.Context, after Cursor) iter.Seq2[Change, error]
	// Head is the cursor of the newest change.
	Head(ctx context.Context) (Cursor, error)
	// Ping reports whether the engine can answer now (nil or ErrUnavailable).
	Ping(ctx context.Context) error
	// Describe names the product and its version, for STATUS and VERSION.
	Describe() (name, version string)
	// Close ends the engine after the writes under way. Calls that come later get ErrUnavailable.
	Close() error
}

// Series is what an engine may offer besides: many independent writes at the cost of a few durable steps.
type Series interface {
	// ApplyEach performs the writes in order, each as by an Apply of its own: a refusal concerns one write alone. It
	// returns one entry per write.
	ApplyEach(ctx context.Context, writes ...Write) []Applied
}

// Applied is what became of one write of a Series: its change or its error.
type Applied struct {
	Change Change
	Err    error
}

// Settler is what an engine on which several nodes write may offer besides.
type Settler interface {
	// Settle tells up to which srvModified (ms, inclusive) a collection is settled: no write under way on any node can
	// still bear one as old. When nothing was written lately it answers at once; otherwise it waits, a second or so, until
	// all that was there when it was called is settled. Errors: ErrUnavailable, that of ctx.
	Settle(ctx context.Context, collection string) (until int64, err error)
}

// Planner is what an engine may offer besides: to say why a query is slow.
type Planner interface {
	// Unindexed are the paths in a query's filter and order that no index serves, each once.
	Unindexed(ctx context.Context, collection string, q Query) ([]string, error)
}

// Key says how a stored document is looked for. The parts are tried in this order; the first document found wins:
// identifier, _id, fallback.
type Key struct {
	Identifier string
	// ID is a database key (_id) as a client or an import gave it; empty: not tried. Documents that have no identifier
	// of their own show their _id as identifier, so they are found by both.
	ID string
	// ForeignID restricts ID to documents without an identifier of their own (spec nightscout-v3 §3, CREATE and UPDATE).
	ForeignID bool
	// Fallback finds a document without an identifier of its own that is equal in all these fields (spec §3, CREATE).
	Fallback []Field
}

// Stored is a document as an engine holds it.
type Stored struct {
	Document Document // identifier, srvModified etc. included; never _id
	Revision int64    // 1 for a new document, one more for each write
	Foreign  bool     // it has no identifier of its own: Document's identifier is derived from its _id
}

// Write is one read-modify-write.
type Write struct {
	Collection string
	Key        Key
	// Decide is called inside the atomic step with the stored document (nil: none) and the time that the write will bear
	// (srvModified, ms since 1970, its own within the collection). It must be quick, free of side effects (an engine may
	// call it again after a conflict) and must not call the engine.
	Decide func(stored *Stored, now int64) (Next, error)
	// Named is the identifier as the client wrote it; events of deletions show it. Empty: the document's identifier.
	Named string
	// By is the name of the writing subject, for the journal.
	By string
	// Answered is closed by the face when the writer has its answer; nil: nobody waits for one.
	Answered <-chan struct{}
}

// Next is what becomes of a document.
type Next struct {
	Kind     Kind     // Create, Update, Delete or Prune; for a soft deletion Delete with a Document
	Document Document // the whole document to store; empty: remove it. Without identifier it shows its _id as such (Foreign)
	ID       string   // client's _id for a new document; empty: none
	Sent     []string // names of the fields that the writer sent, for faces that show only those
}
