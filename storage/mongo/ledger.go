package mongo

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

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

// cursor is the place of a change: the epoch and the change's number.
func (l *ledger) cursor(seq int64) storage.Cursor {
	return storage.Cursor(fmt.Sprintf("%s-%d", l.epoch, seq))
}
