package realtime

import "nightwire/storage"

// The bounds of a run: a group that goes beyond them is told in parts.
const (
	maxRunChanges = 1000
	maxRunBytes   = 8 << 20
)

// run is consecutive changes of one group, collection and kind, on their way to the sessions. A change without a group is
// a run of its own.
type run struct {
	changes []storage.Change
	bytes   int
}

// continues tells whether a change belongs to the run.
func (r *run) continues(c storage.Change) bool {
	if len(r.changes) == 0 {
		return true
	}
	first := &r.changes[0]
	return c.Group != "" && c.Group == first.Group && c.Collection == first.Collection && c.Kind == first.Kind
}

func (r *run) add(c storage.Change) {
	r.changes = append(r.changes, c)
	r.bytes += len(c.Before) + len(c.After)
}

// over tells whether nothing may follow.
func (r *run) over() bool {
	last := r.changes[len(r.changes)-1]
	return last.Last || last.Group == "" || len(r.changes) == maxRunChanges || r.bytes >= maxRunBytes
}

// empty forgets the changes. The memory of a large run is not kept.
func (r *run) empty() {
	clear(r.changes)
	r.changes, r.bytes = r.changes[:0], 0
	if cap(r.changes) > 64 {
		r.changes = nil
	}
}
