package sqlite

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"nightwire/storage"
)

// firstError is the first thing that a cursor yields, as an error.
func firstError(t *testing.T, e *Engine, after storage.Cursor) error {
	t.Helper()
	for _, err := range e.Changes(t.Context(), after) {
		return err
	}
	return nil
}

// oldest is the number of the oldest change that is kept.
func oldest(t *testing.T, e *Engine) int64 {
	t.Helper()
	for c, err := range e.Changes(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		seq, err := parseCursor(e.epoch, c.Cursor)
		if err != nil {
			t.Fatal(err)
		}
		return seq
	}
	return 0
}

func TestJournalIsPrunedBySize(t *testing.T) {
	dir := t.TempDir()
	o := Options{Dir: dir, JournalBytes: 100_000}
	e := open(t, o)
	first := apply(t, e, note("0", ""))[0]
	for i := range 500 {
		apply(t, e, note(fmt.Sprint(i), strings.Repeat("x", 900)))
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	e = open(t, o) // with nothing in memory
	from := oldest(t, e)
	if from < 390 || from > 420 {
		t.Errorf("the oldest change of 501 is %d; 100,000 bytes hold about 95", from)
	}
	for cursor, gap := range map[storage.Cursor]bool{
		first.Cursor: true, e.cursorAt(0): true, e.cursorAt(from - 2): true, e.cursorAt(from - 1): false, e.cursorAt(500): false,
	} {
		if err := firstError(t, e, cursor); errors.Is(err, storage.ErrGap) != gap {
			t.Errorf("after %s: %v", cursor, err)
		}
	}
}

func (e *Engine) cursorAt(seq int64) storage.Cursor { return cursor(e.epoch, seq) }

func TestJournalIsPrunedByAge(t *testing.T) {
	var mu sync.Mutex
	clock := time.Now()
	dir := t.TempDir()
	o := Options{Dir: dir, JournalAge: time.Hour, Now: func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		return clock
	}}
	e := open(t, o)
	for i := range 200 {
		apply(t, e, note(fmt.Sprint(i), "x"))
	}
	mu.Lock()
	clock = clock.Add(time.Hour + time.Minute)
	mu.Unlock()
	for i := range 10 {
		apply(t, e, note(fmt.Sprint(i), "y"))
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	e = open(t, o)
	if from := oldest(t, e); from != 201 {
		t.Errorf("the oldest change is %d, want the first of the last hour, 201", from)
	}
}

func TestNewestChangeStays(t *testing.T) {
	dir := t.TempDir()
	o := Options{Dir: dir, JournalBytes: 1}
	e := open(t, o)
	var last storage.Change
	for i := range 20 {
		last = apply(t, e, note(fmt.Sprint(i), "x"))[0]
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	e = open(t, o)
	if head, err := e.Head(t.Context()); err != nil || head != last.Cursor {
		t.Errorf("head %s after %s (%v)", head, last.Cursor, err)
	}
	if next := apply(t, e, note("new", "x"))[0]; next.Cursor != e.cursorAt(21) {
		t.Errorf("change 21 is %s", next.Cursor)
	}
}

// TestReaderFallsFarBehind reads on from the disk when the tail in memory has moved on, and gets everything once.
func TestReaderFallsFarBehind(t *testing.T) {
	e := open(t, Options{Dir: t.TempDir()})
	write := func(n int) {
		var group []storage.Write
		for i := range n {
			group = append(group, note(fmt.Sprint(i), "x"))
		}
		apply(t, e, group...)
	}
	write(10)
	seq := int64(0)
	for c, err := range e.Changes(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		if seq++; c.Cursor != e.cursorAt(seq) {
			t.Fatalf("change %s, want number %d", c.Cursor, seq)
		}
		if seq == 5 {
			write(tailChanges + 100)
		}
		if seq == tailChanges+110 {
			break
		}
	}
	if n := len(e.tail.changes); n > tailChanges {
		t.Errorf("%d changes in memory", n)
	}
}

func TestTailIsBoundedByBytes(t *testing.T) {
	e := open(t, Options{Dir: t.TempDir()})
	for i := range 12 {
		apply(t, e, note(fmt.Sprint(i), strings.Repeat("x", 1<<20)))
	}
	e.tail.mu.Lock()
	defer e.tail.mu.Unlock()
	if n := len(e.tail.changes); n != 7 || e.tail.bytes > tailBytes {
		t.Errorf("%d changes, %d bytes in memory", n, e.tail.bytes)
	}
}

func TestAnsweredReachesTheReader(t *testing.T) {
	e := open(t, Options{Dir: t.TempDir()})
	w := note("a", "x")
	answered := make(chan struct{})
	w.Answered = answered
	apply(t, e, w)
	for c, err := range e.Changes(t.Context(), "") {
		if err != nil || c.Answered != (<-chan struct{})(answered) {
			t.Errorf("%+v, %v", c, err)
		}
		break
	}
}

// TestMessagesInTheJournal: a message is no document. It survives a restart, is pruned like any change, and a journal that
// ends in messages passes the start's inspection.
func TestMessagesInTheJournal(t *testing.T) {
	dir := t.TempDir()
	o := Options{Dir: dir, JournalBytes: 50_000}
	e := open(t, o)
	apply(t, e, note("a", "x"))
	for i := range 100 {
		m := storage.Message{Channel: "live:room", Body: storage.Document(fmt.Sprintf(`{"i":%d,"x":"%s"}`, i, strings.Repeat("x", 900)))}
		if err := e.Publish(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	e = open(t, o)
	if from := oldest(t, e); from < 45 || from > 70 {
		t.Errorf("the oldest change of 101 is %d; 50,000 bytes hold about 49", from)
	}
	last := storage.Value("")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for c, err := range e.Changes(ctx, "") {
		if err != nil {
			t.Fatal(err)
		}
		if last = c.After.Get("i"); last == "99" {
			break
		}
	}
	if names := e.table("live:room"); names != nil {
		t.Error("a message made a collection")
	}
}
