package storage

import (
	"context"
	"errors"
)

// Insert stores new documents. One whose identifier a living document has is ErrTaken; in the place of a tombstone it is
// a new document (kind Create). Documents without identifier get one as the collection's IDs say. The changes are one group,
// all or nothing, where the engine can do that; else the documents are stored in order, each for itself, up to the first
// that is refused. Errors: ErrNotFound (collection), *security.Forbidden, ErrInvalid, ErrTaken, ErrTooLarge, ErrConflict,
// ErrUnavailable.
func (d *Documents) Insert(ctx context.Context, r Request, collection string, docs []Document) ([]Result, error) {
	return nil, errors.New("not built yet")
}
