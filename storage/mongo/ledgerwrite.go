package mongo

import (
	"context"
	"errors"

	"go.mongodb.org/mongo-driver/bson"
	"go.mongodb.org/mongo-driver/mongo"

	"nightwire/storage"
)

// write performs a step, which has the turn, and enters it.
func (l *ledger) write(ctx context.Context, s *step) error {
	n, err := l.enter(ctx, s.change)
	if err != nil {
		return err
	}
	n.In, n.Of = s.in.Name(), &s.id
	if err := l.insert(ctx, n); err != nil {
		return err
	}
	if err := s.send(ctx); err != nil {
		return l.withdraw(ctx, n, err)
	}
	s.change.Cursor = l.cursor(n.Seq)
	l.publish(n, s.change)
	return nil
}

// tell enters a message.
func (l *ledger) tell(ctx context.Context, group string, m storage.Message) error {
	if err := l.turn.take(ctx); err != nil {
		return err
	}
	defer l.turn.give()
	c := storage.Change{Kind: storage.Tell, Collection: m.Channel, After: m.Body, By: m.By, Answered: m.Answered,
		Time: l.engine.options.Now().UnixMilli(), Group: group, Last: true}
	firm, cancel := l.engine.firm(ctx)
	defer cancel()
	n, err := l.enter(firm, c)
	if err != nil {
		return err
	}
	if err := l.insert(firm, n); err != nil {
		return err
	}
	c.Cursor = l.cursor(n.Seq)
	l.publish(n, c)
	return nil
}

// enter makes the entry of a change, once nothing is in doubt.
func (l *ledger) enter(ctx context.Context, c storage.Change) (ledgerEntry, error) {
	if err := l.settle(ctx); err != nil {
		return ledgerEntry{}, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	n := entryOf(l.tail.head()+1, c)
	n.Total = l.total + n.size()
	return n, nil
}

func (l *ledger) insert(ctx context.Context, n ledgerEntry) error {
	_, err := l.entries.InsertOne(ctx, n)
	switch {
	case err == nil:
		return nil
	case mongo.IsDuplicateKeyError(err):
		return l.lose()
	case isUnwritten(refusal("entering a change", err)):
		return classify("entering a change", err)
	}
	l.setDoubt(true)
	return unavailable("entering a change", err)
}

// withdraw takes out the entry of a write that failed, if it is certain that nothing was written; otherwise there is a doubt.
func (l *ledger) withdraw(ctx context.Context, n ledgerEntry, why error) error {
	if !isUnwritten(why) {
		l.setDoubt(true)
		return unavailable("writing a document", why)
	}
	if err := l.remove(ctx, n.Seq); err != nil {
		l.setDoubt(true)
		return unavailable("taking back a change", err)
	}
	return why
}

func (l *ledger) remove(ctx context.Context, seq int64) error {
	_, err := l.entries.DeleteOne(ctx, bson.D{{Key: "_id", Value: seq}})
	return err
}

// publish makes a change known that is certain.
func (l *ledger) publish(n ledgerEntry, c storage.Change) {
	l.mu.Lock()
	l.total = n.Total
	l.mu.Unlock()
	l.tail.append(c)
}

// lose gives up: somebody else writes into this journal, so its order is nobody's any more.
func (l *ledger) lose() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lost = unavailable("entering a change", errors.New("another process writes into this journal; this one must be started anew"))
	l.engine.options.Log.Error("another process writes into the journal of this database, which is for one; nothing is written any more until this one is started anew")
	return l.lost
}
