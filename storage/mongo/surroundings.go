package mongo

import (
	"context"
	"errors"

	"go.mongodb.org/mongo-driver/bson"
	"go.mongodb.org/mongo-driver/mongo"
	"go.mongodb.org/mongo-driver/mongo/options"
)

// surroundings are what a teller needs to know besides the events.
type surroundings interface {
	// logical is the collection that is called so in the database; "" for those that are not told.
	logical(physical string) string
	// current is a document as it is now; nil when there is none. Errors: ErrUnavailable.
	current(ctx context.Context, collection string, id bson.RawValue) (bson.Raw, error)
	// noted are the notes of the deletion of a document that are still kept. Errors: ErrUnavailable.
	noted(ctx context.Context, collection string, id bson.RawValue) ([]message, error)
	// waiting is closed when the writer of a group on this node has its answer; nil: nobody waits.
	waiting(group string) <-chan struct{}
	// saw is told each srvModified, in ms, that a change bears.
	saw(collection string, modified int64)
}

// maxNoted is more notes than one document has: a writer gives up after fewer attempts.
const maxNoted = 64

// view is the surroundings in an engine.
type view struct{ *Engine }

func (e view) current(ctx context.Context, collection string, id bson.RawValue) (bson.Raw, error) {
	ctx, cancel := context.WithTimeout(ctx, e.options.Timeout)
	defer cancel()
	raw, err := e.db.Collection(collection).FindOne(ctx, bson.D{{Key: "_id", Value: id}}).Raw()
	if errors.Is(err, mongo.ErrNoDocuments) {
		return nil, nil
	}
	if err != nil {
		return nil, unavailable("looking up a changed document", err)
	}
	return raw, nil
}

func (e view) noted(ctx context.Context, collection string, id bson.RawValue) (found []message, err error) {
	ctx, cancel := context.WithTimeout(ctx, e.options.Timeout)
	defer cancel()
	of := bson.D{{Key: "col", Value: collection}, {Key: "of", Value: id}, {Key: "kind", Value: deletionKind}}
	newest := options.Find().SetSort(bson.D{{Key: "at", Value: -1}}).SetLimit(maxNoted)
	cursor, err := e.db.Collection(messagesCollection).Find(ctx, of, newest)
	if err == nil {
		err = cursor.All(ctx, &found)
	}
	if err != nil {
		return nil, unavailable("looking up the note of a deletion", err)
	}
	return found, nil
}

func (e view) waiting(group string) <-chan struct{} { return e.answers.of(group) }

func (e view) saw(collection string, modified int64) { e.clocks.saw(collection, modified) }
