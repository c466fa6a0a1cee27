package storagetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"nightwire/storage"
)

// increment adds one to a counter, which it creates when it is not there.
func increment(stored *storage.Stored, now int64) (storage.Next, error) {
	if stored == nil {
		return storage.Next{Kind: storage.Create, Document: document("counter", `"n":1`, now)}, nil
	}
	n, _ := stored.Document.Get("n").Int()
	return storage.Next{Kind: storage.Update, Document: document("counter", fmt.Sprintf(`"n":%d`, n+1), now)}, nil
}

// testOneIdentifier: of 64 writers of one identifier exactly one creates it, and nobody's write is lost.
func (l Limits) testOneIdentifier(t *testing.T, e storage.Engine) {
	const writers = 64
	each := l.scaled(100)
	changes := make(chan storage.Change, writers*each)
	var all sync.WaitGroup
	for range writers {
		all.Go(func() {
			for range each {
				done, err := e.Apply(t.Context(), storage.Write{Collection: "notes", Key: storage.Key{Identifier: "counter"}, Decide: increment})
				if err != nil {
					t.Errorf("Apply: %v", err)
					return
				}
				changes <- done[0]
			}
		})
	}
	all.Wait()
	close(changes)
	creates, revisions := 0, []int64{}
	for c := range changes {
		if c.Kind == storage.Create {
			creates++
		}
		revisions = append(revisions, c.Revision)
	}
	slices.Sort(revisions)
	if creates != 1 {
		t.Errorf("%d creates", creates)
	}
	for i, r := range revisions {
		if r != int64(i+1) {
			t.Fatalf("revision %d is missing or came twice", i+1)
		}
	}
	stored, err := e.Get(t.Context(), "notes", storage.Key{Identifier: "counter"})
	if n, _ := stored.Document.Get("n").Int(); err != nil || n != int64(writers*each) || stored.Revision != n {
		t.Errorf("counter %d at revision %d after %d writes (%v)", n, stored.Revision, writers*each, err)
	}
}

// testGroupAtomic: when one write of a group is refused, none of it happened, and the group beside it is unharmed.
func testGroupAtomic(t *testing.T, e storage.Engine) {
	apply(t, e, put("notes", "kept", `"v":1`))
	before := head(t, e)
	refusal := errors.New("no")
	refuse := storage.Write{Collection: "notes", Key: storage.Key{Identifier: "kept"},
		Decide: func(stored *storage.Stored, _ int64) (storage.Next, error) {
			if v, _ := stored.Document.Get("v").Int(); v != 2 {
				t.Errorf("the third write of the group sees v=%d of the first", v)
			}
			return storage.Next{}, refusal
		}}
	var others sync.WaitGroup
	others.Go(func() { apply(t, e, put("notes", "beside", `"v":1`)) })
	_, err := e.Apply(t.Context(), put("notes", "kept", `"v":2`), put("later", "new", `"v":1`), refuse)
	others.Wait()
	wantError(t, "the group", err, refusal)
	if got := find(t, e, "notes", storage.Query{Sort: []storage.SortKey{{Path: "identifier"}}}); len(got) != 2 || got[1].Get("v") != "1" {
		t.Errorf("documents %v after a refused group", got)
	}
	if got := find(t, e, "later", storage.Query{}); len(got) != 0 {
		t.Errorf("documents %v of a refused group", got)
	}
	got := journal(t, e, before, 1)
	if got[0].Identifier != "beside" {
		t.Errorf("the journal tells %v", got)
	}
	silent(t, e, got[0].Cursor, "after a refused group")
	apply(t, e, put("later", "new", `"v":3`), put("notes", "kept", `"v":3`))
	_, err = e.Apply(t.Context(), put("later", "newer", `"v":1`), putForeign("notes", "kept", ``), putForeign("notes", "kept", ``))
	wantError(t, "a group with an _id twice", err, storage.ErrTaken)
	if got := find(t, e, "later", storage.Query{}); len(got) != 1 {
		t.Errorf("documents %v after a second refused group", got)
	}
}

// testGroupsTogether: the changes of concurrent groups do not mingle, and each group's last change is marked.
func (l Limits) testGroupsTogether(t *testing.T, e storage.Engine) {
	const writers, size = 16, 3
	each := l.scaled(50)
	start := head(t, e)
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for i := range each {
				var group []storage.Write
				for k := range size {
					group = append(group, put([]string{"notes", "entries"}[k%2], fmt.Sprintf("%d-%d-%d", w, i, k), `"v":1`))
				}
				if _, err := e.Apply(t.Context(), group...); err != nil {
					t.Errorf("Apply: %v", err)
				}
			}
		})
	}
	all.Wait()
	if t.Failed() {
		return
	}
	seen := map[string]bool{}
	changes := journal(t, e, start, writers*each*size)
	for group := range slices.Chunk(changes, size) {
		if name := group[0].Group; name == "" || seen[name] {
			t.Fatalf("group %q came twice or has no name", name)
		}
		seen[group[0].Group] = true
		for k, c := range group {
			if c.Group != group[0].Group || c.Last != (k == size-1) || c.Identifier[:len(c.Identifier)-1] != group[0].Identifier[:len(c.Identifier)-1] {
				t.Fatalf("groups mingle: %v", group)
			}
		}
	}
}

