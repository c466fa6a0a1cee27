package mongo

import (
	"context"
	"errors"
	"fmt"

	"go.mongodb.org/mongo-driver/bson"
	"go.mongodb.org/mongo-driver/mongo"
)

// LoadOrCreate returns a text that all nodes on the database share, such as the key that signs tokens. The first node that
// asks for the name makes it. Errors: ErrUnavailable.
func (e *Engine) LoadOrCreate(ctx context.Context, name string, generate func() string) (value string, created bool, err error) {
	limited, cancel := context.WithTimeout(ctx, e.options.Timeout)
	defer cancel()
	value, err = e.secret(limited, name)
	if !errors.Is(err, mongo.ErrNoDocuments) {
		return value, false, failed(ctx, "reading "+name, err)
	}
	value = generate()
	_, err = e.db.Collection(metaCollection).InsertOne(limited, bson.D{{Key: "_id", Value: name}, {Key: "value", Value: value}})
	if mongo.IsDuplicateKeyError(err) { // another node was first
		value, err = e.secret(limited, name)
		return value, false, failed(ctx, "reading "+name, err)
	}
	return value, true, failed(ctx, "keeping "+name, err)
}

func (e *Engine) secret(ctx context.Context, name string) (string, error) {
	var kept struct {
		Value string `bson:"value"`
	}
	if err := e.db.Collection(metaCollection).FindOne(ctx, byID(name)).Decode(&kept); err != nil {
		return "", err
	}
	if kept.Value == "" {
		return "", fmt.Errorf("the document %s of %s should hold a value and does not; remove it to have a new one made", name, metaCollection)
	}
	return kept.Value, nil
}
