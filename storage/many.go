package storage

import (
	"context"
	"errors"
	"slices"
)

// PatchAll patches documents as Patch does. Unknown and deleted ones are left out of the results, which are in the order of the
// identifiers; one that is named again counts once. The changes are one group where the engine can do that, else each is for
// itself, and the results are those of the documents before the first that is refused. An empty patch changes nothing and
// returns nothing. Errors: those of Patch but ErrNotFound and ErrGone of documents.
func (d *Documents) PatchAll(ctx context.Context, r Request, collection string, identifiers []string, patch Document) ([]Result, error) {
	c, err := d.permitted(ctx, r, collection, "update", identifiers)
	if err != nil {
		return nil, err
	}
	p := d.patching(r, c, patch)
	if isEmpty(p.doc) {
		return nil, nil
	}
	return d.many(ctx, r, c, identifiers, p.write)
}

// DeleteAll marks documents as deleted as Delete does. Unknown and deleted ones are left out of the results, which are in the
// order of the identifiers; one that is named again counts once. The changes are one group where the engine can do that, else
// each is for itself, and the results are those of the documents before the first that is refused. Errors: those of Delete
// but ErrNotFound of documents.
func (d *Documents) DeleteAll(ctx context.Context, r Request, collection string, identifiers []string) ([]Result, error) {
	c, err := d.permitted(ctx, r, collection, "delete", identifiers)
	if err != nil {
		return nil, err
	}
	return d.many(ctx, r, c, identifiers, func(identifier string) Write { return c.burial(identifier, r.Who.Name()) })
}

// permitted is the collection, when that may be done in it to so many documents.
func (d *Documents) permitted(ctx context.Context, r Request, collection, right string, identifiers []string) (Collection, error) {
	c, err := d.Collection(collection)
	if err == nil {
		err = d.check(ctx, r, c, right)
	}
	if err == nil && len(identifiers) > MaxBulk {
		err = errTooMany()
	}
	return c, err
}

// burial is the soft deletion of a document that is not deleted yet.
func (c Collection) burial(identifier, by string) Write {
	return Write{
		Collection: c.Name,
		Key:        Key{Identifier: identifier, ID: identifier},
		Named:      identifier,
		Decide: func(stored *Stored, now int64) (Next, error) {
			switch {
			case stored == nil:
				return Next{}, ErrNotFound
			case isDeleted(stored.Document):
				return Next{}, ErrGone
			}
			if err := checkReadOnly(stored.Document); err != nil {
				return Next{}, err
			}
			return c.bury(stored, by, now)
		},
	}
}

// many makes one write of each document that there is. Which there are shows when they are written: an unknown one is left
// out then, and the others are tried again. With the first of them all are looked for, so that it is not done one by one.
func (d *Documents) many(ctx context.Context, r Request, c Collection, identifiers []string, write func(string) Write) (results []Result, err error) {
	left, looked := distinct(identifiers), false
	for len(left) > 0 {
		writes := make([]Write, len(left))
		for i, identifier := range left {
			writes[i] = write(identifier).blamed(i)
		}
		changes, err := d.together(ctx, r, writes)
		results = append(results, resultsOf(changes)...)
		left = left[len(changes):]
		var refused *Refused
		switch {
		case !errors.As(err, &refused):
			return results, err
		case !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrGone):
			return results, refused.Err
		case looked:
			at := refused.Index - len(changes)
			left = slices.Delete(left, at, at+1)
		default:
			if left, err = d.living(ctx, c, left); err != nil {
				return results, err
			}
			looked = true
		}
	}
	return results, nil
}

// living are those of the identifiers whose documents are there and not deleted.
func (d *Documents) living(ctx context.Context, c Collection, identifiers []string) (living []string, err error) {
	for _, identifier := range identifiers {
		stored, err := d.engine.Get(ctx, c.Name, Key{Identifier: identifier, ID: identifier})
		switch {
		case err == nil && !isDeleted(stored.Document):
			living = append(living, identifier)
		case err != nil && !errors.Is(err, ErrNotFound):
			return nil, err
		}
	}
	return living, nil
}

// distinct is the list with each text once, at its first place.
func distinct(list []string) []string {
	seen := make(map[string]bool, len(list))
	var once []string
	for _, text := range list {
		if !seen[text] {
			seen[text] = true
			once = append(once, text)
		}
	}
	return once
}
