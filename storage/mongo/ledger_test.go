package mongo

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/bson"
	"go.mongodb.org/mongo-driver/mongo/integration/mtest"

	"nightwire/storage"
)

// playLedger runs a test on recorded answers to an engine with a ledger whose newest change is number 1.
func playLedger(t *testing.T, name string, test func(r *recording, l *ledger)) {
	play(t, name, func(r *recording) {
		r.e.can = abilities{unique: true}
		r.AddMockResponses(docs(bson.D{{Key: "_id", Value: int64(1)}, {Key: "kind", Value: "message"}, {Key: "total", Value: int64(200)}}),
			docs(bson.D{{Key: "_id", Value: epochID}, {Key: "epoch", Value: "e"}}),
			docs(bson.D{{Key: "_id", Value: int64(1)}, {Key: "kind", Value: "message"}, {Key: "total", Value: int64(200)}}))
		l, err := r.e.openLedger(context.Background())
		if err != nil {
			r.Fatal(err)
		}
		r.e.feed = l
		r.ready()
		r.sent()
		r.ClearEvents()
		test(r, l)
	})
}

// TestLedgerOrder: the entry comes before the document, and goes again when the document was refused.
func TestLedgerOrder(t *testing.T) {
	ok := mtest.CreateSuccessResponse(bson.E{Key: "n", Value: 1})
	for _, c := range []struct {
		name    string
		answers []bson.D
		err     error
		sent    string
		head    storage.Cursor
	}{
		{"written", []bson.D{docs(counted(4, 7)), ok, matchedN(1)}, nil, "find insert update", "e-2"},
		{"another program was first", []bson.D{docs(counted(4, 7)), ok, matchedN(0), ok, docs(counted(5, 8)), ok, matchedN(1)}, nil,
			"find insert update delete find insert update", "e-2"},
		{"refused", []bson.D{docs(counted(4, 7)), ok, duplicateKey("_id"), ok}, storage.ErrTaken, "find insert update delete", "e-1"},
		{"not entered", []bson.D{docs(counted(4, 7)), commandError(91, "ShutdownInProgress")}, storage.ErrUnavailable, "find insert", "e-1"},
		{"entered by another process", []bson.D{docs(counted(4, 7)), duplicateKey("_id")}, storage.ErrUnavailable, "find insert", "e-1"},
		{"unknown", []bson.D{docs(counted(4, 7)), ok, commandError(91, "ShutdownInProgress")}, storage.ErrUnavailable, "find insert update", "e-1"},
		{"refused, and the entry cannot be taken back", []bson.D{docs(counted(4, 7)), ok, duplicateKey("_id"), commandError(91, "ShutdownInProgress")}, storage.ErrUnavailable,
			"find insert update delete", "e-1"},
	} {
		playLedger(t, c.name, func(r *recording, l *ledger) {
			r.AddMockResponses(c.answers...)
			asked := 0
			changes, err := r.e.Apply(context.Background(), counting(&asked))
			if !errors.Is(err, c.err) || (err == nil) != (c.err == nil) {
				r.Errorf("error %v, want %v", err, c.err)
			}
			head, _ := r.e.Head(context.Background())
			if err == nil && changes[0].Cursor != head || head != c.head {
				r.Errorf("head %s, want %s, of %v", head, c.head, changes)
			}
			if got := strings.Join(r.sent(), " "); got != c.sent {
				r.Errorf("sent %s, want %s", got, c.sent)
			}
		})
	}
}

