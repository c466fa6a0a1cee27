package mongo

import (
	"context"
	"iter"
	"slices"

	"go.mongodb.org/mongo-driver/bson"
	"go.mongodb.org/mongo-driver/mongo/options"

	"nightwire/storage"
)

var (
	_ storage.Dumper  = (*Engine)(nil)
	_ storage.Checker = (*Engine)(nil)
)

// Collections are the known collections that there are in the database. Others, which a Nightscout keeps besides, are not
// ours to move.
func (e *Engine) Collections(ctx context.Context) ([]string, error) {
	ctx, cancel := e.whileOpen(ctx)
	defer cancel()
	there, err := e.db.ListCollectionNames(ctx, bson.D{}, options.ListCollections().SetNameOnly(true))
	if err != nil {
		return nil, failed(ctx, "listing the collections", err)
	}
	names := slices.DeleteFunc(e.known(), func(name string) bool { return !slices.Contains(there, e.physical(name)) })
	slices.Sort(names)
	return names, nil
}

// Dump yields the documents of a collection, in the order in which the database keeps them.
func (e *Engine) Dump(ctx context.Context, collection string) iter.Seq2[storage.Dumped, error] {
	return func(yield func(storage.Dumped, error) bool) {
		err := e.sweep(ctx, collection, func(raw bson.Raw) (more bool, err error) {
			r, err := decode(raw)
			if err != nil {
				return false, err
			}
			stored := storage.Stored{Document: r.doc, Foreign: r.foreign}
			return yield(storage.NewDumped(shownID(r.id), stored), nil), nil
		})
		if err != nil {
			yield(storage.Dumped{}, err)
		}
	}
}

// sweep reads a whole collection until each returns false or an error. What it is given is good until it returns.
func (e *Engine) sweep(ctx context.Context, collection string, each func(bson.Raw) (more bool, err error)) error {
	open, cancel := e.whileOpen(ctx)
	defer cancel()
	cursor, err := e.db.Collection(e.physical(collection)).Find(open, bson.D{})
	if err != nil {
		return failed(ctx, "reading a collection", err)
	}
	defer cursor.Close(context.WithoutCancel(ctx))
	for cursor.Next(open) {
		if more, err := each(cursor.Current); !more || err != nil {
			return err
		}
	}
	return failed(ctx, "reading a collection", cursor.Err())
}
