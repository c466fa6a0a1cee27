package storage_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"nightwire/storage"
	"nightwire/storage/storagetest"
)

// pager is a client that follows HISTORY page by page.
type pager struct {
	limit  func() int
	cursor int64
	newest map[string]storage.Document // by identifier, as last seen
}

// page reads one page, and tells whether there was anything on it.
func (p *pager) page(t *testing.T, h *house, r storage.Request) bool {
	limit, n := p.limit(), 0
	since := p.cursor
	for doc, err := range h.History(t.Context(), r, "treatments", since, false, limit) {
		if err != nil {
			t.Error(err)
			return false
		}
		n++
		modified, _ := doc.Get("srvModified").Int()
		if modified < p.cursor || modified <= since {
			t.Errorf("limit %d: %d comes after %d", limit, modified, p.cursor)
		}
		before, _ := p.newest[doc.Identifier()].Get("srvModified").Int()
		if modified <= before {
			t.Errorf("limit %d: %s of %d comes again, after %d", limit, doc.Identifier(), modified, before)
		}
		p.cursor, p.newest[doc.Identifier()] = modified, doc
	}
	return n > 0
}

// equals tells whether the client has the newest version of every document.
func (p *pager) equals(all map[string]storage.Document) bool {
	for id, doc := range all {
		if p.newest[id] != doc {
			return false
		}
	}
	return len(p.newest) == len(all)
}

// everything is what is stored.
func (h *house) everything() map[string]storage.Document {
	h.t.Helper()
	all := map[string]storage.Document{}
	for doc, err := range h.engine.Find(h.t.Context(), "treatments", storage.Query{}) {
		if err != nil {
			h.t.Fatal(err)
		}
		all[doc.Identifier()] = doc
	}
	return all
}

// work writes at random: single documents, patches, deletions, and bulks large enough for documents to share a time.
func (h *house) work(r storage.Request, random *rand.Rand, rounds int) {
	text := func() string {
		return fmt.Sprintf(`{"identifier":"n%d","date":1680000000000,"app":"a","v":%d}`, random.IntN(400), random.Int64())
	}
	for range rounds {
		var err error
		switch id := fmt.Sprint("n", random.IntN(400)); random.IntN(8) {
		case 0:
			docs := make([]storage.Document, 1+random.IntN(500))
			for i := range docs {
				docs[i] = storage.Document(text())
			}
			_, err = h.CreateAll(h.t.Context(), r, "treatments", docs)
		case 1:
			_, _ = h.Delete(h.t.Context(), r, "treatments", id, false) // it need not be there
		case 2:
			_, _ = h.Patch(h.t.Context(), r, "treatments", id, `{"patched":true}`)
		default:
			_, err = h.Create(h.t.Context(), r, "treatments", storage.Document(text()))
		}
		if err != nil {
			h.t.Error(err)
		}
	}
}

// Who pages through HISTORY while others write has, in the end, every document in its newest version, and saw no version
// twice.
func TestPagingUnderWriters(t *testing.T) {
	h := newHouse(t, storage.Options{})
	r := h.as("w", "*")
	rounds := 60
	if storagetest.Race {
		rounds = 8
	}
	var writers, readers sync.WaitGroup
	for w := range 4 {
		writers.Go(func() { h.work(r, rand.New(rand.NewPCG(uint64(w), 1)), rounds) })
	}
	written := make(chan struct{})
	go func() { writers.Wait(); close(written) }()
	pagers := []*pager{}
	for i, limit := range []int{1, 2, 3, 10, 77, 500, 1000, 0} {
		random := rand.New(rand.NewPCG(uint64(i), 2))
		p := &pager{newest: map[string]storage.Document{}, limit: func() int { return limit }}
		if limit == 0 {
			p.limit = func() int { return 1 + random.IntN(1000) }
		}
		pagers = append(pagers, p)
		readers.Go(func() {
			for over := false; !t.Failed(); {
				select {
				case <-written:
					over = true
				default:
				}
				if !p.page(t, h, r) && over {
					return
				}
			}
		})
	}
	readers.Wait()
	all := h.everything()
	for i, p := range pagers {
		if !p.equals(all) {
			t.Errorf("reader %d has %d documents, not the newest of all %d", i, len(p.newest), len(all))
		}
	}
	shared := map[storage.Value]int{}
	most := 0
	for _, doc := range all {
		shared[doc.Get("srvModified")]++
		most = max(most, shared[doc.Get("srvModified")])
	}
	t.Logf("%d documents, up to %d of one time", len(all), most)
}

// Whatever the limit, the pages hold every document once.
func TestPagingWithEveryLimit(t *testing.T) {
	h := newHouse(t, storage.Options{})
	r := h.as("w", "*")
	h.work(r, rand.New(rand.NewPCG(3, 3)), 60)
	all := h.everything()
	step := 1
	if storagetest.Race {
		step = 101
	}
	for limit := 1; limit <= 1000; limit += step {
		p := &pager{newest: map[string]storage.Document{}, limit: func() int { return limit }}
		for p.page(t, h, r) {
		}
		if !p.equals(all) {
			t.Fatalf("limit %d: %d documents of %d", limit, len(p.newest), len(all))
		}
	}
}
