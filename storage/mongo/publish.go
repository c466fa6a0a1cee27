package mongo

import (
	"context"

	"go.mongodb.org/mongo-driver/bson"
	"go.mongodb.org/mongo-driver/bson/primitive"

	"nightwire/storage"
)

// Publish tells a message to all nodes: by a document of messagesCollection, which they all watch, or through the ledger.
func (e *Engine) Publish(ctx context.Context, m storage.Message) error {
	if err := m.Check(); err != nil {
		return err
	}
	leave, err := e.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	limited, cancel := context.WithTimeout(ctx, e.options.Timeout)
	defer cancel()
	group := newGroup()
	if l := e.ledger(); l != nil {
		return failed(ctx, "telling a message", l.tell(limited, group, m))
	}
	body, err := encodeValue(storage.Value(m.Body))
	if err != nil {
		return err
	}
	now := e.options.Now()
	e.answers.put(group, m.Answered)
	return failed(ctx, "telling a message", e.announce(limited, message{
		ID: primitive.NewObjectID(), At: now.UTC(), Kind: messageKind, By: m.By, Time: now.UnixMilli(),
		Channel: m.Channel, Body: bson.Raw(body.Value), Mark: &mark{Kind: string(storage.Tell), Group: group, Last: true},
	}))
}

// announce stores a message.
func (e *Engine) announce(ctx context.Context, m message) error {
	_, err := e.db.Collection(messagesCollection).InsertOne(ctx, m)
	return classify("storing a message", err)
}
