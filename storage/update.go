package storage

import "context"

// Update replaces a document or inserts it (spec nightscout-v3 §3, UPDATE). The identifier overrides the one in the
// document. Errors, in the order in which they are looked for: ErrNotFound (collection), ErrInvalid (no fields), ErrGone,
// ErrPrecondition, *security.Forbidden, ErrReadOnly, ErrInvalid, ErrTooLarge; ErrConflict, ErrUnavailable.
func (d *Documents) Update(ctx context.Context, r Request, collection, identifier string, doc Document) (Result, error) {
	c, err := d.Collection(collection)
	if err != nil {
		return Result{}, err
	}
	if isEmpty(doc) {
		return Result{}, errNoBody()
	}
	if !validIdentifier(identifier) {
		return Result{}, badField("identifier")
	}
	in := d.receive(ctx, r, c, doc, identifier)
	w := Write{
		Collection: c.Name,
		Key:        Key{Identifier: identifier, ID: identifier, ForeignID: true},
		Named:      identifier,
		Decide: func(stored *Stored, now int64) (Next, error) {
			return in.update(stored, r.UnmodifiedSince, now)
		},
	}
	if err := d.count(ctx, c, []*incoming{in}); err != nil {
		return Result{}, err
	}
	return d.apply(ctx, r, w)
}

func (in *incoming) update(stored *Stored, unmodifiedSince, now int64) (Next, error) {
	if stored == nil {
		return in.insert(now)
	}
	old := in.collection.Shown(stored.Document)
	if isDeleted(old) {
		return Next{}, ErrGone
	}
	if err := checkUnmodified(old, unmodifiedSince); err != nil {
		return Next{}, err
	}
	return in.replace(old, now, false)
}
