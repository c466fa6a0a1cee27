package mongo

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"go.mongodb.org/mongo-driver/bson"
	"go.mongodb.org/mongo-driver/bson/primitive"
	"go.mongodb.org/mongo-driver/mongo"

	"nightwire/storage"
)

// step is one decided write: what is sent to the server, and the change that it is.
type step struct {
	in       *mongo.Collection
	id       bson.RawValue // of the document
	as       bson.D        // the condition that the stored document is as it was read; nil: there was none
	before   bson.Raw      // the stored document
	document bson.Raw      // what is stored; nil: the document is removed
	change   storage.Change
}

// newGroup names a group of changes, uniquely over all nodes.
func newGroup() string { return primitive.NewObjectID().Hex() }

// plan asks what becomes of a document and prepares it. Errors: those of Decide; storage.ErrInvalid, ErrTooLarge.
func (e *Engine) plan(w storage.Write, old *found, now int64, group string, last bool) (*step, error) {
	next, err := e.decide(w, old.stored(), now)
	if err != nil {
		return nil, err
	}
	s := &step{in: e.writable(w.Collection), change: storage.Change{
		Kind: next.Kind, Collection: w.Collection, Named: w.Named, Sent: next.Sent, By: w.By, Time: now,
		Revision: 1, Group: group, Last: last, Answered: w.Answered,
	}}
	if old != nil {
		s.id, s.as, s.before = old.id, asRead(old.raw), old.raw
		s.change.Before, s.change.Identifier, s.change.Revision = old.doc, old.doc.Identifier(), old.revision()+1
	}
	if next.Document != "" {
		err = s.store(next, old)
	} else if old == nil {
		err = storage.ErrNotFound
	}
	if s.change.Named == "" {
		s.change.Named = s.change.Identifier
	}
	return s, err
}

// decide asks the writer. A panic there is the failure of its group alone.
func (e *Engine) decide(w storage.Write, stored *storage.Stored, now int64) (next storage.Next, err error) {
	defer func() {
		if p := recover(); p != nil {
			e.options.Log.Error("a write panicked", "collection", w.Collection, "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("a write to %s panicked: %v", w.Collection, p)
		}
	}()
	return w.Decide(stored, now)
}

// store prepares the document that is stored. The change tells it as it will be read, which is how the feed tells it too.
func (s *step) store(next storage.Next, old *found) error {
	own, err := ownsIdentifier(next, old)
	if err != nil {
		return err
	}
	if old == nil {
		if s.id, err = newID(next.ID); err != nil {
			return err
		}
	}
	m := s.mark()
	if own && m.Named == next.Document.Identifier() {
		m.Named = ""
	}
	if s.document, err = encode(next.Document, s.id, own, m); err != nil {
		return err
	}
	r, err := decode(s.document)
	if err != nil {
		return err
	}
	s.change.After, s.change.Identifier = r.doc, r.doc.Identifier()
	return nil
}

// mark is what the document, or the note of its deletion, says of the write.
func (s *step) mark() mark {
	c := &s.change
	return mark{Rev: c.Revision, Kind: string(c.Kind), By: c.By, Named: c.Named, Set: c.Sent, Group: c.Group, Last: c.Last, Time: c.Time}
}

// ownsIdentifier reports whether a document is stored with an identifier of its own; otherwise it shows its _id as such.
func ownsIdentifier(next storage.Next, old *found) (bool, error) {
	v := next.Document.Get("identifier")
	switch {
	case v.Type() == storage.String && v.Text() != "":
		return true, nil
	case v.Truthy():
		return false, storage.Invalid("identifier must be a string")
	case next.ID == "" && (old == nil || !old.foreign):
		return false, storage.Invalid("a document needs an identifier or an _id")
	}
	return false, nil
}

// newID is the _id of a new document: the client's, or a new one.
func newID(text string) (bson.RawValue, error) {
	var id any = primitive.NewObjectID()
	if text != "" {
		id = storedID(text)
	}
	kind, value, err := bson.MarshalValue(id)
	return bson.RawValue{Type: kind, Value: value}, err
}

// asRead is the condition that a document is still the one that was read. Nightwire's own writes raise the revision in the
// mark; most other programs renew srvModified.
func asRead(raw bson.Raw) bson.D {
	condition := bson.D{{Key: "_id", Value: raw.Lookup("_id")}}
	if rev, err := raw.LookupErr(markField, "rev"); err == nil {
		condition = append(condition, equals(markField+".rev", rev))
	} else {
		condition = append(condition, sameField(raw, markField))
	}
	return append(condition, sameField(raw, "srvModified"))
}

// sameField is the condition that a field has the value that it has here, or is not there either.
func sameField(raw bson.Raw, name string) bson.E {
	if v, err := raw.LookupErr(name); err == nil {
		return equals(name, v)
	}
	return bson.E{Key: name, Value: bson.D{{Key: "$exists", Value: false}}}
}

func equals(name string, v bson.RawValue) bson.E {
	return bson.E{Key: name, Value: bson.D{{Key: "$eq", Value: v}}}
}

// send performs the write if the document is still as it was read. Errors: errAgain, errDuplicate; see refusal for others.
func (s *step) send(ctx context.Context) error {
	switch {
	case s.as == nil:
		_, err := s.in.InsertOne(ctx, s.document)
		return refusal("inserting a document", err)
	case s.document == nil:
		return s.remove(ctx)
	default:
		return s.replace(ctx)
	}
}

func (s *step) replace(ctx context.Context) error {
	done, err := s.in.ReplaceOne(ctx, s.as, s.document)
	if err == nil && done.MatchedCount == 0 {
		return unwritten{errAgain}
	}
	return refusal("replacing a document", err)
}

func (s *step) remove(ctx context.Context) error {
	done, err := s.in.DeleteOne(ctx, s.as)
	if err == nil && done.DeletedCount == 0 {
		return unwritten{errAgain}
	}
	return refusal("removing a document", err)
}

// meaning is what the failure of a step means to the writer: a duplicate on replacing is a rename to an identifier that is
// taken, on inserting the document is there now and is to be decided upon again.
func (s *step) meaning(err error) error {
	var u unwritten
	if errors.As(err, &u) {
		err = u.error
	}
	if errors.Is(err, errDuplicate) && s.as != nil {
		return taken(err)
	}
	return err
}
