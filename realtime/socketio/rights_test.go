package socketio

import (
	"errors"
	"strings"
	"testing"

	"nightwire/realtime/socketio/engineio"
	"nightwire/security"
	"nightwire/storage"
)

var (
	roleChange    = storage.Change{Kind: storage.Update, Collection: "auth_roles", Identifier: "r"}
	subjectChange = storage.Change{Kind: storage.Delete, Collection: "auth_subjects", Identifier: "s"}
)

// A lost right stops the events at once and a right given back brings them again; the connection stays.
func TestLostRightStopsEvents(t *testing.T) {
	h := newHouse(t, engineio.Options{})
	token := h.token("reader", "api:entries,food:read")
	meal := storage.Change{Kind: storage.Delete, Collection: "food", Identifier: "f"}
	for _, w := range ways {
		h.people.role("reader-role", "api:entries,food:read")
		h.guard.Raise()
		c := h.connect(w)
		c.join()
		c.subscribe(`{"accessToken":"` + token + `"}`)
		h.journal.write(entry(1))
		if got, _ := c.next(); got != entryEvent(1) {
			t.Fatalf("%v: got %s", w, got)
		}
		h.people.role("reader-role", "api:food:read")
		h.journal.write(roleChange, entry(2), meal)
		if got, _ := c.next(); !strings.Contains(got, `"delete"`) {
			t.Fatalf("%v: got %s after the right to it was lost", w, got)
		}
		h.people.role("reader-role", "api:entries:read")
		h.journal.write(roleChange, meal, entry(3))
		if got, _ := c.next(); got != entryEvent(3) {
			t.Fatalf("%v: got %s", w, got)
		}
		c.close()
	}
}

// A subject that is deleted is shut out by a namespace disconnect, after which it hears nothing; others stay.
func TestRevokedSubjectIsShutOut(t *testing.T) {
	h := newHouse(t, engineio.Options{})
	for _, w := range ways {
		token := h.token("reader", "api:*:read")
		c := h.connect(w)
		c.join()
		c.subscribe(`{"accessToken":"` + token + `"}`)
		h.people.forget()
		other := h.token("other", "api:*:read")
		d := h.connect(way{4, "websocket"})
		d.join()
		d.subscribe(`{"accessToken":"` + other + `"}`)
		h.journal.write(subjectChange, entry(1))
		if got, _ := c.next(); got != "41/storage," {
			t.Fatalf("%v: got %s", w, got)
		}
		if got, _ := d.next(); got != entryEvent(1) {
			t.Fatalf("the other got %s", got)
		}
		// The connection itself goes on, and may join again.
		c.join()
		if got := c.subscribe(`{"accessToken":"` + token + `"}`); !strings.Contains(got, badToken) {
			t.Fatalf("%v: got %s", w, got)
		}
	}
}

// Whoever cannot be judged is cut, so that nothing is missed unnoticed.
func TestUnjudgeableIsCut(t *testing.T) {
	h := newHouse(t, engineio.Options{})
	token := h.token("reader", "api:*:read")
	c := h.connect(way{4, "websocket"})
	c.join()
	c.subscribe(`{"accessToken":"` + token + `"}`)
	h.people.breaks(security.ErrUnavailable)
	h.journal.write(roleChange, entry(1))
	c.ended()

	d := h.connect(way{4, "websocket"})
	d.join()
	d.send(`42/storage,1["subscribe",{"accessToken":"` + token + `"}]`)
	d.ended() // not told that its token is bad, which it is not
}

// A journal that fails cuts everybody, and goes on from its newest change.
func TestBrokenJournalCutsAll(t *testing.T) {
	h := newHouse(t, engineio.Options{})
	token := h.token("reader", "api:*:read")
	var clients []*client
	for _, w := range ways {
		c := h.connect(w)
		c.join()
		c.subscribe(`{"accessToken":"` + token + `"}`)
		clients = append(clients, c)
	}
	h.journal.breakDown(errors.New("disk gone"))
	for _, c := range clients {
		c.ended()
	}
	// The hub cuts once more when it starts again, so a client may have to come twice, as real ones do.
	for n := 0; ; n++ {
		c := h.connect(way{4, "websocket"})
		c.join()
		c.subscribe(`{"accessToken":"` + token + `"}`)
		h.journal.write(entry(n))
		if got, ok := c.next(); ok {
			if eventNumber(got) != n {
				t.Fatalf("got %s, want event %d", got, n)
			}
			return
		}
	}
}
