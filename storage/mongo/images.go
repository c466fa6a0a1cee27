package mongo

import (
	"context"
	"fmt"

	"go.mongodb.org/mongo-driver/bson"
)

// imagesSince is the first version of MongoDB that keeps documents as they were before a change.
const imagesSince = 6

// keepImages has the server keep, for its change streams, what the documents of a collection were before and after each
// change. A collection that is not there yet is made so, which takes fewer rights than changing it. It reports whether the
// server keeps them; where it may not be told to, the feed helps itself.
func (e *Engine) keepImages(ctx context.Context, collection string) (bool, error) {
	if e.can.watch == watchNothing || e.can.major < imagesSince {
		return false, nil
	}
	name := e.physical(collection)
	exists, kept, err := e.hasImages(ctx, name)
	if err != nil && !refused(err) {
		return false, fmt.Errorf("ask whether %s keeps images: %w", name, err)
	}
	if kept {
		return true, nil
	}
	command := "collMod"
	if err == nil && !exists {
		command = "create"
	}
	enabled := bson.D{{Key: "enabled", Value: true}}
	err = e.db.RunCommand(ctx, bson.D{{Key: command, Value: name}, {Key: "changeStreamPreAndPostImages", Value: enabled}}).Err()
	if hasCode(err, namespaceExists) { // another node has just made it
		return e.keepImages(ctx, collection)
	}
	if err != nil && !refused(err) {
		return false, fmt.Errorf("have %s keep images: %w", name, err)
	}
	if err != nil {
		e.options.Log.Warn("the database may not be told to keep images of changed documents (the right collMod, of the role dbAdmin); "+
			"some deletions by other programs cannot be told", "collection", name, "error", err)
	}
	return err == nil, nil
}

// namespaceExists is the server's error for a collection that is to be made and is there.
const namespaceExists = 48

// hasImages reports whether a collection exists, and whether the server keeps images of it.
func (e *Engine) hasImages(ctx context.Context, name string) (exists, kept bool, err error) {
	specifications, err := e.db.ListCollectionSpecifications(ctx, bson.D{{Key: "name", Value: name}})
	if err != nil || len(specifications) != 1 {
		return false, false, err
	}
	kept, ok := specifications[0].Options.Lookup("changeStreamPreAndPostImages", "enabled").BooleanOK()
	return true, ok && kept, nil
}
