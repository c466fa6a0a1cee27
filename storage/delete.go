package storage

import "context"

// Delete marks a document as deleted (isValid false) or, permanently, removes it (spec nightscout-v3 §3, DELETE). Deleting
// a tombstone is a change again. Errors: ErrNotFound (collection), *security.Forbidden, ErrNotFound, ErrReadOnly;
// ErrConflict, ErrUnavailable.
func (d *Documents) Delete(ctx context.Context, r Request, collection, identifier string, permanent bool) (Result, error) {
	c, err := d.Collection(collection)
	if err != nil {
		return Result{}, err
	}
	if err := d.check(ctx, r, c, "delete"); err != nil {
		return Result{}, err
	}
	by := r.Who.Name()
	return d.apply(ctx, r, Write{
		Collection: c.Name,
		Key:        Key{Identifier: identifier, ID: identifier},
		Named:      identifier,
		Decide: func(stored *Stored, now int64) (Next, error) {
			if stored == nil {
				return Next{}, ErrNotFound
			}
			if err := checkReadOnly(stored.Document); err != nil {
				return Next{}, err
			}
			if permanent {
				return Next{Kind: Delete}, nil
			}
			return c.bury(stored, by, now)
		},
	})
}

// bury makes a document its tombstone.
func (c Collection) bury(stored *Stored, by string, now int64) (Next, error) {
	patch := &Draft{}
	patch.Set("isValid", "false")
	stampModified(patch, by, now)
	c.putNumber(patch, stored.Document.Identifier())
	doc, err := setFields(stored.own(c.Shown(stored.Document)), patch.Fields())
	return Next{Kind: Delete, Document: doc}, err
}
