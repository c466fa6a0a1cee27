package mongo

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/bson"
	"go.mongodb.org/mongo-driver/bson/primitive"
	"go.mongodb.org/mongo-driver/mongo/integration/mtest"

	"nightwire/storage"
)

// A recording plays the answers of a MongoDB to an engine's feed. What the events look like is taken from the server's
// manual (change events; wallTime and images as of 6.0), not from a server of our own.
type recording struct {
	*mtest.T
	e   *Engine
	s   *stream
	log *strings.Builder
}

// play runs a test on a recording.
func play(t *testing.T, name string, test func(r *recording)) {
	mt := mtest.New(t, mtest.NewOptions().ClientType(mtest.Mock))
	mt.Run(name, func(mt *mtest.T) {
		r := &recording{T: mt, log: &strings.Builder{}}
		r.e = &Engine{client: mt.Client, db: mt.DB, options: Options{
			Timeout: 5 * time.Second, Now: time.Now, Log: slog.New(slog.NewTextHandler(r.log, nil)),
		}}
		r.e.life, r.e.end = context.WithCancel(context.Background())
		r.e.can = abilities{major: 6, watch: watchDatabase, preImages: true, transactions: true, unique: true}
		r.open()
		test(r)
	})
}

// open makes the feed anew, after the abilities were changed.
func (r *recording) open(collections ...string) {
	r.s = newStream(r.e, collections)
	r.s.pause = time.Millisecond
}

// token is a resume token.
func token(n int) bson.D { return bson.D{{Key: "_data", Value: fmt.Sprintf("82%06X", n)}} }

func rawToken(n int) bson.Raw { return rawOf(token(n)) }

func rawOf(v any) bson.Raw {
	raw, err := bson.Marshal(v)
	if err != nil {
		panic(err)
	}
	return raw
}

// start is a cursor after the event of a token.
func (r *recording) start(n int) storage.Cursor { return r.s.cursor([]place{{token: rawToken(n)}}) }

// batch is the answer to a getMore, or to the opening of a stream when first.
func batch(first bool, after int, events ...bson.D) bson.D {
	kind := mtest.NextBatch
	if first {
		kind = mtest.FirstBatch
	}
	answer := mtest.CreateCursorResponse(7, "test.$cmd.aggregate", kind, events...)
	cursor := answer[1].Value.(bson.D)
	answer[1].Value = append(cursor, bson.E{Key: "postBatchResumeToken", Value: token(after)})
	return answer
}

// wall is when the events happened.
const wall = 1_790_000_000_000

// happening is an event with a token of its own.
func happening(n int, kind, collection string, id any, more ...bson.E) bson.D {
	return append(bson.D{
		{Key: "_id", Value: token(n)},
		{Key: "operationType", Value: kind},
		{Key: "clusterTime", Value: primitive.Timestamp{T: wall / 1000, I: uint32(n)}},
		{Key: "wallTime", Value: primitive.DateTime(wall + int64(n))},
		{Key: "ns", Value: bson.D{{Key: "db", Value: "test"}, {Key: "coll", Value: collection}}},
		{Key: "documentKey", Value: bson.D{{Key: "_id", Value: id}}},
	}, more...)
}

func full(doc any) bson.E        { return bson.E{Key: "fullDocument", Value: doc} }
func imageBefore(doc any) bson.E { return bson.E{Key: "fullDocumentBeforeChange", Value: doc} }

// wrote says which fields an update set.
func wrote(fields ...string) bson.E {
	set := bson.D{}
	for _, name := range fields {
		set = append(set, bson.E{Key: name, Value: 1})
	}
	return bson.E{Key: "updateDescription", Value: bson.D{{Key: "updatedFields", Value: set}, {Key: "removedFields", Value: bson.A{}}, {Key: "truncatedArrays", Value: bson.A{}}}}
}

// own is a document as Nightwire stores it.
func own(id, text string, m mark) bson.Raw {
	raw, err := encode(storage.Document(text), id, true, m)
	if err != nil {
		panic(err)
	}
	return raw
}

func marked(rev int64, kind storage.Kind, group string) mark {
	return mark{Rev: rev, Kind: string(kind), Group: group, Last: true, Time: rev, By: "me"}
}

// told is a change in few words: kind collection/identifier rN @time [group] before -> after.
func told(c storage.Change) string {
	last := ""
	if c.Last {
		last = "!"
	}
	return fmt.Sprintf("%s %s/%s r%d @%d [%s%s] %s -> %s", c.Kind, c.Collection, c.Named, c.Revision, c.Time, shownGroup(c.Group), last, c.Before, c.After)
}

// shownGroup is a group as it is compared: those of foreign writers are texts that say nothing.
func shownGroup(name string) string {
	if strings.HasPrefix(name, "event-") {
		return "alone"
	}
	return name
}

// hear reads n changes, or what came before an error.
func (r *recording) hear(after storage.Cursor, n int) (changes []storage.Change, err error) {
	r.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	for c, err := range r.s.changes(ctx, after) {
		if err != nil {
			return changes, err
		}
		if changes = append(changes, c); len(changes) == n {
			return changes, nil
		}
	}
	r.Fatalf("%d changes came: %v\n%s", len(changes), changes, r.log)
	return nil, nil
}

// wantTold plays the events and compares what is told; a message of the reserved kind ends the reading.
func (r *recording) wantTold(events []bson.D, want ...string) []storage.Change {
	r.Helper()
	r.AddMockResponses(batch(true, 1), batch(false, 999, append(events, spoken(998, "end:", bson.D{}))...))
	changes, err := r.hear(r.start(1), len(want)+1)
	if err != nil {
		r.Fatal(err)
	}
	for i, c := range changes {
		switch {
		case i == len(want) && c.Collection != "end:":
			r.Errorf("told besides: %s", told(c))
		case i < len(want) && told(c) != want[i]:
			r.Errorf("told\n%s\nnot\n%s", told(c), want[i])
		}
	}
	return changes
}

// spoken is the event of a message.
func spoken(n int, channel string, body bson.D) bson.D {
	return happening(n, "insert", messagesCollection, n, full(rawOf(message{
		ID: n, At: time.UnixMilli(wall), Kind: messageKind, By: "me", Time: wall, Channel: channel, Body: rawOf(body),
		Mark: &mark{Kind: string(storage.Tell), Group: "said", Last: true},
	})))
}

// noteOf is a note of a deletion.
func noteOf(collection, id string, before bson.Raw, m mark) message {
	kind, value, _ := bson.MarshalValue(id)
	return message{
		ID: "note", At: time.UnixMilli(wall), Kind: deletionKind, Time: m.Time, Collection: collection,
		Of: bson.RawValue{Type: kind, Value: value}, Before: before, Mark: &m,
	}
}

func notedEvent(n int, m message) bson.D {
	return happening(n, "insert", messagesCollection, "note", full(rawOf(m)))
}

// answerTo is the answer to a look-up.
func answerTo(docs ...any) bson.D {
	batch := bson.A{}
	batch = append(batch, docs...)
	return bson.D{{Key: "ok", Value: 1}, {Key: "cursor", Value: bson.D{{Key: "id", Value: int64(0)}, {Key: "ns", Value: "test.x"}, {Key: "firstBatch", Value: batch}}}}
}

// asked are the names of the commands that the server got, in order, and the last one's text.
func (r *recording) asked(name string) (commands []bson.Raw) {
	for _, started := range r.GetAllStartedEvents() {
		if started.CommandName == name {
			commands = append(commands, started.Command)
		}
	}
	return commands
}
