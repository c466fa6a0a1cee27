package storage

import "context"

// Read returns one document (spec nightscout-v3 §3, READ), found by its identifier or else by its _id. Errors: ErrNotFound,
// ErrGone for a tombstone, *security.Forbidden, ErrUnavailable.
func (d *Documents) Read(ctx context.Context, r Request, collection, identifier string) (Document, error) {
	c, err := d.Collection(collection)
	if err != nil {
		return "", err
	}
	if err := d.check(ctx, r, c, "read"); err != nil {
		return "", err
	}
	stored, err := d.engine.Get(ctx, c.Name, Key{Identifier: identifier, ID: identifier})
	if err != nil {
		return "", err
	}
	if isDeleted(stored.Document) {
		return "", ErrGone
	}
	return c.Shown(stored.Document), nil
}
