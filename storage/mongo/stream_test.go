package mongo

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/bson"
	"go.mongodb.org/mongo-driver/bson/primitive"
	"go.mongodb.org/mongo-driver/mongo/integration/mtest"

	"nightwire/storage"
)

func errorAnswer(code int32, name string, labels ...string) bson.D {
	return mtest.CreateCommandErrorResponse(mtest.CommandError{Code: code, Name: name, Message: name, Labels: labels})
}

// resumedFrom are the tokens with which streams were opened.
func (r *recording) resumedFrom() (tokens []string) {
	for _, command := range r.asked("aggregate") {
		token, _ := command.Lookup("pipeline", "0", "$changeStream", "resumeAfter", "_data").StringValueOK()
		tokens = append(tokens, token)
	}
	return tokens
}

func data(n int) string { return token(n)[0].Value.(string) }

// wantHeard reads one change for each channel.
func (r *recording) wantHeard(after storage.Cursor, channels ...string) []storage.Change {
	r.Helper()
	changes, err := r.hear(after, len(channels))
	if err != nil {
		r.Fatal(err)
	}
	for i, c := range changes {
		if c.Collection != channels[i] {
			r.Errorf("change %d is of %s, not %s", i, c.Collection, channels[i])
		}
	}
	return changes
}

// wantResumed says from which tokens the streams must have been opened.
func (r *recording) wantResumed(tokens ...string) {
	r.Helper()
	if got := strings.Join(r.resumedFrom(), " "); got != strings.Join(tokens, " ") {
		r.Errorf("streams began after %q, not after %q", got, tokens)
	}
}

func TestResume(t *testing.T) {
	play(t, "from the cursor of each change", func(r *recording) {
		r.AddMockResponses(batch(true, 1), batch(false, 4, spoken(2, "a:", bson.D{}), spoken(3, "b:", bson.D{}), spoken(4, "c:", bson.D{})))
		for i, c := range r.wantHeard(r.start(1), "a:", "b:", "c:") {
			if c.Cursor != r.start(i+2) {
				r.Errorf("cursor %d is %s", i, c.Cursor)
			}
		}
		r.wantResumed(data(1))
	})
	play(t, "by the driver after an error that passes", func(r *recording) {
		r.AddMockResponses(batch(true, 1), batch(false, 2, spoken(2, "a:", bson.D{})),
			errorAnswer(189, "PrimarySteppedDown", "ResumableChangeStreamError"), mtest.CreateSuccessResponse(), batch(true, 2, spoken(3, "b:", bson.D{})))
		r.wantHeard(r.start(1), "a:", "b:")
		r.wantResumed(data(1), data(2))
	})
	play(t, "by us after any other", func(r *recording) {
		r.AddMockResponses(batch(true, 1), batch(false, 2, spoken(2, "a:", bson.D{})),
			errorAnswer(8000, "AtlasError"), mtest.CreateSuccessResponse(), // to getMore and killCursors
			errorAnswer(8000, "AtlasError"), errorAnswer(13, "Unauthorized"), // to aggregate
			batch(true, 2), batch(false, 3, spoken(3, "b:", bson.D{})))
		r.wantHeard(r.start(1), "a:", "b:")
		r.wantResumed(data(1), data(2), data(2), data(2))
		if n := strings.Count(r.log.String(), "level=WARN"); n != 1 || !strings.Contains(r.log.String(), "can be read again") {
			r.Errorf("the log: %s", r.log)
		}
	})
	play(t, "from the latest quiet moment", func(r *recording) {
		r.AddMockResponses(batch(true, 1), batch(false, 5), batch(false, 6),
			errorAnswer(8000, "AtlasError"), mtest.CreateSuccessResponse(),
			batch(true, 6), batch(false, 7, spoken(7, "a:", bson.D{})))
		r.wantHeard(r.start(1), "a:")
		r.wantResumed(data(1), data(6))
	})
	play(t, "when the server ends the stream", func(r *recording) {
		ended := batch(false, 2)
		ended[1].Value.(bson.D)[0].Value = int64(0)
		r.AddMockResponses(batch(true, 1), ended, batch(true, 2, spoken(3, "a:", bson.D{})))
		r.wantHeard(r.start(1), "a:")
		r.wantResumed(data(1), data(1))
	})
	play(t, "a look-up is repeated", func(r *recording) {
		r.AddMockResponses(batch(true, 1), batch(false, 2, happening(2, "update", "entries", "x", full(nil), wrote("sgv"))),
			errorAnswer(91, "ShutdownInProgress"), errorAnswer(91, "ShutdownInProgress"), answerTo(bson.D{{Key: "_id", Value: "x"}}))
		changes, err := r.hear(r.start(1), 1)
		if err != nil || changes[0].Identifier != "x" || changes[0].Kind != storage.Update {
			r.Errorf("told %v, %v", changes, err)
		}
	})
}

