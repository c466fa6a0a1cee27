package storage

import (
	"context"
	"errors"
	"fmt"

	"nightwire/security"
)

// The reserved collections of subjects and roles. No face lists them; their changes only raise the Guard's version.
const (
	SubjectsCollection = "auth_subjects"
	RolesCollection    = "auth_roles"
)

// engineFields are what documents bear besides an account's own fields. They are neither taken from a client nor shown.
var engineFields = []string{"identifier", "srvModified", "srvCreated"}

// Accounts keeps subjects and roles as documents of the reserved collections, as Nightscout itself lays them out: the
// account's fields at the top and nothing besides its _id, so that a Nightscout on the same database finds them. (Earlier
// versions gave them an identifier of their own; those keep it.) It implements security.Accounts.
type Accounts struct{ engine Engine }

// NewAccounts keeps accounts in the engine.
func NewAccounts(engine Engine) *Accounts { return &Accounts{engine} }

func collectionOf(kind security.AccountKind) string {
	if kind == security.Roles {
		return RolesCollection
	}
	return SubjectsCollection
}

// List returns all accounts of a kind, in no particular order.
func (a *Accounts) List(ctx context.Context, kind security.AccountKind) ([]security.Record, error) {
	var records []security.Record
	for doc, err := range a.engine.Find(ctx, collectionOf(kind), Query{}) {
		if err != nil {
			return nil, accountError(err)
		}
		draft := doc.Edit()
		for _, name := range engineFields {
			draft.Delete(name)
		}
		records = append(records, security.Record{ID: doc.Identifier(), JSON: []byte(draft.Document())})
	}
	return records, nil
}

// Put inserts or replaces an account. What no document may hold is a *security.Invalid.
func (a *Accounts) Put(ctx context.Context, kind security.AccountKind, r security.Record) error {
	doc, err := DecodeDocument(r.JSON)
	if err != nil {
		return accountError(err)
	}
	_, err = a.engine.Apply(ctx, Write{
		Collection: collectionOf(kind),
		Key:        Key{Identifier: r.ID, ID: r.ID},
		Decide: func(stored *Stored, _ int64) (Next, error) {
			draft := doc.Edit()
			for _, name := range engineFields {
				draft.Delete(name)
			}
			if stored == nil {
				return Next{Kind: Create, Document: draft.Document(), ID: r.ID}, nil
			}
			if !stored.Foreign {
				draft.Set("identifier", StringValue(r.ID))
			}
			return Next{Kind: Update, Document: draft.Document()}, nil
		},
	})
	return accountError(err)
}

// Delete removes an account, if it exists.
func (a *Accounts) Delete(ctx context.Context, kind security.AccountKind, id string) error {
	_, err := a.engine.Apply(ctx, Write{
		Collection: collectionOf(kind),
		Key:        Key{Identifier: id, ID: id},
		Decide: func(stored *Stored, _ int64) (Next, error) {
			if stored == nil {
				return Next{}, &Error{Kind: ErrNotFound, Message: "no such account"}
			}
			return Next{Kind: Delete}, nil
		},
	})
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return accountError(err)
}

// accountError puts an error into the words of package security.
func accountError(err error) error {
	var shown *Error
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrUnavailable), errors.Is(err, ErrConflict):
		return fmt.Errorf("%w: %w", security.ErrUnavailable, err)
	case errors.Is(err, ErrTooLarge):
		return &security.Invalid{Message: "Account too large"}
	case !errors.Is(err, ErrInvalid):
		return err
	case errors.As(err, &shown):
		return &security.Invalid{Message: shown.Message}
	default:
		return fmt.Errorf("%w: %w", security.ErrInvalid, err)
	}
}
