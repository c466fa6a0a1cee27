package storage

import (
	"context"
	"errors"
)

// PatchAll patches documents as Patch does. Unknown and deleted ones are left out of the results, which are in the order of the
// identifiers. The changes are one group where the engine can do that, else each is for itself. An empty patch changes
// nothing and returns nothing. Errors: those of Patch but ErrNotFound and ErrGone of documents.
func (d *Documents) PatchAll(ctx context.Context, r Request, collection string, identifiers []string, patch Document) ([]Result, error) {
	return nil, errors.New("not built yet")
}

// DeleteAll marks documents as deleted as Delete does. Unknown and deleted ones are left out of the results, which are in the
// order of the identifiers. The changes are one group where the engine can do that, else each is for itself. Errors: those of
// Delete but ErrNotFound of documents.
func (d *Documents) DeleteAll(ctx context.Context, r Request, collection string, identifiers []string) ([]Result, error) {
	return nil, errors.New("not built yet")
}
