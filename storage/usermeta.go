package storage

import (
	"context"
	"errors"
	"strings"

	"nightwire/security"
)

const (
	// MetaCollection is the reserved collection of what subjects keep about themselves: a document for each, called by the
	// subject's name. No face shows it.
	MetaCollection = "user_meta"
	// AdministerMeta is the permission to read and write everybody's meta.
	AdministerMeta security.Permission = "admin:api:subjects:update"
	// MaxMeta is how many bytes of JSON text the meta of one subject may have.
	MaxMeta = 64 << 10
)

// Subjects is what Meta needs of *security.Guard.
type Subjects interface {
	Guard
	Named(ctx context.Context, name string) (who security.Identity, ok bool, err error)
}

// Meta is the only door to the meta of subjects: any JSON, {} to begin with. It belongs to the subject and not to its name: who
// is called like a subject that was removed begins anew. Names are taken without the white space around them and exactly
// otherwise. Whether somebody may is to be asked first (May): Get, SetProperty and Replace do as they are told.
type Meta struct {
	engine   Engine
	subjects Subjects
}

// NewMeta keeps meta in the engine.
func NewMeta(engine Engine, subjects Subjects) *Meta { return &Meta{engine, subjects} }

// May is nil for the subject of that name and for administrators. It does not tell whether there is such a subject. Errors:
// *security.Forbidden, ErrUnavailable.
func (m *Meta) May(ctx context.Context, who security.Identity, name string) error {
	owner, ok, err := m.subjects.Named(ctx, metaName(name))
	if err != nil || ok && owner == who {
		return err
	}
	return m.subjects.Check(ctx, who, AdministerMeta)
}

// Get is the meta of a subject. Errors: ErrNotFound (no such subject), ErrUnavailable.
func (m *Meta) Get(ctx context.Context, name string) (Value, error) {
	owner, err := m.owner(ctx, name)
	if err != nil {
		return "", err
	}
	stored, err := m.engine.Get(ctx, MetaCollection, Key{Identifier: owner.Name()})
	switch {
	case errors.Is(err, ErrNotFound):
		return metaIn(nil, owner), nil
	case err != nil:
		return "", err
	default:
		return metaIn(&stored, owner), nil
	}
}

// Property is one property of a subject's meta, absent when there is none. A dot in its name means nothing here. Errors:
// ErrNotFound (no such subject), ErrUnavailable.
func (m *Meta) Property(ctx context.Context, name, property string) (Value, error) {
	meta, err := m.Get(ctx, name)
	return meta.Get(property), err
}

// SetProperty gives a property a value as MongoDB's $set does: dots in its name lead into objects, which are made where there
// are none, and into arrays. Errors: ErrNotFound (no such subject), ErrInvalid (no such place), ErrTooLarge (MaxMeta),
// ErrUnavailable.
func (m *Meta) SetProperty(ctx context.Context, name, property string, value Value) error {
	if strings.ContainsRune(property, 0) {
		return Invalid("A property with NUL cannot be set")
	}
	return m.change(ctx, name, func(meta Value) (Value, error) {
		doc := &Draft{}
		doc.Set(metaField, meta)
		changed, err := setFields(doc.Document(), []Field{{metaField + "." + property, value}})
		return changed.Get(metaField), err
	})
}

// Replace makes a value the whole meta. Errors: ErrNotFound (no such subject), ErrInvalid (too deep), ErrTooLarge (MaxMeta),
// ErrUnavailable.
func (m *Meta) Replace(ctx context.Context, name string, meta Value) error {
	return m.change(ctx, name, func(Value) (Value, error) {
		if depthOf(meta) > MaxDepth {
			return "", Invalid("nested deeper than %d levels", MaxDepth)
		}
		return meta, nil
	})
}

// The fields of a stored document besides identifier and srvModified.
const (
	metaField  = "meta"
	ownerField = "owner" // _id of the subject
)

// change changes the meta of a subject in one atomic step.
func (m *Meta) change(ctx context.Context, name string, to func(Value) (Value, error)) error {
	owner, err := m.owner(ctx, name)
	if err != nil {
		return err
	}
	decide := func(stored *Stored, now int64) (Next, error) {
		meta, err := to(metaIn(stored, owner))
		if err != nil {
			return Next{}, err
		}
		if len(meta) > MaxMeta {
			return Next{}, &Error{Kind: ErrTooLarge, Message: "Meta too large"}
		}
		kind := Update
		if stored == nil {
			kind = Create
		}
		d := &Draft{}
		d.Set("identifier", StringValue(owner.Name()))
		d.Set("srvModified", IntValue(now))
		d.Set(ownerField, StringValue(owner.Subject()))
		d.Set(metaField, meta)
		return Next{Kind: kind, Document: d.Document()}, nil
	}
	_, err = m.engine.Apply(ctx, Write{Collection: MetaCollection, Key: Key{Identifier: owner.Name()}, Decide: decide})
	return err
}

// owner is the subject of a name as a client wrote it.
func (m *Meta) owner(ctx context.Context, name string) (security.Identity, error) {
	who, ok, err := m.subjects.Named(ctx, metaName(name))
	if err == nil && !ok {
		err = &Error{Kind: ErrNotFound, Message: "There is no such subject"}
	}
	return who, err
}

func metaName(name string) string { return strings.TrimFunc(name, isSpace) }

// metaIn is the meta in a stored document, {} when that is another subject's.
func metaIn(stored *Stored, owner security.Identity) Value {
	if stored == nil || stored.Document.Get(ownerField).Text() != owner.Subject() {
		return "{}"
	}
	return stored.Document.Get(metaField)
}
