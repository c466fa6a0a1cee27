package mongo

import (
	"context"

	"go.mongodb.org/mongo-driver/bson"
	"go.mongodb.org/mongo-driver/bson/primitive"
	"go.mongodb.org/mongo-driver/mongo"
)

// removeNoted removes a document for good, after noting what the event of its removal will not tell. A note whose removal
// came to nothing does no harm: who reads it compares the revisions.
func (e *Engine) removeNoted(ctx context.Context, s *step) error {
	note := e.note(s)
	if e.can.transactions {
		return e.transact(ctx, func(ctx mongo.SessionContext) error {
			if err := e.announce(ctx, note); err != nil {
				return err
			}
			return s.send(ctx)
		})
	}
	if err := e.announce(ctx, note); err != nil {
		return err
	}
	err := s.send(ctx)
	if isUnwritten(err) {
		if err := e.retract(ctx, note); err != nil {
			return err
		}
	}
	return err
}

// note is the message that tells of a removal.
func (e *Engine) note(s *step) message {
	m := s.mark()
	if m.Named == s.change.Identifier {
		m.Named = ""
	}
	return message{
		ID: primitive.NewObjectID(), At: e.options.Now().UTC(), Kind: deletionKind, By: s.change.By, Time: s.change.Time,
		Collection: s.in.Name(), Of: s.id, Before: s.before, Mark: &m,
	}
}

// retract removes a message.
func (e *Engine) retract(ctx context.Context, m message) error {
	_, err := e.db.Collection(messagesCollection).DeleteOne(ctx, bson.D{{Key: "_id", Value: m.ID}})
	return classify("removing a message", err)
}
