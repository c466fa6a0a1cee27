package mongo

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/bson"
	"go.mongodb.org/mongo-driver/mongo/integration/mtest"

	"nightwire/storage"
)

func TestTick(t *testing.T) {
	var c clock
	for i, step := range []struct {
		now    int64
		ticked bool
		want   int64
	}{
		{5000, false, 5000}, // the time itself
		{5000, false, 5001}, // a millisecond of its own
		{4000, false, 5002}, // a clock that was set back
		{4003, true, 5003},  // a group, up to a second ahead
		{4003, true, 5003},  // beyond that it shares
		{4003, false, 5004}, // the first of a group does not
		{6000, true, 6000},
	} {
		if got := c.tick(step.now, step.ticked); got != step.want {
			t.Errorf("step %d: %d, want %d", i, got, step.want)
		}
	}
}

func TestSaw(t *testing.T) {
	c := clocks{now: func() time.Time { return time.UnixMilli(1_000_000) }}
	c.saw("notes", 1_000_500)
	c.saw("notes", 900)
	c.saw("notes", 1_000_000+maxFuture+1)
	if got := c.of("notes").tick(1_000_000, false); got != 1_000_501 {
		t.Errorf("notes go on at %d", got)
	}
	if got := c.of("food").tick(1_000_000, false); got != 1_000_000 {
		t.Errorf("food goes on at %d", got)
	}
}

// TestTurn: those who wait come one after the other, in order, and who gives up leaves the others theirs.
func TestTurn(t *testing.T) {
	turn := newTurn()
	if err := turn.take(t.Context()); err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := turn.take(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("waiting with an ended context: %v", err)
	}
	busy, all := 0, sync.WaitGroup{}
	for range 50 {
		all.Go(func() {
			if err := turn.take(t.Context()); err != nil {
				t.Error(err)
			}
			busy++ // the race detector watches
			turn.give()
		})
	}
	turn.give()
	all.Wait()
	if busy != 50 {
		t.Errorf("%d turns", busy)
	}
}

// TestClockStart: a collection's first write comes after the newest document, by whomever.
func TestClockStart(t *testing.T) {
	future := time.Now().Add(time.Hour).UnixMilli()
	play(t, "start", func(r *recording) {
		r.e.ready.Store("notes", true)
		r.AddMockResponses(docs(), docs(bson.D{{Key: "_id", Value: 1}, {Key: "srvModified", Value: float64(future) + 0.5}}), matchedN(1), docs(), matchedN(1))
		asked := 0
		for i := range int64(2) {
			changes, err := r.e.Apply(context.Background(), counting(&asked))
			if err != nil || changes[0].Time != future+1+i {
				r.Fatalf("%v, %v, want a time of %d", changes, err, future+1+i)
			}
		}
	})
	play(t, "away", func(r *recording) {
		r.e.ready.Store("notes", true)
		r.AddMockResponses(docs(), commandError(13435, "NotPrimaryNoSecondaryOk"), commandError(13435, "NotPrimaryNoSecondaryOk"))
		asked := 0
		if _, err := r.e.Apply(context.Background(), counting(&asked)); !errors.Is(err, storage.ErrUnavailable) || asked != 0 {
			r.Errorf("%v after asking %d times", err, asked)
		}
		r.AddMockResponses(docs(), docs(), mtest.CreateSuccessResponse())
		if _, err := r.e.Apply(context.Background(), counting(&asked)); err != nil {
			r.Errorf("when it is back: %v", err)
		}
	})
}
