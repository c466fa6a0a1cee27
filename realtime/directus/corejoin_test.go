package directus

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"nightwire/security"
	"nightwire/storage"
)

// told is a message of a subscription.
type told struct {
	Type, Event, UID string
	Data             json.RawMessage
}

// copyOf is a collection as a subscriber knows it: n by id.
type copyOf map[int]int

// apply takes in an event. Rows bear a number that every write raises, so a change that is told twice, or after a later one,
// shows; the last write of all ends the subscription.
func (c copyOf) apply(t *testing.T, m told) (end bool) {
	t.Helper()
	if m.Event == "delete" {
		var ids []int
		if err := json.Unmarshal(m.Data, &ids); err != nil {
			t.Fatal(err)
		}
		for _, id := range ids {
			delete(c, id)
		}
		return false
	}
	var rows []struct{ ID, N int }
	if err := json.Unmarshal(m.Data, &rows); err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		before, known := c[row.ID]
		if known && (m.Event == "create" || row.N <= before) {
			t.Errorf("%s: item %d from %d to %d", m.Event, row.ID, before, row.N)
		}
		c[row.ID] = row.N
		end = end || row.N == lastWrite
	}
	return end
}

const lastWrite = 1 << 30

// scribble creates, updates and deletes items of its own until told to stop, and returns what is left of them.
func (h *house) scribble(t *testing.T, stop <-chan struct{}) copyOf {
	r := storage.Request{Who: security.Operator()}
	left, n := copyOf{}, 0
	var ids []int
	doc := func(more string) storage.Document {
		n++
		return storage.Document(fmt.Sprintf(`{"n":%d%s}`, n, more))
	}
	id := func(result storage.Result) (id int) {
		_, err := fmt.Sscan(result.Identifier, &id)
		if err != nil {
			t.Error(err)
		}
		return id
	}
	name := func(ids []int) (names []string) {
		for _, id := range ids {
			names = append(names, fmt.Sprint(id))
		}
		return names
	}
	answered := make(chan struct{})
	defer func() { close(answered) }()
	for {
		select {
		case <-stop:
			return left
		default:
		}
		var results []storage.Result
		var err error
		some := ids[:min(len(ids), 1+rand.IntN(3))]
		// The answer to a write comes after the next one: the hub is always behind what can be read.
		late := answered
		answered = make(chan struct{})
		r.Answered = answered
		gone := false
		switch choice := rand.IntN(10); {
		case len(ids) == 0 || choice < 4 && len(ids) < 50: // a snapshot must not cost ever more
			results, err = h.documents.Insert(t.Context(), r, "test", []storage.Document{doc(""), doc("")})
		case choice < 8:
			results, err = h.documents.PatchAll(t.Context(), r, "test", name(some), doc(""))
		default:
			results, err = h.documents.DeleteAll(t.Context(), r, "test", name(some))
			gone = true
		}
		close(late)
		if err != nil {
			t.Error(err)
			return left
		}
		for _, result := range results {
			id := id(result)
			if gone {
				delete(left, id)
				continue
			}
			if _, known := left[id]; !known {
				ids = append(ids, id)
			}
			at, _ := result.Change.After.Get("n").Int()
			left[id] = int(at)
		}
		if gone {
			ids = ids[len(some):]
		}
		rand.Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
	}
}

// Whoever subscribes while others write knows, by the state that he was sent and the events that followed, what there is in
// the end, and was told each change once.
func TestNothingIsLostBetweenInitAndEvents(t *testing.T) {
	h, admin := coreHouse(t, Options{})
	stop := make(chan struct{})
	var writers, subscribers sync.WaitGroup
	var mu sync.Mutex
	all := copyOf{1: 1, 2: 2, 3: 3}
	for range 2 {
		writers.Go(func() {
			left := h.scribble(t, stop)
			mu.Lock()
			defer mu.Unlock()
			for id, n := range left {
				all[id] = n
			}
		})
	}
	const connections, rounds = 8, 30
	copies := make(chan copyOf, connections*rounds)
	var joined sync.WaitGroup
	joined.Add(connections)
	for range connections {
		c := h.dial("?access_token=" + admin)
		subscribers.Go(func() {
			for _, known := range c.follow(t, rounds, joined.Done) {
				copies <- known
			}
		})
	}
	joined.Wait()
	close(stop)
	writers.Wait()
	if _, err := h.documents.Insert(t.Context(), storage.Request{Who: security.Operator()}, "test", []storage.Document{storage.Document(fmt.Sprintf(`{"identifier":"999999","n":%d}`, lastWrite))}); err != nil {
		t.Fatal(err)
	}
	all[999999] = lastWrite
	subscribers.Wait()
	close(copies)
	for known := range copies {
		if fmt.Sprint(known) != fmt.Sprint(all) {
			t.Errorf("%d items, want %d\n got %v\nwant %v", len(known), len(all), known, all)
			return
		}
	}
	t.Logf("%d items are left", len(all))
}

// follow subscribes several times, one after the other, and follows all until the last write; joined is called when all
// have begun.
func (c *client) follow(t *testing.T, rounds int, joined func()) map[string]copyOf {
	known := map[string]copyOf{}
	for ends, asked := 0, 0; ends < rounds; {
		if asked == len(known) && asked < rounds {
			asked++
			c.send(fmt.Sprintf(`{"type":"subscribe","collection":"test","query":{"fields":["id","n"],"limit":-1},"uid":"u%d"}`, asked))
		}
		text := c.next()
		var m told
		if err := json.Unmarshal([]byte(text), &m); err != nil || m.Type != "subscription" {
			t.Errorf("%s: %v", text, err)
			return known
		}
		if m.Event == "init" {
			known[m.UID] = copyOf{}
			if len(known) == rounds {
				joined()
			}
		} else if known[m.UID] == nil {
			t.Errorf("an event before init: %s", text)
			return known
		}
		if known[m.UID].apply(t, m) {
			ends++
		}
	}
	return known
}