func TestGaps(t *testing.T) {
	for code, name := range map[int32]string{286: "ChangeStreamHistoryLost", 260: "InvalidResumeToken", 280: "ChangeStreamFatalError", 10334: "BSONObjectTooLarge"} {
		play(t, "opening "+name, func(r *recording) {
			r.AddMockResponses(errorAnswer(code, name))
			r.wantGap()
		})
		play(t, "reading "+name, func(r *recording) {
			r.AddMockResponses(batch(true, 1), errorAnswer(code, name), mtest.CreateSuccessResponse())
			r.wantGap()
		})
	}
	play(t, "label", func(r *recording) {
		r.AddMockResponses(batch(true, 1), errorAnswer(1, "InternalError", "NonResumableChangeStreamError"), mtest.CreateSuccessResponse())
		r.wantGap()
	})
	play(t, "invalidate", func(r *recording) {
		r.AddMockResponses(batch(true, 1), batch(false, 3,
			bson.D{{Key: "_id", Value: token(2)}, {Key: "operationType", Value: "dropDatabase"}, {Key: "ns", Value: bson.D{{Key: "db", Value: "test"}}}},
			bson.D{{Key: "_id", Value: token(3)}, {Key: "operationType", Value: "invalidate"}}), mtest.CreateSuccessResponse())
		r.wantGap()
	})
}

func (r *recording) wantGap() {
	r.Helper()
	if changes, err := r.hear(r.start(1), 1); !errors.Is(err, storage.ErrGap) {
		r.Errorf("told %v, error %v", changes, err)
	}
}

func TestSplitEvents(t *testing.T) {
	one := own("x", a1, marked(1, storage.Create, "g1"))
	two := own("x", a2, marked(2, storage.Update, "g2"))
	part := func(n, of int, token bson.D, more ...bson.E) bson.D {
		split := bson.D{{Key: "fragment", Value: n}, {Key: "of", Value: of}}
		return append(bson.D{{Key: "_id", Value: token}, {Key: "splitEvent", Value: split}}, more...)
	}
	whole := happening(2, "replace", "entries", "x")
	want := "update entries/a r2 @2 [g2!] " + a1 + " -> " + a2
	play(t, "in parts", func(r *recording) {
		r.e.can.major = 7
		changes := r.wantTold([]bson.D{
			part(1, 3, token(10), whole[1:]...), part(2, 3, token(11), imageBefore(one)), part(3, 3, token(12), full(two)),
		}, want)
		if changes[0].Cursor != r.start(12) {
			r.Errorf("cursor %s", changes[0].Cursor)
		}
		if r.asked("aggregate")[0].Lookup("pipeline", "2", "$changeStreamSplitLargeEvent").IsZero() {
			r.Error("large events are not split")
		}
	})
	play(t, "broken off", func(r *recording) {
		r.AddMockResponses(batch(true, 1), batch(false, 10, part(1, 2, token(10), whole[1:]...)),
			errorAnswer(8000, "AtlasError"), mtest.CreateSuccessResponse(),
			batch(true, 1), batch(false, 12, part(1, 2, token(10), append(whole[1:], imageBefore(one))...), part(2, 2, token(12), full(two))))
		changes, err := r.hear(r.start(1), 1)
		if err != nil || told(changes[0]) != want {
			r.Errorf("told %v, %v", changes, err)
		}
		r.wantResumed(data(1), data(1))
	})
	play(t, "a part is missing", func(r *recording) {
		r.AddMockResponses(batch(true, 1), batch(false, 10, part(2, 2, token(12), full(two))), mtest.CreateSuccessResponse(),
			batch(true, 1, spoken(3, "a:", bson.D{})))
		r.wantHeard(r.start(1), "a:")
		r.wantResumed(data(1), data(1))
	})
}

