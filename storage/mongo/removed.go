package mongo

import (
	"context"

	"nightwire/storage"
)

// removed is the change of a document that is gone. The event names its _id alone: Nightwire's own deletions are found in
// their notes, those of other programs are told when the document is known from before.
func (t *teller) removed(ctx context.Context, e event) (c storage.Change, told bool, err error) {
	if e.before == nil {
		last, _ := t.states.of(e)
		e.before = last.raw
	}
	note, noted, err := t.note(ctx, e)
	if err != nil {
		return c, false, err
	}
	if noted && note.Before != nil {
		e.before = note.Before
	}
	before, _ := t.before(e)
	t.states.forget(e)
	switch {
	case noted && before != "":
		return t.own("", before, *note.Mark), true, nil
	case t.ownOnly:
		return c, false, nil
	case before == "":
		t.untold.add(t.log, t.now())
		return c, false, nil
	}
	c = foreignChange(e, "", before)
	c.Kind, c.Revision = storage.Delete, rawRevision(e.before)
	return c, true, nil
}

// note is the note of a deletion, when it was Nightwire's. Errors: ErrUnavailable.
func (t *teller) note(ctx context.Context, e event) (message, bool, error) {
	key := documentKey(e.collection, e.id)
	if note, found := t.notes.cache.get(key); found && t.notes.ordered {
		t.notes.cache.drop(key)
		if note.Mark.tells() && note.fits(e.before) {
			return note, true, nil
		}
	}
	if t.notes.complete(e.at) {
		return message{}, false, nil
	}
	found, err := t.around.noted(ctx, e.collection, e.id)
	if err != nil {
		return message{}, false, err
	}
	note, ok := pick(found, e.before, e.at)
	return note, ok && note.Mark.tells(), nil
}
