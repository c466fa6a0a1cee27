package mongo

import (
	"context"
	"time"

	"go.mongodb.org/mongo-driver/bson"
	"go.mongodb.org/mongo-driver/mongo"
)

// setDoubt says whether the newest entry is in doubt, and wakes who resolves it.
func (l *ledger) setDoubt(doubt bool) {
	l.mu.Lock()
	l.doubt = doubt
	l.mu.Unlock()
	if doubt {
		select {
		case l.wake <- struct{}{}:
		default: // it is awake
		}
	}
}

// doubtful reports whether the newest entry is to be compared first, or that all is lost.
func (l *ledger) doubtful() (bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.doubt, l.lost
}

// settle resolves the doubt about the newest entry, if there is one.
func (l *ledger) settle(ctx context.Context) error {
	doubt, lost := l.doubtful()
	if lost != nil || !doubt {
		return lost
	}
	newest, err := l.newest(ctx)
	if err != nil {
		return unavailable("reading the newest change", err)
	}
	switch head := l.tail.head(); {
	case newest == nil || newest.Seq <= head:
	case newest.Seq > head+1:
		return l.lose()
	default:
		if err := l.judge(ctx, *newest); err != nil {
			return unavailable("comparing the newest change with its document", err)
		}
	}
	l.setDoubt(false)
	return nil
}

// judge publishes an entry whose document was written, and removes one that came to nothing.
func (l *ledger) judge(ctx context.Context, n ledgerEntry) error {
	happened, err := l.happened(ctx, n)
	if err != nil {
		return err
	}
	if !happened {
		return l.remove(ctx, n.Seq)
	}
	l.publish(n, l.change(n))
	return nil
}

// happened reports whether the document is as the entry tells.
func (l *ledger) happened(ctx context.Context, n ledgerEntry) (bool, error) {
	if n.Of == nil {
		return true, nil // a message is no more than its entry
	}
	raw, err := l.engine.db.Collection(n.In).FindOne(ctx, bson.D{{Key: "_id", Value: *n.Of}}).Raw()
	if err == mongo.ErrNoDocuments {
		return n.After == "", nil
	}
	if err != nil {
		return false, err
	}
	group, _ := raw.Lookup(markField, "group").StringValueOK()
	rev, _ := raw.Lookup(markField, "rev").AsInt64OK()
	return n.After != "" && group == n.Group && rev == n.Revision, nil
}

// tendEvery is how often the ledger is pruned.
const tendEvery = time.Minute

// tend resolves doubts as soon as the database answers again, so that changes are told even when nobody writes, and prunes.
// It ends with the engine.
func (l *ledger) tend() {
	ticker := time.NewTicker(tendEvery)
	defer ticker.Stop()
	for l.engine.life.Err() == nil {
		select {
		case <-l.wake:
			l.resolve()
		case <-ticker.C:
			if err := l.prune(l.engine.life); err != nil && l.engine.life.Err() == nil {
				l.engine.options.Log.Warn("old changes could not be removed from the journal", "error", err)
			}
		case <-l.engine.life.Done():
		}
	}
}

// resolve settles the doubt, as often as it takes.
func (l *ledger) resolve() {
	for n := 0; ; n++ {
		ctx, cancel := context.WithTimeout(l.engine.life, l.engine.options.Timeout)
		err := l.turn.take(ctx)
		if err == nil {
			err = l.settle(ctx)
			l.turn.give()
		}
		cancel()
		if _, lost := l.doubtful(); err == nil || lost != nil || backoff(l.engine.life, n) != nil {
			return
		}
	}
}
