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
	if isEmpty(doc) {
		return Result{}, errNoBody()
	}
	in := d.receive(ctx, r, c, doc, "")
	identifier := in.doc.Get("identifier").Text()
	key := Key{Identifier: identifier, ID: identifier, ForeignID: true}
	if !d.options.NoDedupFallback {
		key.Fallback = c.fallback(in.doc)
	}
	return d.apply(ctx, r, Write{Collection: c.Name, Key: key, Decide: in.create})
}

func (in *incoming) create(stored *Stored, now int64) (Next, error) {
	if stored == nil {
		return in.insert(now)
	}
	return in.replace(stored.Document, now, true)
}
