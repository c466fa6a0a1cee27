package mongo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/bson"
	"go.mongodb.org/mongo-driver/mongo"
	"go.mongodb.org/mongo-driver/mongo/options"

	"nightwire/storage"
)

// identifierIndex is the unique index that makes concurrent creates of one identifier safe. It runs downwards, which is as
// good for finding one value, because Nightscout's own index on identifier has the upward key, and servers before MongoDB 5
// (and some that are like it) refuse two indexes whose keys are the same, whatever their options.
const identifierIndex = ownPrefix + "identifier"

// buildTime is how long the making of one index on a large collection may take before the start is given up.
const buildTime = time.Hour

// index is an index as the server lists it.
type index struct {
	Name    string   `bson:"name"`
	Key     bson.Raw `bson:"key"`
	Unique  bool     `bson:"unique"`
	Sparse  bool     `bson:"sparse"`
	Partial bson.Raw `bson:"partialFilterExpression"`
}

// fields are the paths of an index's key.
func (x index) fields() []string {
	elements, err := x.Key.Elements()
	if err != nil {
		return nil
	}
	var names []string
	for _, element := range elements {
		names = append(names, element.Key())
	}
	return names
}

// serves reports whether the index finds all documents by these fields.
func (x index) serves(fields []string) bool {
	own := x.fields()
	return len(own) >= len(fields) && slices.Equal(own[:len(fields)], fields) && !x.Sparse && x.Partial == nil
}

// guards reports whether no two documents can have the same identifier because of this index.
func (x index) guards() bool {
	return x.Unique && slices.Equal(x.fields(), []string{"identifier"}) && (x.Partial == nil || x.Name == identifierIndex)
}

// known are the collections that are made ready at the start.
func (e *Engine) known() []string {
	names := []string{storage.SubjectsCollection, storage.RolesCollection, storage.AlarmsCollection, storage.CountersCollection,
		storage.TopicsCollection, storage.MetaCollection}
	for _, c := range slices.Concat(storage.Nightscout(), e.options.Free) {
		names = append(names, c.Name)
	}
	return names
}

// physicals are the known collections as the database calls them.
func (e *Engine) physicals() []string {
	names := e.known()
	for i, name := range names {
		names[i] = e.physical(name)
	}
	return names
}

// prepareAll makes the known collections and our own ready.
func (e *Engine) prepareAll(ctx context.Context) error {
	e.can.unique, e.can.preImages = true, true
	for _, name := range e.known() {
		unique, images, err := e.prepare(ctx, name)
		if err != nil {
			return classify("preparing the collections", err)
		}
		e.can.unique, e.can.preImages = e.can.unique && unique, e.can.preImages && images
		e.ready.Store(name, true)
	}
	return e.prepareMessages(ctx)
}

// makeReady sees to it that a collection which is written for the first time has its indexes. Afterwards it costs nothing.
// It comes before the first write of each collection.
func (e *Engine) makeReady(ctx context.Context, collection string) error {
	if _, ok := e.ready.Load(collection); ok {
		return nil
	}
	unique, _, err := e.prepare(ctx, collection)
	if err != nil {
		return err
	}
	if !unique && e.can.unique {
		return fmt.Errorf("%s holds documents that share an identifier, and cannot be written until they are gone", e.physical(collection))
	}
	e.ready.Store(collection, true)
	return nil
}

// prepareMessages lets messages end with their time, and the note of a deletion be found by its document. Where the server
// does not know indexes of the first kind, pruneMessages removes them.
func (e *Engine) prepareMessages(ctx context.Context) error {
	c := e.db.Collection(messagesCollection)
	have, err := listIndexes(ctx, c)
	if err != nil {
		return fmt.Errorf("list the indexes of %s: %w", c.Name(), err)
	}
	aging := options.Index().SetExpireAfterSeconds(int32(messageAge / time.Second))
	for _, wanted := range []struct {
		fields  []string
		options *options.IndexOptions
	}{{[]string{"at"}, aging}, {[]string{"of", "col"}, options.Index()}} {
		if slices.ContainsFunc(have, func(x index) bool { return x.serves(wanted.fields) }) {
			continue
		}
		model := mongo.IndexModel{Keys: upward(wanted.fields), Options: wanted.options}
		if err := e.build(ctx, c, model); err != nil && !refused(err) {
			return err
		}
	}
	return nil
}

