package directus

import (
	"slices"

	"nightwire/storage"
)

// view is a collection under a query, as its subscribers see it. It keeps what it made of the last changes, so that those
// who share it cost one look. Look belongs to the hub's Run.
type view struct {
	query *query

	last *look
}

// look is what a view shows of consecutive changes of one group, collection and kind.
type look struct {
	collection storage.Collection
	kind       storage.Kind
	first      place
	changes    []storage.Change // the hub's, and only good until it goes on
	keys       []storage.Value  // ids, one per change
	rows       []storage.Value  // one per change; "": the query does not select it. On deletions no more than a sign.

	frames []string // of the v3 dialect without uid, once somebody wanted them
	framed bool
}

// look looks at changes, once for all who ask in turn.
func (v *view) look(changes []storage.Change) *look {
	if v.last == nil || v.last.first != placeOf(changes) {
		v.last = v.query.look(changes)
	}
	return v.last
}

// place tells changes from others.
type place struct {
	cursor     storage.Cursor
	identifier string
	count      int
}

func placeOf(changes []storage.Change) place {
	return place{changes[0].Cursor, changes[0].Identifier, len(changes)}
}

func (q *query) look(changes []storage.Change) *look {
	l := &look{collection: q.collection, kind: changes[0].Kind, first: placeOf(changes), changes: changes}
	switch {
	case q.collection.Name == usersCollection.Name:
		l.changes = userChanges(changes)
	case l.kind == storage.Delete:
		l.changes = slices.DeleteFunc(slices.Clone(changes), ofTombstone)
	}
	for _, change := range l.changes {
		l.keys = append(l.keys, keyValue(q.collection, change.Identifier))
		l.rows = append(l.rows, q.row(change))
	}
	return l
}

// ofTombstone tells the end of what was deleted before: nobody here knows of it any more.
func ofTombstone(change storage.Change) bool { return change.Before.Get("isValid") == "false" }

// row is what the query shows of a changed document; "" when it does not select it. A deletion is judged by the last state
// that is known; where none is, it is told to all.
func (q *query) row(change storage.Change) storage.Value {
	if change.Kind != storage.Delete {
		if !q.matches(change.After) {
			return ""
		}
		return q.project(change.After)
	}
	last := change.Before
	if last == "" {
		last = change.After
	}
	if last != "" && !q.matches(last) {
		return ""
	}
	return "{}"
}

// selected are the keys of those changes that the query selects.
func (l *look) selected() (keys []storage.Value) {
	for i, row := range l.rows {
		if row != "" {
			keys = append(keys, l.keys[i])
		}
	}
	return keys
}

// selectedRows are their rows.
func (l *look) selectedRows() (rows []storage.Value) {
	for _, row := range l.rows {
		if row != "" {
			rows = append(rows, row)
		}
	}
	return rows
}
