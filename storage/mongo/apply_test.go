package mongo

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/bson"
	"go.mongodb.org/mongo-driver/mongo/integration/mtest"

	"nightwire/storage"
)

// counted is a stored counter.
func counted(rev, n int64) bson.D {
	text := fmt.Sprintf(`{"identifier":"c","n":%d,"srvModified":%d}`, n, 1000+rev)
	raw, err := encode(storage.Document(text), "id", true, marked(rev, storage.Update, "g"))
	if err != nil {
		panic(err)
	}
	var d bson.D
	if err := bson.Unmarshal(raw, &d); err != nil {
		panic(err)
	}
	return d
}

// counting adds one to the counter, and tells how often it was asked.
func counting(asked *int) storage.Write {
	return storage.Write{Collection: "notes", Key: storage.Key{Identifier: "c"},
		Decide: func(stored *storage.Stored, now int64) (storage.Next, error) {
			*asked++
			kind, n := storage.Create, int64(0)
			if stored != nil {
				kind = storage.Update
				n, _ = stored.Document.Get("n").Int()
			}
			return storage.Next{Kind: kind, Document: storage.Document(fmt.Sprintf(`{"identifier":"c","n":%d,"srvModified":%d}`, n+1, now))}, nil
		}}
}

// The answers of a server.

func docs(docs ...bson.D) bson.D {
	return mtest.CreateCursorResponse(0, "test.notes", mtest.FirstBatch, docs...)
}

func matchedN(n int) bson.D {
	return mtest.CreateSuccessResponse(bson.E{Key: "n", Value: n}, bson.E{Key: "nModified", Value: n})
}

func duplicateKey(field string) bson.D {
	return mtest.CreateWriteErrorsResponse(mtest.WriteError{Code: 11000,
		Message: "E11000 duplicate key error collection: test.notes index: " + field + "_ dup key: { : 1 }"})
}

func commandError(code int32, name string, labels ...string) bson.D {
	return mtest.CreateCommandErrorResponse(mtest.CommandError{Code: code, Name: name, Message: "on purpose", Labels: labels})
}

// ready lets the engine write to notes without looking for indexes and the newest time first.
func (r *recording) ready() {
	r.e.ready.Store("notes", true)
	r.e.clocks.of("notes").known = true
}

func (r *recording) sent() (names []string) {
	for _, started := range r.GetAllStartedEvents() {
		names = append(names, started.CommandName)
	}
	return names
}

func TestApplyOne(t *testing.T) {
	found := func(rev, n int64) bson.D { return docs(counted(rev, n)) }
	for _, c := range []struct {
		name    string
		answers []bson.D
		want    string // of the document, or of the error
		err     error
		asked   int
		sent    string
	}{
		{"replace", []bson.D{found(4, 7), matchedN(1)}, "r5 n=8", nil, 1, "find update"},
		{"insert", []bson.D{docs(), matchedN(1)}, "r1 n=1", nil, 1, "find insert"},
		{"another replaced it first", []bson.D{found(4, 7), matchedN(0), found(5, 8), matchedN(1)}, "r6 n=9", nil, 2, "find update find update"},
		{"another removed it first", []bson.D{found(4, 7), matchedN(0), docs(), matchedN(1)}, "r1 n=1", nil, 2, "find update find insert"},
		{"another inserted it first", []bson.D{docs(), duplicateKey("nightwire_identifier"), found(1, 1), matchedN(1)}, "r2 n=2", nil, 2, "find insert find update"},
		{"the identifier is taken by a document that is not found", []bson.D{docs(), duplicateKey("nightwire_identifier"), docs()}, "", storage.ErrTaken, 1, "find insert find"},
		{"the _id is taken", []bson.D{docs(), duplicateKey("_id")}, "", storage.ErrTaken, 1, "find insert"},
		{"a rename to what is taken", []bson.D{found(4, 7), duplicateKey("nightwire_identifier")}, "", storage.ErrTaken, 1, "find update"},
		{"no primary", []bson.D{found(4, 7), commandError(10107, "NotWritablePrimary")}, "", storage.ErrUnavailable, 1, "find update"},
		{"the majority did not have it in time", []bson.D{found(4, 7), mtest.CreateWriteConcernErrorResponse(mtest.WriteConcernError{Code: 64, Message: "waiting for replication timed out"})},
			"", storage.ErrUnavailable, 1, "find update"},
		{"too large for the server", []bson.D{docs(), mtest.CreateWriteErrorsResponse(mtest.WriteError{Code: 10334, Message: "BSONObjectTooLarge"})}, "", storage.ErrTooLarge, 1, "find insert"},
		{"a look-up that fails", []bson.D{commandError(11600, "InterruptedAtShutdown")}, "", storage.ErrUnavailable, 0, "find find"},
	} {
		play(t, c.name, func(r *recording) {
			r.ready()
			r.AddMockResponses(c.answers...)
			asked := 0
			changes, err := r.e.Apply(context.Background(), counting(&asked))
			if !errors.Is(err, c.err) || (err == nil) != (c.err == nil) {
				r.Fatalf("error %v, want %v", err, c.err)
			}
			if err == nil && fmt.Sprintf("r%d n=%s", changes[0].Revision, changes[0].After.Get("n")) != c.want {
				r.Errorf("change %+v, want %s", changes[0], c.want)
			}
			if got := strings.Join(r.sent(), " "); got != c.sent || asked != c.asked {
				r.Errorf("sent %s and asked %d times, want %s and %d", got, asked, c.sent, c.asked)
			}
		})
	}
}

