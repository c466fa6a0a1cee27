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
	var result Result
	err = d.counting(ctx, c, []*incoming{in}, func(left []*incoming) ([]*incoming, error) {
		result, err = d.apply(ctx, r, d.creation(in, in.create))
		return left, err
	})
	return result, err
}

// creation is the write of a document that may be there already.
func (d *Documents) creation(in *incoming, decide func(*Stored, int64) (Next, error)) Write {
	identifier := in.doc.Get("identifier").Text()
	key := Key{Identifier: identifier, ID: identifier, ForeignID: true}
	if !d.options.NoDedupFallback {
		key.Fallback = in.collection.fallback(in.doc)
	}
	return Write{Collection: in.collection.Name, Key: key, Decide: decide}
}

func (in *incoming) create(stored *Stored, now int64) (Next, error) {
	switch {
	case stored == nil:
		return in.insert(now)
	case in.counts:
		return Next{}, errCounted
	}
	return in.replace(stored.Document, now, true)
}
