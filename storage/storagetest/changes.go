package storagetest

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"nightwire/storage"
)

// testChangeFields: a change says all that is known, from the writer and from the journal alike.
func testChangeFields(t *testing.T, e storage.Engine) {
	sent := []string{"sgv", `odd "name"`}
	w := put("entries", "a", `"sgv":1`)
	w.By, w.Named = "uploader", "A"
	decide := w.Decide
	w.Decide = func(s *storage.Stored, now int64) (storage.Next, error) {
		next, err := decide(s, now)
		next.Sent = sent
		return next, err
	}
	start := head(t, e)
	created := apply(t, e, w)[0]
	updated := apply(t, e, put("entries", "a", `"sgv":2`))[0]
	deleted := apply(t, e, remove("entries", "a", storage.Delete))[0]
	want := created
	want.Kind, want.Collection, want.Identifier, want.Named = storage.Create, "entries", "a", "A"
	want.Before, want.After = "", document("a", `"sgv":1`, created.Time)
	want.Sent, want.By, want.Revision, want.Last = sent, "uploader", 1, true
	if !reflect.DeepEqual(created, want) || created.Group == "" || created.Time == 0 {
		t.Errorf("created: %+v", created)
	}
	if updated.Kind != storage.Update || updated.Before != created.After || updated.After.Get("sgv") != "2" || updated.Revision != 2 || updated.Named != "a" {
		t.Errorf("updated: %+v", updated)
	}
	if deleted.Kind != storage.Delete || deleted.Before != updated.After || deleted.After != "" || deleted.Revision != 3 || deleted.Identifier != "a" {
		t.Errorf("deleted: %+v", deleted)
	}
	read := journal(t, e, start, 3)
	for i, c := range []storage.Change{created, updated, deleted} {
		read[i].Answered = nil
		if c.Cursor == "" { // only the journal knows it
			c.Cursor = read[i].Cursor
		}
		if len(c.Sent) == 0 && len(read[i].Sent) == 0 {
			c.Sent, read[i].Sent = nil, nil
		}
		if !reflect.DeepEqual(read[i], c) {
			t.Errorf("the journal says %+v, the writer heard %+v", read[i], c)
		}
	}
}

// testOrder: every change is in the journal once, a document's changes in the order of its revisions, a collection's in
// the order of their times; every reader sees one order, from the disk and as it happens.
func (l Limits) testOrder(t *testing.T, e storage.Engine) {
	const writers = 16
	each := l.scaled(100)
	start := head(t, e)
	live := make(chan []storage.Change, 1)
	go func() { live <- journal(t, e, start, writers*each) }()
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for i := range each {
				if _, err := e.Apply(t.Context(), put([]string{"entries", "notes"}[i%2], fmt.Sprint((w+i)%7), fmt.Sprintf(`"v":%d`, i))); err != nil {
					t.Errorf("Apply: %v", err)
				}
			}
		})
	}
	all.Wait()
	cursors, revisions, times := map[storage.Cursor]bool{}, map[string]int64{}, map[string]int64{}
	later := journal(t, e, start, writers*each)
	for _, c := range later {
		name := c.Collection + "/" + c.Identifier
		if cursors[c.Cursor] || c.Revision != revisions[name]+1 || c.Time <= times[c.Collection] {
			t.Fatalf("out of order after revision %d and time %d: %+v", revisions[name], times[c.Collection], c)
		}
		cursors[c.Cursor], revisions[name], times[c.Collection] = true, c.Revision, c.Time
	}
	for i, c := range <-live {
		if c.Cursor != later[i].Cursor {
			t.Fatalf("the live reader saw %s in place %d, a later one %s", c.Cursor, i, later[i].Cursor)
		}
	}
}

// testResume: from any cursor exactly the rest follows.
func (l Limits) testResume(t *testing.T, e storage.Engine) {
	start := head(t, e)
	n := l.scaled(600)
	var group []storage.Write
	for i := range n {
		group = append(group, put("entries", fmt.Sprint(i), `"v":1`))
	}
	fill(t, e, group[:n/2]...)
	for _, w := range group[n/2:] {
		apply(t, e, w)
	}
	all := journal(t, e, start, n)
	silent(t, e, head(t, e), "after the head")
	silent(t, e, all[n-1].Cursor, "after the newest change")
	for i := 0; i < n; i += max(n/20, 1) {
		rest := journal(t, e, all[i].Cursor, n-i-1)
		same := slices.EqualFunc(rest, all[i+1:], func(a, b storage.Change) bool { return a.Cursor == b.Cursor && a.After == b.After })
		if !same {
			t.Errorf("after change %d of %d not exactly the rest came", i, n)
		}
	}
}

// testGap: a cursor that is not of this journal is told apart.
func testGap(t *testing.T, e storage.Engine) {
	apply(t, e, put("entries", "a", ``))
	for _, bad := range []storage.Cursor{"x", "-", "0", "not-a-cursor", "aaaaaaaaaaaaaaaa-1", head(t, e) + "0", head(t, e) + "x"} {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		count := 0
		for _, err := range e.Changes(ctx, bad) {
			count++
			wantError(t, fmt.Sprintf("cursor %q", bad), err, storage.ErrGap)
		}
		cancel()
		if count != 1 {
			t.Errorf("cursor %q: %d answers", bad, count)
		}
	}
}

// testWait: a reader at the head waits for the next change, and just stops when its context ends.
func testWait(t *testing.T, e storage.Engine) {
	ctx, cancel := context.WithCancel(t.Context())
	start := head(t, e)
	heard, ended := make(chan storage.Change), make(chan error, 1)
	go func() {
		defer close(ended)
		for c, err := range e.Changes(ctx, start) {
			if err != nil {
				ended <- err
				return
			}
			heard <- c
		}
	}()
	for i := range 3 {
		want := apply(t, e, put("entries", fmt.Sprint(i), ``))[0]
		select {
		case c := <-heard:
			if c.Identifier != want.Identifier || want.Cursor != "" && c.Cursor != want.Cursor {
				t.Errorf("change %+v came for %+v", c, want)
			}
		case <-time.After(patience):
			t.Fatal("a waiting reader was not woken")
		}
	}
	cancel()
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("a reader whose context ended got %v", err)
		}
	case <-time.After(patience):
		t.Fatal("a reader outlives its context")
	}
}

// testTimes: every write of a collection has a time of its own, later than those before; Decide is told it.
func (l Limits) testTimes(t *testing.T, e storage.Engine) {
	last := time.Now().UnixMilli() - 1000
	for i := range l.scaled(100) {
		for _, w := range []storage.Write{put("entries", fmt.Sprint(i%3), ``), put("entries", "x", ``)} {
			c := apply(t, e, w)[0]
			if c.Time <= last || c.After.Get("srvModified") != storage.IntValue(c.Time) {
				t.Fatalf("time %d after %d, in the document %s", c.Time, last, c.After.Get("srvModified"))
			}
			last = c.Time
		}
	}
	if lead := last - time.Now().UnixMilli(); lead > 1000 {
		t.Errorf("the clock leads by %d ms", lead)
	}
}
