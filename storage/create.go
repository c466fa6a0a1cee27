package storage

import "context"

// Create inserts a document or, when it is there already, replaces it (spec nightscout-v3 §3, CREATE). It is there when a
// stored document has its identifier (given or computed, §2), or has no identifier of its own and has it as _id or agrees
// in the collection's fallback fields. A tombstone is revived. Errors: ErrNotFound (collection), ErrInvalid,
// *security.Forbidden, ErrReadOnly, ErrTooLarge, ErrConflict, ErrUnavailable.
func (d *Documents) Create(ctx context.Context, r Request, collection string, doc Document) (Result, error) {
	c, err := d.Collection(collection)
	if err != nil {
		return Result{}, err
	}
	w, err := d.creation(ctx, r, c, doc)
	if err != nil {
		return Result{}, err
	}
	return d.apply(ctx, r, w)
}

// creation is the write of a document that Create was given.
func (d *Documents) creation(ctx context.Context, r Request, c Collection, doc Document) (Write, error) {
	if isEmpty(doc) {
		return Write{}, errNoBody()
	}
	in := d.receive(ctx, r, c, doc, "")
	identifier := in.doc.Get("identifier").Text()
	key := Key{Identifier: identifier, ID: identifier, ForeignID: true}
	if !d.options.NoDedupFallback {
		key.Fallback = c.fallback(in.doc)
	}
	return Write{Collection: c.Name, Key: key, Decide: in.create}, nil
}

func (in *incoming) create(stored *Stored, now int64) (Next, error) {
	if stored == nil {
		return in.insert(now)
	}
	return in.replace(stored.Document, now, true)
}
