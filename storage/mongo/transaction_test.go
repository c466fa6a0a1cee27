package mongo

import (
	"context"
	"errors"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/bson"
	"go.mongodb.org/mongo-driver/mongo/integration/mtest"

	"nightwire/storage"
)

func TestApplyTogether(t *testing.T) {
	ok := mtest.CreateSuccessResponse()
	conflict := commandError(112, "WriteConflict", "TransientTransactionError")
	unknown := commandError(91, "ShutdownInProgress", "UnknownTransactionCommitResult", "RetryableWriteError")
	for _, c := range []struct {
		name    string
		answers []bson.D
		want    string // what the counter is in the end
		err     error
		sent    string
	}{
		{"committed", []bson.D{docs(counted(4, 7)), matchedN(1), docs(counted(5, 8)), matchedN(1), ok}, "9", nil,
			"find update find update commitTransaction"},
		{"another one wrote too", []bson.D{docs(counted(4, 7)), conflict, ok, docs(counted(5, 8)), matchedN(1), docs(counted(6, 9)), matchedN(1), ok}, "10", nil,
			"find update abortTransaction find update find update commitTransaction"},
		{"the document changed before the snapshot", []bson.D{docs(counted(4, 7)), matchedN(0), ok, docs(counted(5, 8)), matchedN(1), docs(counted(6, 9)), matchedN(1), ok}, "10", nil,
			"find update abortTransaction find update find update commitTransaction"},
		{"another one inserted too", []bson.D{docs(), duplicateKey("nightwire_identifier"), ok, docs(counted(1, 1)), matchedN(1), docs(counted(2, 2)), matchedN(1), ok}, "3", nil,
			"find insert abortTransaction find update find update commitTransaction"},
		{"the commit is asked for again", []bson.D{docs(counted(4, 7)), matchedN(1), docs(counted(5, 8)), matchedN(1), unknown, unknown, ok}, "9", nil,
			"find update find update commitTransaction commitTransaction commitTransaction"},
		{"the commit fails", []bson.D{docs(counted(4, 7)), matchedN(1), docs(counted(5, 8)), matchedN(1), conflict, docs(counted(5, 8)), matchedN(1), docs(counted(6, 9)), matchedN(1), ok}, "10", nil,
			"find update find update commitTransaction find update find update commitTransaction"},
		{"an _id is taken", []bson.D{docs(), duplicateKey("_id"), ok}, "", storage.ErrTaken, "find insert abortTransaction"},
		{"an identifier stays taken", []bson.D{docs(), duplicateKey("identifier"), ok, docs(), duplicateKey("identifier"), ok, docs(), duplicateKey("identifier"), ok}, "", storage.ErrTaken,
			"find insert abortTransaction find insert abortTransaction find insert abortTransaction"},
	} {
		play(t, c.name, func(r *recording) {
			r.ready()
			r.AddMockResponses(c.answers...)
			asked := 0
			changes, err := r.e.Apply(context.Background(), counting(&asked), counting(&asked))
			if !errors.Is(err, c.err) || (err == nil) != (c.err == nil) {
				r.Errorf("error %v, want %v", err, c.err)
			}
			if err == nil && (len(changes) != 2 || string(changes[1].After.Get("n")) != c.want || changes[0].Group != changes[1].Group ||
				changes[0].Last || !changes[1].Last || changes[0].Time >= changes[1].Time) {
				r.Errorf("changes %+v", changes)
			}
			if got := strings.Join(r.sent(), " "); got != c.sent {
				r.Errorf("sent %s, want %s", got, c.sent)
			}
		})
	}
}

// TestApplyTogetherRefused: a refusal undoes the whole group, and comes back as it was.
func TestApplyTogetherRefused(t *testing.T) {
	refusal := errors.New("no")
	play(t, "refused", func(r *recording) {
		r.ready()
		r.AddMockResponses(docs(counted(4, 7)), matchedN(1), docs(counted(5, 8)), mtest.CreateSuccessResponse())
		asked := 0
		refuse := counting(&asked)
		refuse.Decide = func(*storage.Stored, int64) (storage.Next, error) { return storage.Next{}, refusal }
		if _, err := r.e.Apply(context.Background(), counting(&asked), refuse); !errors.Is(err, refusal) {
			r.Errorf("error %v", err)
		}
		if got := strings.Join(r.sent(), " "); got != "find update find abortTransaction" {
			r.Errorf("sent %s", got)
		}
	})
}

// TestRemovalInTransaction: the note of a removal is stored with it or not at all.
func TestRemovalInTransaction(t *testing.T) {
	play(t, "removed", func(r *recording) {
		r.ready()
		ok := mtest.CreateSuccessResponse()
		r.AddMockResponses(docs(counted(4, 7)), matchedN(1), matchedN(0), ok, docs(counted(5, 8)), matchedN(1), matchedN(1), ok)
		changes, err := r.e.Apply(context.Background(), storage.Write{Collection: "notes", Key: storage.Key{Identifier: "c"},
			Decide: func(*storage.Stored, int64) (storage.Next, error) { return storage.Next{Kind: storage.Prune}, nil }})
		if err != nil || changes[0].Kind != storage.Prune || changes[0].Revision != 6 {
			r.Errorf("%+v, %v", changes, err)
		}
		for _, started := range r.GetAllStartedEvents() {
			if _, err := started.Command.LookupErr("txnNumber"); err != nil && started.CommandName != "find" {
				r.Errorf("%s outside of a transaction", started.CommandName)
			}
		}
		if got := strings.Join(r.sent(), " "); got != "find insert delete abortTransaction find insert delete commitTransaction" {
			r.Errorf("sent %s", got)
		}
	})
}

// TestNoTransactions: where there are none, the writer is told what to do.
func TestNoTransactions(t *testing.T) {
	play(t, "refused", func(r *recording) {
		r.e.can.transactions = false
		asked := 0
		_, err := r.e.Apply(context.Background(), counting(&asked), counting(&asked))
		if !errors.Is(err, storage.ErrInvalid) || !strings.Contains(err.Error(), "?atomic=false") || len(r.sent()) != 0 {
			r.Errorf("%v after sending %v", err, r.sent())
		}
	})
}
