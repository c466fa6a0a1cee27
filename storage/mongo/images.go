package mongo

import (
	"context"
	"fmt"

	"go.mongodb.org/mongo-driver/bson"
)

// imagesSince is the first version of MongoDB that keeps documents as they were before a change.
const imagesSince = 6

// keepImages has the server keep, for its change streams, what the documents of a collection were before and after each
// change. It reports whether the server does; where it may not be told to, the feed helps itself.
func (e *Engine) keepImages(ctx context.Context, collection string) (bool, error) {
	if e.can.watch == watchNothing || e.can.major < imagesSince {
		return false, nil
	}
	name := e.physical(collection)
	kept, err := e.hasImages(ctx, name)
	if err != nil && !refused(err) {
		return false, fmt.Errorf("ask whether %s keeps images: %w", name, err)
	}
	if kept {
		return true, nil
	}
	enabled := bson.D{{Key: "enabled", Value: true}}
	err = e.db.RunCommand(ctx, bson.D{{Key: "collMod", Value: name}, {Key: "changeStreamPreAndPostImages", Value: enabled}}).Err()
	if err != nil && !refused(err) {
		return false, fmt.Errorf("have %s keep images: %w", name, err)
	}
	if err != nil {
		e.options.Log.Warn("the database keeps no images of changed documents here; some events of other programs' deletions cannot be told",
			"collection", name, "error", err)
	}
	return err == nil, nil
}

// hasImages reports whether the server keeps images of a collection already.
func (e *Engine) hasImages(ctx context.Context, name string) (bool, error) {
	specifications, err := e.db.ListCollectionSpecifications(ctx, bson.D{{Key: "name", Value: name}})
	if err != nil || len(specifications) != 1 {
		return false, err
	}
	kept, ok := specifications[0].Options.Lookup("changeStreamPreAndPostImages", "enabled").BooleanOK()
	return ok && kept, nil
}
