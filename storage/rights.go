package storage

import (
	"context"
	"errors"

	"nightwire/security"
)

// Rights are what somebody may do in a collection.
type Rights struct {
	Collection string
	Letters    string // of create, read, update and delete, the first letters of those permitted, in this order
}

// Rights tells what the requester may do in each collection, in their order (spec nightscout-v3 §3, STATUS). Errors:
// ErrUnavailable.
func (d *Documents) Rights(ctx context.Context, r Request) ([]Rights, error) {
	var list []Rights
	for _, c := range d.options.Collections {
		rights := Rights{Collection: c.Name}
		for _, right := range [...]string{"create", "read", "update", "delete"} {
			err := d.check(ctx, r, c, right)
			if err == nil {
				rights.Letters += right[:1]
			} else if !errors.Is(err, security.ErrForbidden) {
				return nil, err
			}
		}
		list = append(list, rights)
	}
	return list, nil
}

// MaySearch tells whether the requester may list a collection: nil or what Search and History would fail with. Faces ask it
// before they look at the parameters. Errors: ErrNotFound (collection), *security.Forbidden, ErrUnavailable.
func (d *Documents) MaySearch(ctx context.Context, r Request, collection string) error {
	c, err := d.Collection(collection)
	if err != nil {
		return err
	}
	return d.checkList(ctx, r, c)
}