// TestApplyGivesUp: a write that others always forestall ends in a conflict.
func TestApplyGivesUp(t *testing.T) {
	play(t, "forestalled", func(r *recording) {
		r.ready()
		r.AddMockResponses(docs(counted(1, 1)))
		for range maxAttempts {
			r.AddMockResponses(matchedN(0), docs(counted(1, 1)))
		}
		asked := 0
		_, err := r.e.Apply(context.Background(), counting(&asked))
		if !errors.Is(err, storage.ErrConflict) || errors.Is(err, storage.ErrTaken) || asked != maxAttempts {
			r.Errorf("%v after %d attempts", err, asked)
		}
	})
}

// TestApplyCondition: a document is replaced only as it was read, whoever wrote it.
func TestApplyCondition(t *testing.T) {
	for _, c := range []struct {
		stored bson.D
		want   string
	}{
		{counted(4, 7), `{"_id": "id","_nw.rev": {"$eq": {"$numberLong":"4"}},"srvModified": {"$eq": {"$numberInt":"1004"}}}`},
		{bson.D{{Key: "_id", Value: "id"}, {Key: "identifier", Value: "c"}}, `{"_id": "id","_nw": {"$exists": false},"srvModified": {"$exists": false}}`},
		{bson.D{{Key: "_id", Value: "id"}, {Key: "identifier", Value: "c"}, {Key: "srvModified", Value: 1.5}, {Key: "_nw", Value: "x"}},
			`{"_id": "id","_nw": {"$eq": "x"},"srvModified": {"$eq": {"$numberDouble":"1.5"}}}`},
	} {
		play(t, "condition", func(r *recording) {
			r.ready()
			r.AddMockResponses(docs(c.stored), matchedN(1))
			asked := 0
			if _, err := r.e.Apply(context.Background(), counting(&asked)); err != nil {
				r.Fatal(err)
			}
			r.GetStartedEvent()
			update := r.GetStartedEvent().Command.Lookup("updates", "0", "q")
			if update.String() != c.want {
				r.Errorf("condition %s, want %s", update, c.want)
			}
		})
	}
}

// TestRemovalIsNoted: without transactions the note goes first, and is taken back when the document was changed meanwhile.
func TestRemovalIsNoted(t *testing.T) {
	remove := storage.Write{Collection: "notes", Key: storage.Key{Identifier: "c"}, By: "me",
		Decide: func(*storage.Stored, int64) (storage.Next, error) { return storage.Next{Kind: storage.Delete}, nil }}
	play(t, "noted", func(r *recording) {
		r.e.can.transactions = false
		r.ready()
		r.AddMockResponses(docs(counted(4, 7)), matchedN(1), matchedN(0), matchedN(1), docs(counted(5, 8)), matchedN(1), matchedN(1))
		changes, err := r.e.Apply(context.Background(), remove)
		if err != nil || changes[0].Revision != 6 || changes[0].Identifier != "c" || changes[0].After != "" {
			r.Fatalf("%+v, %v", changes, err)
		}
		started := r.GetAllStartedEvents()
		if got := strings.Join(r.sent(), " "); got != "find insert delete delete find insert delete" {
			r.Fatalf("sent %s", got)
		}
		var note message
		if err := bson.Unmarshal(started[5].Command.Lookup("documents", "0").Document(), &note); err != nil {
			r.Fatal(err)
		}
		if note.Kind != deletionKind || note.Collection != "notes" || note.Of.StringValue() != "id" || note.Mark.Rev != 6 ||
			note.Mark.Kind != "delete" || note.Mark.By != "me" || note.Mark.Group != changes[0].Group || rawRevision(note.Before) != 5 {
			r.Errorf("note %+v", note)
		}
		taken := started[3].Command.Lookup("deletes", "0", "q", "_id")
		if noted := started[1].Command.Lookup("documents", "0", "_id"); !taken.Equal(noted) {
			r.Errorf("%s was taken back, not the note %s", taken, noted)
		}
	})
}