// prepare makes what a collection lacks. It reports whether its identifiers are unique, which they are not where it holds
// duplicates, and whether the server keeps images of its documents.
func (e *Engine) prepare(ctx context.Context, collection string) (unique, images bool, err error) {
	if images, err = e.keepImages(ctx, collection); err != nil {
		return false, false, err
	}
	c := e.db.Collection(e.physical(collection))
	have, err := listIndexes(ctx, c)
	if err != nil {
		return false, false, fmt.Errorf("list the indexes of %s: %w", c.Name(), err)
	}
	if unique, err = e.guard(ctx, c, have); err != nil {
		return false, false, err
	}
	return unique, images, e.speedUp(ctx, c, collection, have)
}

// speedUp makes the indexes that serve speed, one by one: FerretDB breaks down when one command names several that exist. A
// server may refuse them.
func (e *Engine) speedUp(ctx context.Context, c *mongo.Collection, collection string, have []index) error {
	for _, fields := range e.indexedFields(collection) {
		if slices.ContainsFunc(have, func(x index) bool { return x.serves(fields) }) {
			continue
		}
		if err := e.build(ctx, c, mongo.IndexModel{Keys: upward(fields)}); err != nil {
			if !refused(err) {
				return err
			}
			e.options.Log.Warn("the database refuses an index; searches may be slow", "collection", c.Name(), "fields", fields, "error", err)
		}
	}
	return nil
}

// indexedFields are the keys of the indexes that serve speed: Nightscout's own, and what documents are recognised by.
func (e *Engine) indexedFields(collection string) [][]string {
	switch collection {
	case storage.SubjectsCollection, storage.RolesCollection:
		return [][]string{{"identifier"}, {"name"}}
	}
	fields := [][]string{{"identifier"}, {"srvModified"}, {"isValid"}, {"date"}, {"created_at"}}
	for _, c := range slices.Concat(storage.Nightscout(), e.options.Free) {
		if c.Name != collection {
			continue
		}
		if len(c.Fallback) > 1 {
			fields = append(fields, c.Fallback)
		}
		if c.KeyPath() != "identifier" {
			fields = append(fields, []string{c.KeyPath()})
		}
	}
	return fields
}

func listIndexes(ctx context.Context, c *mongo.Collection) ([]index, error) {
	cursor, err := c.Indexes().List(ctx)
	if err != nil {
		return nil, err
	}
	var have []index
	return have, cursor.All(ctx, &have)
}

// guard makes the unique index on identifier in the best form that the server takes.
func (e *Engine) guard(ctx context.Context, c *mongo.Collection, have []index) (bool, error) {
	if slices.ContainsFunc(have, index.guards) {
		return true, nil
	}
	named := func() *options.IndexOptions { return options.Index().SetName(identifierIndex).SetUnique(true) }
	text := bson.D{{Key: "identifier", Value: bson.D{{Key: "$gt", Value: ""}}}} // of documents with an identifier of their own
	forms := []*options.IndexOptions{named().SetPartialFilterExpression(text), named().SetSparse(true)}
	var last error
	for _, form := range forms {
		err := e.build(ctx, c, mongo.IndexModel{Keys: bson.D{{Key: "identifier", Value: -1}}, Options: form})
		switch {
		case err == nil:
			return true, nil
		case mongo.IsDuplicateKeyError(err):
			_, err := e.nameDuplicates(ctx, c)
			return false, err
		case !refused(err):
			return false, err
		}
		last = err
	}
	if found, err := e.nameDuplicates(ctx, c); found || err != nil {
		return false, err // FerretDB has no name for this reason
	}
	return false, fmt.Errorf("the database refuses the unique index %s of %s, without which identifiers would not be safe; "+
		"make one on {identifier: -1}, unique, with partialFilterExpression {identifier: {$gt: \"\"}}, or remove the one that is in its way: %w",
		identifierIndex, c.Name(), last)
}

// build makes one index. The server goes on building when a connection is lost or timed out meanwhile, and whoever asks again
// waits for it, so it is asked again.
func (e *Engine) build(ctx context.Context, c *mongo.Collection, model mongo.IndexModel) error {
	ctx, cancel := context.WithTimeout(ctx, buildTime)
	defer cancel()
	for {
		began := time.Now()
		_, err := c.Indexes().CreateOne(ctx, model)
		if err == nil || refused(err) || mongo.IsDuplicateKeyError(err) || ctx.Err() != nil || time.Since(began) < socketTimeout {
			return err
		}
		e.options.Log.Info("the database is building an index; this takes its time on a large collection", "collection", c.Name())
	}
}

// refused reports whether the server has answered that it will not do this, as opposed to not being there, or not now.
func refused(err error) bool { return errors.As(err, new(mongo.CommandError)) && !isAway(err) }

func upward(fields []string) bson.D {
	var key bson.D
	for _, field := range fields {
		key = append(key, bson.E{Key: field, Value: 1})
	}
	return key
}
