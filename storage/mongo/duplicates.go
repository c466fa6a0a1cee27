package mongo

import (
	"context"
	"fmt"

	"go.mongodb.org/mongo-driver/bson"
	"go.mongodb.org/mongo-driver/mongo"
	"go.mongodb.org/mongo-driver/mongo/options"
)

// namedDuplicates bounds how many identifiers of a collection are named in the log.
const namedDuplicates = 20

// nameDuplicates warns of the identifiers that several documents of a collection share, and reports whether there are any.
func (e *Engine) nameDuplicates(ctx context.Context, c *mongo.Collection) (found bool, err error) {
	names, more, err := duplicates(ctx, c)
	if err != nil {
		return false, fmt.Errorf("look for duplicate identifiers in %s: %w", c.Name(), err)
	}
	if len(names) == 0 {
		return false, nil
	}
	e.options.Log.Warn("documents share an identifier, so the database cannot keep identifiers unique: this node does, "+
		"and no second one may work on this database; remove all but one of each and start again",
		"collection", c.Name(), "identifiers", names, "more", more)
	return true, nil
}

// duplicates are the first identifiers that more than one document has, and whether there are more of them. It reads the
// identifiers in order and nothing else, so it needs no memory on the server where an index serves the order.
func duplicates(ctx context.Context, c *mongo.Collection) (names []string, more bool, err error) {
	o := options.Find().SetSort(bson.D{{Key: "identifier", Value: 1}}).SetAllowDiskUse(true).
		SetProjection(bson.D{{Key: "_id", Value: 0}, {Key: "identifier", Value: 1}})
	cursor, err := c.Find(ctx, bson.D{{Key: "identifier", Value: bson.D{{Key: "$gt", Value: ""}}}}, o)
	if err != nil {
		return nil, false, err
	}
	defer cursor.Close(ctx)
	last, told := "", ""
	for cursor.Next(ctx) {
		identifier, ok := cursor.Current.Lookup("identifier").StringValueOK()
		if ok && identifier == last && identifier != told {
			if len(names) == namedDuplicates {
				return names, true, nil
			}
			names, told = append(names, identifier), identifier
		}
		last = identifier
	}
	return names, false, cursor.Err()
}