func TestHead(t *testing.T) {
	play(t, "by token", func(r *recording) {
		r.AddMockResponses(batch(true, 5), mtest.CreateSuccessResponse())
		if head, err := r.s.head(context.Background()); err != nil || head != r.start(5) {
			r.Errorf("head %s, %v", head, err)
		}
	})
	play(t, "by time", func(r *recording) {
		opened := mtest.CreateCursorResponse(7, "test.x", mtest.FirstBatch)
		r.AddMockResponses(opened, mtest.CreateSuccessResponse(bson.E{Key: "operationTime", Value: primitive.Timestamp{T: 9, I: 4}}), mtest.CreateSuccessResponse())
		head, err := r.s.head(context.Background())
		if want := r.s.cursor([]place{{since: primitive.Timestamp{T: 9, I: 5}}}); err != nil || head != want {
			r.Fatalf("head %s, %v", head, err)
		}
		r.ClearMockResponses()
		r.AddMockResponses(opened, batch(false, 2, spoken(2, "a:", bson.D{})))
		r.wantHeard(head, "a:")
		if seconds, n := r.asked("aggregate")[1].Lookup("pipeline", "0", "$changeStream", "startAtOperationTime").Timestamp(); seconds != 9 || n != 5 {
			r.Errorf("began at %d, %d", seconds, n)
		}
	})
	play(t, "database away", func(r *recording) {
		if _, err := r.s.head(context.Background()); !errors.Is(err, storage.ErrUnavailable) {
			r.Errorf("error %v", err)
		}
	})
	play(t, "context ended", func(r *recording) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if _, err := r.s.head(ctx); !errors.Is(err, context.Canceled) {
			r.Errorf("error %v", err)
		}
	})
	play(t, "of an empty cursor, after the database was away", func(r *recording) {
		r.AddMockResponses(errorAnswer(91, "ShutdownInProgress"), errorAnswer(91, "ShutdownInProgress"), batch(true, 5), mtest.CreateSuccessResponse(),
			batch(true, 5, spoken(6, "a:", bson.D{})))
		r.wantHeard("", "a:")
		r.wantResumed("", "", "", data(5))
	})
}

func TestEndOfReading(t *testing.T) {
	play(t, "the engine is closed", func(r *recording) {
		r.AddMockResponses(batch(true, 1), batch(false, 2, spoken(2, "a:", bson.D{})))
		var ended error
		for _, err := range r.s.changes(context.Background(), r.start(1)) {
			r.e.end()
			ended = err
		}
		if !errors.Is(ended, storage.ErrUnavailable) {
			r.Errorf("ended with %v", ended)
		}
	})
	play(t, "the reader's context ends", func(r *recording) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		r.AddMockResponses(batch(true, 1), batch(false, 2, spoken(2, "a:", bson.D{}), spoken(3, "b:", bson.D{})))
		count := 0
		for _, err := range r.s.changes(ctx, r.start(1)) {
			if count++; err != nil {
				r.Errorf("ended with %v", err)
			}
			cancel()
		}
		if count != 1 {
			r.Errorf("%d changes after the end", count)
		}
	})
	play(t, "while the database is away", func(r *recording) {
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer cancel()
		for c, err := range r.s.changes(ctx, r.start(1)) {
			r.Errorf("told %v, %v", c, err)
		}
	})
}
