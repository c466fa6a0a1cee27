package mongo

import (
	"context"
	"math"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/bson"
	"go.mongodb.org/mongo-driver/mongo"
	"go.mongodb.org/mongo-driver/mongo/options"
)

const (
	// plainFor is for how long an answer is believed. Only other programs write what is not plain.
	plainFor = time.Minute
	// maxPlain is how many answers are kept: the paths are the clients'.
	maxPlain = 1000
)

// The types of which values are shown as of another one, by number; and those of them that FerretDB knows.
var (
	rareTypes  = bson.A{5, 6, 7, 9, 11, 12, 13, 14, 15, 17, 19, -1, 127}
	knownTypes = bson.A{5, 7, 9, 11, 17}
)

// plainPaths remembers on which paths of a collection all values are of JSON's types, so that the server compares and sorts
// them as we do. A date, say, comes after all texts there, while it is shown as a text.
type plainPaths struct {
	mu    sync.Mutex
	known map[collectionPath]answer
}

type collectionPath struct{ collection, path string }

type answer struct {
	plain bool
	until time.Time
}

func (p *plainPaths) get(key collectionPath, now time.Time) (plain, known bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	a := p.known[key]
	return a.plain, now.Before(a.until)
}

func (p *plainPaths) put(key collectionPath, a answer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.known == nil || len(p.known) >= maxPlain {
		p.known = map[collectionPath]answer{}
	}
	p.known[key] = a
}

// isPlain tells whether all values on a path are of JSON's types; of identifier, whether every document has its own.
func (e *Engine) isPlain(ctx context.Context, c *mongo.Collection, path string) (bool, error) {
	if path == "identifier" {
		// An index answers at once, and our own writes may change it.
		some, err := e.anySuch(ctx, c, bson.D{{Key: path, Value: bson.D{{Key: "$not", Value: bson.D{{Key: "$gt", Value: ""}}}}}})
		return !some, err
	}
	key := collectionPath{c.Name(), path}
	if plain, known := e.plain.get(key, time.Now()); known {
		return plain, nil
	}
	rare, err := e.anyRare(ctx, c, path)
	if err == nil {
		e.plain.put(key, answer{!rare, time.Now().Add(plainFor)})
	}
	return !rare, err
}

// anyRare asks for values of other types, and for doubles that JSON does not have. Those are not named, which breaks down
// some servers, but described: an array that holds one beside other numbers is missed.
func (e *Engine) anyRare(ctx context.Context, c *mongo.Collection, path string) (bool, error) {
	some, err := e.anySuch(ctx, c, bson.D{{Key: "$or", Value: bson.A{
		bson.D{{Key: path, Value: bson.D{{Key: "$type", Value: rareTypes}}}},
		bson.D{{Key: path, Value: bson.D{{Key: "$type", Value: 1}, {Key: "$not", Value: finite}}}},
	}}})
	if refused(err) {
		return e.anySuch(ctx, c, bson.D{{Key: path, Value: bson.D{{Key: "$type", Value: knownTypes}}}})
	}
	return some, err
}

var finite = bson.D{{Key: "$gte", Value: -math.MaxFloat64}, {Key: "$lte", Value: math.MaxFloat64}}

// anySuch tells whether any document meets a condition.
func (e *Engine) anySuch(ctx context.Context, c *mongo.Collection, filter bson.D) (bool, error) {
	err := e.patiently(ctx, func(ctx context.Context) error {
		return c.FindOne(ctx, filter, options.FindOne().SetProjection(bson.D{{Key: "_id", Value: 1}})).Err()
	})
	if err == mongo.ErrNoDocuments {
		return false, nil
	}
	return err == nil, err
}
