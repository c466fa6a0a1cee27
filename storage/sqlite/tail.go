package sqlite

import (
	"slices"
	"sync"

	"nightwire/storage"
)

const (
	// The newest changes are kept in memory within these bounds, so that who keeps up never reads the disk.
	tailChanges = 4096
	tailBytes   = 8 << 20
	// pageChanges is how many changes a reader takes at a time.
	pageChanges = 256
)

// tail holds the newest changes and wakes those who wait for more.
type tail struct {
	mu      sync.Mutex
	first   int64 // number of changes[0], or of the next change when there is none
	changes []storage.Change
	bytes   int
	more    chan struct{} // closed and replaced when changes are added
}

func newTail(head int64) *tail { return &tail{first: head + 1, more: make(chan struct{})} }

func weight(c storage.Change) int { return len(c.Before) + len(c.After) + 256 }

func (t *tail) append(changes []storage.Change) {
	if len(changes) == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, c := range changes {
		t.bytes += weight(c)
	}
	t.changes = append(t.changes, changes...)
	drop := 0
	for len(t.changes)-drop > tailChanges || t.bytes > tailBytes && len(t.changes)-drop > 1 {
		t.bytes -= weight(t.changes[drop])
		drop++
	}
	clear(t.changes[:drop]) // let go of the documents now; the array itself goes when it is outgrown
	t.changes = t.changes[drop:]
	t.first += int64(drop)
	close(t.more)
	t.more = make(chan struct{})
}

// close wakes everybody for the last time.
func (t *tail) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	close(t.more)
	t.more = make(chan struct{})
}

func (t *tail) head() int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.first + int64(len(t.changes)) - 1
}

// after is a page of the changes with numbers above seq. When there are none yet, more is closed once there are. When
// they are no longer in memory, first is the number of the oldest one that is.
func (t *tail) after(seq int64) (page []storage.Change, first int64, more <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	at := seq + 1 - t.first
	if at >= 0 && at < int64(len(t.changes)) {
		page = slices.Clone(t.changes[at:min(at+pageChanges, int64(len(t.changes)))])
	}
	return page, t.first, t.more
}