// TestLedgerDoubt: what is unknown is settled before anything else is written, by comparing the entry with its document.
func TestLedgerDoubt(t *testing.T) {
	ok := mtest.CreateSuccessResponse(bson.E{Key: "n", Value: 1})
	for _, c := range []struct {
		name     string
		happened bool
		sent     string
		changes  int
	}{
		{"it happened", true, "find find find insert update", 2},
		{"it did not happen", false, "find find find delete insert update", 1},
	} {
		playLedger(t, c.name, func(r *recording, l *ledger) {
			r.AddMockResponses(docs(counted(4, 7)), ok, commandError(91, "ShutdownInProgress"))
			asked := 0
			if _, err := r.e.Apply(context.Background(), counting(&asked)); !errors.Is(err, storage.ErrUnavailable) {
				r.Fatalf("error %v", err)
			}
			started := r.GetAllStartedEvents()
			entry := started[1].Command.Lookup("documents", "0").Document()
			written := started[2].Command.Lookup("updates", "0", "u").Document()
			r.ClearEvents()
			current := written
			if !c.happened {
				current = rawOf(counted(4, 7))
			}
			r.AddMockResponses(docs(documentOf(current)), docs(documentOf(entry)), docs(documentOf(current)))
			if !c.happened {
				r.AddMockResponses(ok)
			}
			r.AddMockResponses(ok, matchedN(1))
			if _, err := r.e.Apply(context.Background(), counting(&asked)); err != nil {
				r.Fatal(err)
			}
			if got := strings.Join(r.sent(), " "); got != c.sent {
				r.Errorf("sent %s, want %s", got, c.sent)
			}
			page, _, _ := l.tail.after(1)
			if len(page) != c.changes || page[len(page)-1].After.Get("n") != storage.IntValue(int64(7+c.changes)) {
				r.Errorf("told %v", page)
			}
		})
	}
}

func documentOf(raw bson.Raw) (d bson.D) {
	if err := bson.Unmarshal(raw, &d); err != nil {
		panic(err)
	}
	return d
}

// TestLedgerPrune: entries go by age and by size, and never the newest.
func TestLedgerPrune(t *testing.T) {
	now := time.UnixMilli(1_000_000_000)
	entry := func(seq, total int64, age time.Duration) bson.D {
		return bson.D{{Key: "_id", Value: seq}, {Key: "total", Value: total}, {Key: "time", Value: now.Add(-age).UnixMilli()}}
	}
	for _, c := range []struct {
		name    string
		entries []bson.D
		head    int64
		keep    int64 // 0: nothing is removed
	}{
		{"nothing is old", []bson.D{entry(5, 100, time.Minute), entry(6, 200, 0)}, 6, 0},
		{"old ones", []bson.D{entry(5, 100, 3*time.Hour), entry(6, 200, 2*time.Hour), entry(7, 300, time.Minute)}, 7, 7},
		{"too many", []bson.D{entry(5, 100, 2), entry(6, 700, 1), entry(7, 1150, 0)}, 7, 6},
		{"the newest stays", []bson.D{entry(5, 100, 5*time.Hour), entry(6, 9000, 4*time.Hour)}, 6, 6},
		{"empty", nil, 0, 0},
	} {
		playLedger(t, c.name, func(r *recording, l *ledger) {
			r.e.options.Now, r.e.options.JournalAge, r.e.options.JournalBytes = func() time.Time { return now }, time.Hour, 1000
			l.tail = newTail(c.head)
			if n := len(c.entries); n > 0 {
				l.total = c.entries[n-1][1].Value.(int64)
			}
			r.AddMockResponses(docs(c.entries...), matchedN(1))
			if err := l.prune(context.Background()); err != nil {
				r.Fatal(err)
			}
			r.GetStartedEvent()
			removal := r.GetStartedEvent()
			switch {
			case removal == nil && c.keep != 0:
				r.Errorf("nothing was removed, want all below %d", c.keep)
			case removal != nil && removal.Command.Lookup("deletes", "0", "q", "_id", "$lt").AsInt64() != c.keep:
				r.Errorf("removed %s, want all below %d", removal.Command, c.keep)
			}
		})
	}
}

// FuzzLedgerCursor: only the text that the ledger itself writes for a number is a cursor.
func FuzzLedgerCursor(f *testing.F) {
	l := &ledger{epoch: "abc", tail: newTail(50)}
	for _, text := range []string{"abc-7", "abc-07", "abc-51", "abc--1", "abc", "abd-7", "-", "abc-7 ", "abc-99999999999999999999"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		seq, err := l.parse(storage.Cursor(text))
		if err != nil && !errors.Is(err, storage.ErrGap) {
			t.Errorf("%q: %v", text, err)
		}
		if err == nil && (string(l.cursor(seq)) != text || seq < 0 || seq > 50) {
			t.Errorf("%q is number %d", text, seq)
		}
	})
}
