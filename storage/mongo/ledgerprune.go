package mongo

import (
	"context"

	"go.mongodb.org/mongo-driver/bson"
	"go.mongodb.org/mongo-driver/mongo/options"
)

// prune removes entries that are too old or too many. The newest one always stays, so that numbers go on.
func (l *ledger) prune(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, tendEvery)
	defer cancel()
	keep, err := l.firstKept(limited)
	if err != nil || keep == 0 {
		return classify("reading the oldest changes", err)
	}
	_, err = l.entries.DeleteMany(limited, bson.D{{Key: "_id", Value: bson.D{{Key: "$lt", Value: keep}}}})
	return classify("removing old changes", err)
}

// firstKept is the number of the oldest entry that stays; 0 when nothing is to be removed.
func (l *ledger) firstKept(ctx context.Context) (keep int64, err error) {
	head := l.tail.head()
	until := bson.D{{Key: "_id", Value: bson.D{{Key: "$lte", Value: head}}}}
	cursor, err := l.entries.Find(ctx, until, options.Find().SetSort(bson.D{{Key: "_id", Value: 1}}).SetProjection(bounds))
	if err != nil {
		return 0, err
	}
	defer cursor.Close(context.WithoutCancel(ctx))
	for cursor.Next(ctx) {
		var n ledgerEntry
		if err := cursor.Decode(&n); err != nil {
			return 0, err
		}
		if n.Seq >= head || !l.excess(n) {
			return keep, nil
		}
		keep = n.Seq + 1
	}
	return keep, cursor.Err()
}

func (l *ledger) excess(n ledgerEntry) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	o := l.engine.options
	return l.total-n.Total > o.JournalBytes || n.Time < o.Now().Add(-o.JournalAge).UnixMilli()
}
