package mongo

import (
	"context"

	"go.mongodb.org/mongo-driver/bson"
	"go.mongodb.org/mongo-driver/mongo"
	"go.mongodb.org/mongo-driver/mongo/options"
	"go.mongodb.org/mongo-driver/mongo/readconcern"

	"nightwire/storage"
)

// maxCandidates is how many documents may bear the names in a key: two forms of each _id, and the identifier, which on a
// database with duplicates several have.
const maxCandidates = 8

// found is a document as a look-up found it.
type found struct {
	record
	raw bson.Raw
}

// Get finds one document by key.
func (e *Engine) Get(ctx context.Context, collection string, key storage.Key) (storage.Stored, error) {
	if e.life.Err() != nil {
		return storage.Stored{}, unavailable("reading a document", errClosed)
	}
	limited, cancel := context.WithTimeout(ctx, e.options.Timeout)
	defer cancel()
	f, err := lookup(limited, e.db.Collection(e.physical(collection)), key)
	if err != nil {
		return storage.Stored{}, failed(ctx, "reading a document", err)
	}
	if f == nil {
		return storage.Stored{}, storage.ErrNotFound
	}
	return *f.stored(), nil
}

// writable is a collection for reading what is to be written: the newest state is wanted, and a write that depends on it is
// undone with it if the majority never has it.
func (e *Engine) writable(collection string) *mongo.Collection {
	return e.db.Collection(e.physical(collection), options.Collection().SetReadConcern(readconcern.Local()))
}

// stored is the document as a Decide is told it, nil for none.
func (f *found) stored() *storage.Stored {
	if f == nil {
		return nil
	}
	return &storage.Stored{Document: f.doc, Revision: f.revision(), Foreign: f.foreign}
}

// revision is the document's; those that other programs wrote have their first one.
func (f *found) revision() int64 {
	if f.mark == nil {
		return 1
	}
	return f.mark.Rev
}

// lookup finds the document of a key, nil when there is none.
func lookup(ctx context.Context, collection *mongo.Collection, key storage.Key) (*found, error) {
	if names := named(key); len(names) > 0 {
		candidates, err := search(ctx, collection, bson.D{{Key: "$or", Value: names}}, maxCandidates, nil)
		if err != nil {
			return nil, err
		}
		if f := choose(candidates, key); f != nil {
			return f, nil
		}
	}
	if len(key.Fallback) > 0 {
		return lookupFallback(ctx, collection, key.Fallback)
	}
	return nil, nil
}

// named are the conditions one of which every document meets that bears the key's names.
func named(key storage.Key) (names bson.A) {
	if key.Identifier != "" {
		names = append(names, bson.D{{Key: "identifier", Value: key.Identifier}}, withID(key.Identifier))
	}
	if key.ID != "" && key.ID != key.Identifier {
		names = append(names, withID(key.ID))
	}
	return names
}

func withID(text string) bson.D {
	return bson.D{{Key: "_id", Value: bson.D{{Key: "$in", Value: idForms(text)}}}}
}

// choose is the document that comes first in the order of the key's parts, nil for none.
func choose(candidates []*found, key storage.Key) (first *found) {
	best := len(ranks)
	for _, f := range candidates {
		for rank, fits := range ranks[:best] {
			if fits(f, key) {
				first, best = f, rank
				break
			}
		}
	}
	return first
}

// ranks are the parts of a key by which a document can be found, in the order in which they count.
var ranks = [...]func(*found, storage.Key) bool{
	func(f *found, key storage.Key) bool { return !f.foreign && isNamed(f, key) },
	isNamed,
	func(f *found, key storage.Key) bool {
		return key.ID != "" && (f.foreign || !key.ForeignID) && shownID(f.id) == key.ID
	},
}

func isNamed(f *found, key storage.Key) bool {
	return key.Identifier != "" && f.doc.Identifier() == key.Identifier
}

// lookupFallback finds a document without an identifier of its own that is equal in all these fields. Of what is shown as a
// number or text only what is stored as such is found, as by Nightscout.
func lookupFallback(ctx context.Context, collection *mongo.Collection, fields []storage.Field) (*found, error) {
	var filter storage.Filter
	narrowed := bson.D{}
	for _, f := range fields {
		filter.All = append(filter.All, storage.Filter{Op: storage.Eq, Path: f.Name, Value: f.Value})
		if t := f.Value.Type(); t != storage.Number && t != storage.String {
			continue // found here
		}
		v, err := encodeValue(f.Value)
		if err != nil {
			return nil, err
		}
		narrowed = append(narrowed, equals(f.Name, v))
	}
	candidates, err := search(ctx, collection, narrowed, 1, func(f *found) bool { return f.foreign && filter.Match(f.doc) })
	if err != nil || len(candidates) == 0 {
		return nil, err
	}
	return candidates[0], nil
}

// search reads the first documents that meet a condition here (nil: any), of those that meet one on the server.
func search(ctx context.Context, collection *mongo.Collection, filter bson.D, limit int, meets func(*found) bool) ([]*found, error) {
	o := options.Find()
	if meets == nil {
		o.SetLimit(int64(limit))
	}
	cursor, err := collection.Find(ctx, filter, o)
	if err != nil {
		return nil, err
	}
	defer cursor.Close(context.WithoutCancel(ctx))
	var all []*found
	for len(all) < limit && cursor.Next(ctx) {
		f := &found{raw: append(bson.Raw(nil), cursor.Current...)}
		if f.record, err = decode(f.raw); err != nil {
			return nil, err
		}
		if meets == nil || meets(f) {
			all = append(all, f)
		}
	}
	return all, cursor.Err()
}
