package mongo

import (
	"slices"
	"sync"

	"nightwire/storage"
)

const (
	// The newest changes are kept in memory within these bounds, so that who keeps up never asks the database.
	tailChanges = 4096
	tailBytes   = 8 << 20
	// pageChanges is how many changes a reader takes at a time.
	pageChanges = 256
)

// tail holds the ledger's newest changes and wakes those who wait for more.
type tail struct {
	mu      sync.Mutex
	newest  int64 // number of the newest change
	changes []storage.Change
	bytes   int
	more    chan struct{} // closed and replaced when a change is added
}

func newTail(head int64) *tail { return &tail{newest: head, more: make(chan struct{})} }

func (t *tail) head() int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.newest
}

// append adds the change with the next number.
func (t *tail) append(c storage.Change) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.newest++
	t.changes = append(t.changes, c)
	t.bytes += weight(c)
	for len(t.changes) > tailChanges || t.bytes > tailBytes && len(t.changes) > 1 {
		t.bytes -= weight(t.changes[0])
		t.changes[0] = storage.Change{} // let go of the documents now; the array itself goes when it is outgrown
		t.changes = t.changes[1:]
	}
	close(t.more)
	t.more = make(chan struct{})
}

func weight(c storage.Change) int { return len(c.Before) + len(c.After) + 256 }

// after is a page of the changes with numbers above seq. When there are none yet, more is closed once there are. When they
// are no longer in memory, oldest is the number of the oldest one that is.
func (t *tail) after(seq int64) (page []storage.Change, oldest int64, more <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	oldest = t.newest - int64(len(t.changes)) + 1
	if seq+1 >= oldest && seq < t.newest {
		rest := t.changes[seq+1-oldest:]
		page = slices.Clone(rest[:min(pageChanges, len(rest))])
	}
	return page, oldest, t.more
}
