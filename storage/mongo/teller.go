package mongo

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"time"

	"go.mongodb.org/mongo-driver/bson"

	"nightwire/storage"
)

// teller makes changes of the events of a change stream, of which it must be given every one in order. It belongs to one
// goroutine.
type teller struct {
	around  surroundings
	log     *slog.Logger
	now     func() time.Time
	ownOnly bool
	images  bool // updates come with the very document that they left

	states states
	notes  *notes
	untold untold
}

// change is what an event tells; none when it tells nothing. What cannot be understood is logged and tells nothing. Errors:
// ErrUnavailable, after which the same event can be given again; ErrGap.
func (t *teller) change(ctx context.Context, raw bson.Raw, collection string) (c storage.Change, told bool, err error) {
	e, err := readEvent(raw, collection)
	if err != nil {
		t.log.Error("an event of the database cannot be read; it is not told", "error", err)
		return c, false, nil
	}
	if t.notes.since == 0 {
		t.notes.since = e.at
	}
	switch e.kind {
	case inserted, updated, replaced, deleted:
		return t.document(ctx, e)
	case invalidated:
		return c, false, fmt.Errorf("the database or the collection that was watched is no more: %w", storage.ErrGap)
	default: // drop, rename, dropDatabase, and what later servers will tell of
		t.log.Warn("a collection was changed as a whole, which is not told to anybody", "event", e.kind, "collection", e.collection)
		return c, false, nil
	}
}

func (t *teller) document(ctx context.Context, e event) (c storage.Change, told bool, err error) {
	if e.collection == messagesCollection {
		c, told = t.message(e)
		return c, told, nil
	}
	name := t.around.logical(e.collection)
	switch {
	case name == "":
		return c, false, nil
	case e.kind == deleted:
		c, told, err = t.removed(ctx, e)
	default:
		c, told, err = t.written(ctx, e)
	}
	c.Collection = name
	if modified, ok := c.After.Get("srvModified").Int(); told && ok {
		t.around.saw(name, modified)
	}
	return c, told, err
}

// message is what a new document of messagesCollection tells. Its removal by age tells nothing.
func (t *teller) message(e event) (c storage.Change, told bool) {
	if e.kind != inserted {
		return c, false
	}
	var m message
	if err := bson.Unmarshal(e.full, &m); err != nil {
		t.log.Error("a message in the database cannot be read; it is not told", "error", err)
		return c, false
	}
	switch m.Kind {
	case deletionKind:
		t.notes.keep(m)
	case messageKind:
		return t.spoken(e, m), true
	}
	return c, false
}

func (t *teller) spoken(e event, m message) storage.Change {
	c := storage.Change{Kind: storage.Tell, Collection: m.Channel, By: m.By, Time: m.Time, Group: e.group, Last: true}
	c.After = storage.Document(valueOf(bson.RawValue{Type: bson.TypeEmbeddedDocument, Value: m.Body}))
	if m.Mark != nil && m.Mark.Group != "" {
		c.Group = m.Mark.Group
	}
	c.Answered = t.around.waiting(c.Group)
	return c
}

// written is the change of a document that is there now.
func (t *teller) written(ctx context.Context, e event) (c storage.Change, told bool, err error) {
	full, exact := e.full, e.full != nil && (e.kind != updated || t.images)
	if full == nil {
		if full, err = t.around.current(ctx, e.collection, e.id); err != nil || full == nil {
			return c, false, err // when it is gone, its deletion follows
		}
	}
	after, err := decode(full)
	if err != nil {
		t.log.Error("a document in an event of the database cannot be read; it is not told", "collection", e.collection, "error", err)
		return c, false, nil
	}
	if last, known := t.states.of(e); known && !exact && bytes.Equal(last.raw, full) {
		return c, false, nil // looked up for an earlier event already
	}
	before, mark := t.before(e)
	own := isOwn(e, after.mark, mark)
	if exact || own {
		mark = after.mark
	}
	t.states.keep(e, full, mark)
	if own {
		return t.own(after.doc, before, *after.mark), true, nil
	}
	return foreign(e, after, before), !t.ownOnly, nil
}

// tells reports whether a mark says what a change needs. There may be none, or one that another program has spoilt.
func (m *mark) tells() bool {
	if m == nil || m.Group == "" {
		return false
	}
	switch storage.Kind(m.Kind) {
	case storage.Create, storage.Update, storage.Delete, storage.Prune:
		return true
	default:
		return false
	}
}

// before is the document before an event, as clients see it, and its mark; empty when there was none or it is unknown.
func (t *teller) before(e event) (storage.Document, *mark) {
	last, _ := t.states.of(e)
	switch {
	case e.kind == inserted:
		return "", nil
	case e.before != nil:
		last = state{raw: e.before}
	case last.raw == nil:
		return "", nil
	}
	r, err := decode(last.raw)
	if err != nil {
		t.log.Error("an image of a document cannot be read", "collection", e.collection, "error", err)
		return "", last.mark
	}
	if e.before != nil {
		last.mark = r.mark
	}
	return r.doc, last.mark
}

// isOwn reports whether Nightwire wrote what an event tells: then it has set a new mark. Other programs leave the mark as it
// was, remove it, or (by a copy from elsewhere) bring one that no new document has.
func isOwn(e event, now, before *mark) bool {
	switch {
	case !now.tells():
		return false
	case e.kind == inserted:
		return now.Rev == 1
	case e.kind == updated && !e.marked:
		return false
	default:
		return before == nil || before.Rev != now.Rev || before.Group != now.Group
	}
}

// own is a change that Nightwire made, on whichever node.
func (t *teller) own(after, before storage.Document, m mark) storage.Change {
	c := storage.Change{
		Kind: storage.Kind(m.Kind), Before: before, After: after, Identifier: after.Identifier(), Named: m.Named,
		Sent: m.Set, By: m.By, Time: m.Time, Revision: m.Rev, Group: m.Group, Last: m.Last,
		Answered: t.around.waiting(m.Group),
	}
	if after == "" {
		c.Identifier = before.Identifier()
	}
	if c.Named == "" {
		c.Named = c.Identifier
	}
	return c
}
