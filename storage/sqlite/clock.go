package sqlite

import "maps"

// collection is what the writer keeps in mind about a collection.
type collection struct {
	exists bool
	clock  int64 // newest srvModified, ms
	odd    oddSet
	ticked bool // the clock was moved in this transaction
}

// maxLead is how far, in ms, a collection's clock may lead real time before the documents of a transaction share a value.
const maxLead = 1000

// tick is the time for the next write. Each has a millisecond of its own, so that a client which saw one of two documents
// can ask for the other; while that has put the clock far ahead (bulk loads), one per transaction must do.
func (c collection) tick(now int64) int64 {
	next := max(now, c.clock+1)
	if c.ticked && next > now+maxLead {
		return c.clock
	}
	return next
}

// mark is a state of a transaction that a failing group is taken back to.
type mark struct {
	collections map[string]collection
	journal     journal
	changes     int
}

func (t *transaction) mark() mark {
	return mark{maps.Clone(t.collections), t.journal, len(t.changes)}
}

func (t *transaction) reset(m mark) {
	t.collections, t.journal, t.changes = m.collections, m.journal, t.changes[:m.changes]
}