// testSeries: an engine that offers it performs a series in order, and a refusal concerns one write alone.
func testSeries(t *testing.T, e storage.Engine) {
	s, ok := e.(storage.Series)
	if !ok {
		t.Skip("not offered")
	}
	before := head(t, e)
	var series []storage.Write
	for i := range 40 {
		series = append(series, storage.Write{Collection: "notes", Key: storage.Key{Identifier: "counter"}, Decide: increment})
		if i%4 == 3 {
			series = append(series, remove("notes", "nobody", storage.Delete))
		}
	}
	var written []storage.Change
	for i, a := range s.ApplyEach(t.Context(), series...) {
		if i%5 == 4 {
			wantError(t, "the deletion of nothing", a.Err, storage.ErrNotFound)
		} else if n, _ := a.Change.After.Get("n").Int(); a.Err != nil || n != int64(len(written)+1) || a.Change.Revision != n {
			t.Fatalf("write %d: %+v", i, a)
		} else {
			written = append(written, a.Change)
		}
	}
	for i, c := range journal(t, e, before, len(written)) {
		if c.Revision != written[i].Revision || !c.Last {
			t.Fatalf("change %d: %+v", i, c)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, a := range s.ApplyEach(ended, series...) {
		wantError(t, "a series after its context's end", a.Err, context.Canceled)
	}
}

// testRefused: a refused write leaves no trace, and its error comes back as it was.
func testRefused(t *testing.T, e storage.Engine) {
	before := head(t, e)
	_, err := e.Apply(t.Context(), storage.Write{Collection: "notes", Key: storage.Key{Identifier: "x"},
		Decide: func(*storage.Stored, int64) (storage.Next, error) { return storage.Next{}, storage.ErrReadOnly }})
	wantError(t, "a refused write", err, storage.ErrReadOnly)
	_, err = e.Get(t.Context(), "notes", storage.Key{Identifier: "x"})
	wantError(t, "Get", err, storage.ErrNotFound)
	silent(t, e, before, "of a refused write")
	_, err = e.Apply(t.Context(), put("Not A Name", "x", ``))
	wantError(t, "a bad collection name", err, storage.ErrInvalid)
	if changes, err := e.Apply(t.Context()); err != nil || len(changes) != 0 {
		t.Errorf("an empty group: %v, %v", changes, err)
	}
}

// testPanic: a write that panics fails alone.
func testPanic(t *testing.T, e storage.Engine) {
	_, err := e.Apply(t.Context(), storage.Write{Collection: "notes", Key: storage.Key{Identifier: "x"},
		Decide: func(*storage.Stored, int64) (storage.Next, error) { panic("on purpose") }})
	if err == nil {
		t.Error("a write that panicked succeeded")
	}
	apply(t, e, put("notes", "x", `"v":1`))
}

// testEndedContext: a write whose context has ended before it is begun is not performed; one that has begun is answered by
// its outcome.
func testEndedContext(t *testing.T, e storage.Engine) {
	ctx, cancel := context.WithCancel(t.Context())
	inside, release := make(chan struct{}), make(chan struct{})
	first := make(chan error)
	go func() {
		_, err := e.Apply(ctx, storage.Write{Collection: "notes", Key: storage.Key{Identifier: "slow"},
			Decide: func(_ *storage.Stored, now int64) (storage.Next, error) {
				close(inside)
				<-release
				return storage.Next{Kind: storage.Create, Document: document("slow", "", now)}, nil
			}})
		first <- err
	}()
	<-inside
	cancel()
	for i := range 30 {
		_, err := e.Apply(ctx, put("notes", fmt.Sprint("late", i), `"v":1`))
		wantError(t, "a write after its context's end", err, context.Canceled)
	}
	select {
	case err := <-first:
		t.Errorf("a write was answered while it went on: %v", err)
	case <-time.After(20 * time.Millisecond):
		close(release)
		if err := <-first; err != nil {
			t.Errorf("a write that had begun: %v", err)
		}
	}
	apply(t, e, put("notes", "next", `"v":1`))
	if got := identifiers(find(t, e, "notes", storage.Query{Sort: []storage.SortKey{{Path: "identifier"}}})); !slices.Equal(got, []string{"next", "slow"}) {
		t.Errorf("documents %v", got)
	}
}
