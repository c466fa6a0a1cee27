package mongo

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/bson"
	"go.mongodb.org/mongo-driver/mongo"
	"go.mongodb.org/mongo-driver/mongo/options"

	"nightwire/storage"
)

// chunkBytes ends a page that is read from the database.
const chunkBytes = 1 << 20

// changes yields the changes after a cursor and waits for more. When the engine is closed it ends with ErrUnavailable.
func (l *ledger) changes(ctx context.Context, after storage.Cursor) iter.Seq2[storage.Change, error] {
	return func(yield func(storage.Change, error) bool) {
		seq, err := l.begin(ctx, after)
		for err == nil {
			var page []storage.Change
			if page, err = l.next(ctx, seq); err != nil {
				break
			}
			for _, c := range page {
				if ctx.Err() != nil || !yield(c, nil) {
					return
				}
			}
			seq += int64(len(page))
		}
		if ctx.Err() == nil {
			yield(storage.Change{}, err)
		}
	}
}

// head is the cursor of the newest change.
func (l *ledger) head(ctx context.Context) (storage.Cursor, error) {
	if l.engine.life.Err() != nil {
		return "", unavailable("reading the journal", errClosed)
	}
	return l.cursor(l.tail.head()), ctx.Err()
}

// begin is the number of the change that a cursor stands for; its successor is the first to be read.
func (l *ledger) begin(ctx context.Context, after storage.Cursor) (seq int64, err error) {
	if after != "" {
		return l.parse(after)
	}
	err = l.patiently(ctx, func(ctx context.Context) error {
		oldest, err := l.oldest(ctx)
		if seq = l.tail.head(); oldest != nil {
			seq = min(seq, oldest.Seq-1)
		}
		return err
	})
	return seq, err
}

// parse is the number in a cursor of this journal. Errors: ErrGap.
func (l *ledger) parse(c storage.Cursor) (int64, error) {
	epoch, number, found := strings.Cut(string(c), "-")
	seq, err := strconv.ParseInt(number, 10, 64)
	if !found || err != nil || epoch != l.epoch || seq < 0 || seq > l.tail.head() || l.cursor(seq) != c {
		return 0, fmt.Errorf("the cursor %.60q is of another journal: %w", c, storage.ErrGap)
	}
	return seq, nil
}

// next is the page of changes that follow seq; it waits for them.
func (l *ledger) next(ctx context.Context, seq int64) (page []storage.Change, err error) {
	for {
		page, oldest, more := l.tail.after(seq)
		switch {
		case l.engine.life.Err() != nil:
			return nil, unavailable("reading the journal", errClosed)
		case len(page) > 0:
			return page, nil
		case seq+1 < oldest:
			err = l.patiently(ctx, func(ctx context.Context) error {
				page, err = l.older(ctx, seq, oldest)
				return err
			})
			return page, err
		}
		select {
		case <-more:
		case <-l.engine.life.Done():
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// patiently reads from the database, as often as it takes while it is away.
func (l *ledger) patiently(ctx context.Context, read func(context.Context) error) error {
	for n := 0; ; n++ {
		limited, cancel := context.WithTimeout(ctx, l.engine.options.Timeout)
		err := failed(ctx, "reading the journal", read(limited))
		cancel()
		if !errors.Is(err, storage.ErrUnavailable) || l.engine.life.Err() != nil {
			return err
		}
		if err := backoff(ctx, n); err != nil {
			return err
		}
	}
}

// backoff pauses before asking a database again that was away: a few times a second at first, every five seconds in the end.
func backoff(ctx context.Context, n int) error {
	return wait(ctx, min(100*time.Millisecond<<min(n, 10), 5*time.Second))
}

// older reads a page from the database: changes after seq and before the oldest one in memory. Errors: ErrGap.
func (l *ledger) older(ctx context.Context, seq, before int64) (page []storage.Change, err error) {
	between := bson.D{{Key: "_id", Value: bson.D{{Key: "$gt", Value: seq}, {Key: "$lt", Value: before}}}}
	cursor, err := l.entries.Find(ctx, between, options.Find().SetSort(bson.D{{Key: "_id", Value: 1}}).SetLimit(pageChanges))
	if err != nil {
		return nil, err
	}
	defer cursor.Close(context.WithoutCancel(ctx))
	for bytes := 0; bytes < chunkBytes && cursor.Next(ctx); {
		var n ledgerEntry
		if err := cursor.Decode(&n); err != nil {
			return nil, err
		}
		if n.Seq != seq+1+int64(len(page)) {
			break
		}
		c := l.change(n)
		page = append(page, c)
		bytes += weight(c)
	}
	if err := cursor.Err(); err != nil {
		return nil, err
	}
	if len(page) == 0 {
		return nil, fmt.Errorf("change %d is no longer in the journal: %w", seq+1, storage.ErrGap)
	}
	return page, nil
}

// oldest is the oldest entry without its documents, nil when there is none.
func (l *ledger) oldest(ctx context.Context) (*ledgerEntry, error) {
	var n ledgerEntry
	err := l.entries.FindOne(ctx, bson.D{}, options.FindOne().SetSort(bson.D{{Key: "_id", Value: 1}}).SetProjection(bounds)).Decode(&n)
	if err == mongo.ErrNoDocuments {
		return nil, nil
	}
	return &n, err
}

// bounds are the fields by which entries grow old.
var bounds = bson.D{{Key: "total", Value: 1}, {Key: "time", Value: 1}}
