package socketio

import (
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"nightwire/realtime/socketio/engineio"
)

// eventNumber is which entry an event is about; -1 when it is no event.
func eventNumber(packet string) int {
	_, rest, found := strings.Cut(packet, `"sgv":`)
	digits, _, _ := strings.Cut(rest, ",")
	n, err := strconv.Atoi(digits)
	if !found || err != nil {
		return -1
	}
	return n
}

// follow checks that a client hears of all of the entries, in order, none twice.
func (c *client) follow(first, n int) {
	c.t.Helper()
	for want := first; want < first+n; want++ {
		got, ok := c.next()
		if !ok {
			c.t.Errorf("%v: connection ended before event %d", c.way, want)
			return
		}
		if eventNumber(got) != want {
			c.t.Errorf("%v: got %.100s, want event %d", c.way, got, want)
			return
		}
	}
}

func volume(full, underRace int) int {
	if raceEnabled {
		return underRace
	}
	return full
}

// Nothing is lost: thousands of changes in bursts to clients on every way, which upgrade in the middle of it.
func TestNothingLost(t *testing.T) {
	h := newHouse(t, engineio.Options{})
	token := h.token("reader", "api:*:read")
	n := volume(5000, 400)
	var listening sync.WaitGroup
	for _, w := range append(ways, ways...) {
		c := h.connect(w)
		c.join()
		c.subscribe(`{"accessToken":"` + token + `","collections":["entries"]}`)
		listening.Go(func() { c.follow(0, n) })
		if w.transport == "upgrade" {
			listening.Go(func() {
				time.Sleep(20 * time.Millisecond) // somewhere among the bursts; it does not matter where
				c.upgrade()
			})
		}
	}
	for i := 0; i < n; i += 20 {
		for j := i; j < i+20; j++ {
			h.journal.write(entry(j))
		}
		if i%200 == 0 {
			time.Sleep(5 * time.Millisecond) // the pace; not waiting for anything
		}
	}
	listening.Wait()
}

// The moment of upgrade: a thousand clients go from polling to WebSocket while events flow.
func TestUpgradesKeepOrder(t *testing.T) {
	h := newHouse(t, engineio.Options{})
	token := h.token("reader", "api:*:read")
	upgrades, each := volume(1000, 60), 30
	const together = 10
	number := 0
	for i := 0; i < upgrades; i += together {
		first := number
		var done sync.WaitGroup
		clients := make([]*client, together)
		for k := range clients {
			c := h.connect(way{3 + k%2, "upgrade"})
			c.join()
			c.subscribe(`{"accessToken":"` + token + `","collections":["entries"]}`)
			clients[k] = c
		}
		for _, c := range clients {
			done.Go(c.upgrade)
			done.Go(func() { c.follow(first, each) })
		}
		for range each {
			h.journal.write(entry(number))
			number++
			time.Sleep(50 * time.Microsecond)
		}
		done.Wait()
		for _, c := range clients {
			c.close()
		}
		if t.Failed() {
			return
		}
	}
}
