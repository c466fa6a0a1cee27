package mongo

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"sync"

	"go.mongodb.org/mongo-driver/bson"
	"go.mongodb.org/mongo-driver/mongo"
	"go.mongodb.org/mongo-driver/mongo/options"

	"nightwire/storage"
)

// ledger is the journal where the database cannot be watched: one node enters its own changes into a collection. There are no
// transactions there either, so a change is entered before its document is written, and taken out again when the write is
// refused. When it is unknown what became of a write, and at the start, the newest entry is compared with its document before
// anything else is written. All writes take one turn, so at most the newest entry is in doubt.
type ledger struct {
	engine  *Engine
	entries *mongo.Collection
	epoch   string // of this journal; numbers begin anew in another one
	tail    *tail
	turn    turn
	wake    chan struct{} // tells tend of a doubt

	mu    sync.Mutex // of what follows; it is changed by who has the turn
	total int64      // bytes of all changes ever entered
	doubt bool       // the entry after the newest known one may be there, and its document may be written
	lost  error      // another process writes: nothing works any more
}

// openLedger opens the journal, and settles what was under way when it was last in use. All collections share one turn then.
// tend is to run until the engine ends.
func (e *Engine) openLedger(ctx context.Context) (*ledger, error) {
	l := &ledger{engine: e, entries: e.db.Collection(ledgerCollection), tail: newTail(0), turn: newTurn(), wake: make(chan struct{}, 1)}
	limited, cancel := context.WithTimeout(ctx, e.options.Timeout)
	defer cancel()
	if err := l.open(limited); err != nil {
		return nil, failed(ctx, "opening the journal", err)
	}
	e.clocks.shared = l.turn
	return l, nil
}

func (l *ledger) open(ctx context.Context) error {
	newest, err := l.newest(ctx)
	if err != nil {
		return err
	}
	if newest != nil {
		l.tail, l.total, l.doubt = newTail(newest.Seq-1), newest.Total-newest.size(), true
	}
	if err := l.findEpoch(ctx, newest == nil); err != nil {
		return err
	}
	return l.settle(ctx)
}

// ledger is the feed, where it is one; nil otherwise.
func (e *Engine) ledger() *ledger {
	l, _ := e.feed.(*ledger)
	return l
}

// epochID is the document of metaCollection that names the ledger's epoch.
const epochID = "epoch"

// findEpoch reads the epoch. An empty ledger begins a new one, as its numbers do.
func (l *ledger) findEpoch(ctx context.Context, empty bool) error {
	meta := l.engine.db.Collection(metaCollection)
	var epoch struct {
		Text string `bson:"epoch"`
	}
	err := meta.FindOne(ctx, byID(epochID)).Decode(&epoch)
	if err != nil && err != mongo.ErrNoDocuments {
		return err
	}
	if l.epoch = epoch.Text; l.epoch != "" && !empty {
		return nil
	}
	l.epoch = strings.ToLower(rand.Text()[:16])
	_, err = meta.ReplaceOne(ctx, byID(epochID), bson.D{{Key: "_id", Value: epochID}, {Key: "epoch", Value: l.epoch}},
		options.Replace().SetUpsert(true))
	return err
}

// retireLedger removes what a ledger left where changes now come from a stream: it would lack what happens meanwhile, should it
// ever be gone on with.
func (e *Engine) retireLedger(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, e.options.Timeout)
	defer cancel()
	meta := e.db.Collection(metaCollection)
	err := meta.FindOne(limited, byID(epochID)).Err()
	if err == mongo.ErrNoDocuments {
		return nil
	}
	if err == nil {
		err = e.db.Collection(ledgerCollection).Drop(limited)
	}
	if err == nil {
		_, err = meta.DeleteOne(limited, byID(epochID))
	}
	return failed(ctx, "removing an old journal", err)
}

// newest is the newest entry, nil when there is none.
func (l *ledger) newest(ctx context.Context) (*ledgerEntry, error) {
	var n ledgerEntry
	err := l.entries.FindOne(ctx, bson.D{}, options.FindOne().SetSort(bson.D{{Key: "_id", Value: -1}})).Decode(&n)
	if err == mongo.ErrNoDocuments {
		return nil, nil
	}
	return &n, err
}

// cursor is the place of a change: the epoch and the change's number.
func (l *ledger) cursor(seq int64) storage.Cursor {
	return storage.Cursor(fmt.Sprintf("%s-%d", l.epoch, seq))
}
