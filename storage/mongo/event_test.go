package mongo

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/bson"

	"nightwire/storage"
)

// nothing are surroundings in which there is nothing to be found.
type nothing struct{}

func (nothing) logical(physical string) string { return physical }
func (nothing) current(context.Context, string, bson.RawValue) (bson.Raw, error) {
	return nil, nil
}
func (nothing) noted(context.Context, string, bson.RawValue) ([]message, error) { return nil, nil }
func (nothing) waiting(string) <-chan struct{}                                  { return nil }
func (nothing) saw(string, int64)                                               {}

func alone() *teller {
	return &teller{around: nothing{}, log: slog.New(slog.DiscardHandler), now: time.Now, images: true, states: newStates(), notes: newNotes(true)}
}

// FuzzEvent: whatever a server sends, what is told is sound, and the same event is told alike by every node.
func FuzzEvent(f *testing.F) {
	one := own("x", a1, marked(1, storage.Create, "g1"))
	for _, event := range []bson.D{
		happening(1, "insert", "entries", "x", full(one)),
		happening(2, "update", "entries", "x", full(one), imageBefore(one), wrote("_nw.rev")),
		happening(3, "delete", "entries", "x", imageBefore(one)),
		spoken(4, "users:", bson.D{{Key: "a", Value: 1}}),
		notedEvent(5, noteOf("entries", "x", one, marked(2, storage.Delete, "g2"))),
		happening(6, "rename", "entries", "x"),
		{{Key: "_id", Value: token(3)}, {Key: "operationType", Value: "invalidate"}},
	} {
		f.Add([]byte(rawOf(event)))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, told, err := alone().change(t.Context(), raw, "entries")
		if err != nil && !errors.Is(err, storage.ErrGap) || err != nil && told {
			t.Fatalf("told %t, error %v", told, err)
		}
		again, _, _ := alone().change(t.Context(), raw, "entries")
		if c.Group != again.Group || c.After != again.After || c.Identifier != again.Identifier {
			t.Fatalf("%+v and %+v", c, again)
		}
		if !told {
			return
		}
		if c.Kind == "" || c.Group == "" || c.Collection == "" && c.Kind != storage.Tell || c.Before == "" && c.After == "" {
			t.Fatalf("told %+v", c)
		}
	})
}

// FuzzFragments: parts that do not fit together are an error.
func FuzzFragments(f *testing.F) {
	part := func(n, of int) []byte {
		return rawOf(bson.D{{Key: "_id", Value: token(n)}, {Key: "splitEvent", Value: bson.D{{Key: "fragment", Value: n}, {Key: "of", Value: of}}}})
	}
	f.Add(part(1, 2), part(2, 2))
	f.Add(part(1, 1), part(2, 1))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		var parts fragments
		for _, part := range []bson.Raw{a, b} {
			if whole, err := parts.add(part); err == nil && whole != nil && !sound(whole, 0) && sound(a, 0) && sound(b, 0) {
				t.Fatalf("made %x", whole)
			}
		}
	})
}

func TestFragmentsBrokenOff(t *testing.T) {
	var parts fragments
	first := rawOf(bson.D{{Key: "_id", Value: token(1)}, {Key: "splitEvent", Value: bson.D{{Key: "fragment", Value: 1}, {Key: "of", Value: 2}}}})
	if whole, err := parts.add(first); whole != nil || err != nil {
		t.Fatalf("%s, %v", whole, err)
	}
	if _, err := parts.add(rawOf(happening(2, "insert", "entries", "x"))); !errors.Is(err, errFragments) {
		t.Errorf("a whole event among the parts of another: %v", err)
	}
}

// TestFragmentsJoined: the event has the last part's token, which is the one to resume from.
func TestFragmentsJoined(t *testing.T) {
	var parts fragments
	for n := 1; n <= 2; n++ {
		split := bson.D{{Key: "fragment", Value: n}, {Key: "of", Value: 2}}
		whole, err := parts.add(rawOf(bson.D{{Key: "_id", Value: token(n)}, {Key: "splitEvent", Value: split}}))
		if want := rawOf(bson.D{{Key: "_id", Value: token(2)}}); err != nil || n == 2 && string(whole) != string(want) {
			t.Errorf("part %d made %s, %v", n, whole, err)
		}
	}
}

// TestUnsoundEvent: bytes that are no document somewhere within are found out before anything is read.
func TestUnsoundEvent(t *testing.T) {
	raw := rawOf(happening(1, "insert", "entries", "x", full(bson.D{{Key: "a", Value: "text"}})))
	at := strings.Index(string(raw), "text")
	raw[at+4] = 'x' // where the text must end
	raw[at-4] = 200 // its length
	if e, err := readEvent(raw, ""); err == nil {
		t.Errorf("read %+v", e)
	}
}

// TestForgetting: of a document that is gone nothing is kept.
func TestForgetting(t *testing.T) {
	teller := alone()
	for _, event := range []bson.D{
		happening(1, "insert", "entries", "x", full(bson.D{{Key: "_id", Value: "x"}})), happening(2, "delete", "entries", "x"),
	} {
		if _, told, err := teller.change(t.Context(), rawOf(event), ""); !told || err != nil {
			t.Fatalf("told %t, %v", told, err)
		}
	}
	if n := teller.states.cache.order.Len(); n != 0 {
		t.Errorf("%d states are kept", n)
	}
}

func TestPick(t *testing.T) {
	note := func(id string, at int64, rev int64) message {
		return message{ID: id, At: time.UnixMilli(at), Before: own("x", a1, marked(rev, storage.Update, "g"))}
	}
	known := func(rev int64) bson.Raw { return own("x", a2, marked(rev, storage.Update, "g")) }
	all := func() []message { return []message{note("first", 10, 3), note("second", 20, 7), note("third", 30, 3)} }
	for _, c := range []struct {
		known bson.Raw
		at    int64
		want  any
	}{
		{nil, 25, "second"}, {nil, 35, "third"}, {nil, 10, "first"}, {nil, 5, "first"},
		{known(3), 25, "first"}, {known(3), 40, "third"}, {known(7), 40, "second"}, {known(8), 40, nil},
	} {
		if got, ok := pick(all(), c.known, c.at); ok != (c.want != nil) || got.ID != c.want {
			t.Errorf("at %d of revision %d: %v", c.at, rawRevision(c.known), got.ID)
		}
	}
}
