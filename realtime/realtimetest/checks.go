package realtimetest

import (
	"errors"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"nightwire/security"
)

// Every event comes once, and in the order of the writes.
func onceAndInOrder(t *testing.T, p Protocol) {
	s := open(t, p)
	token := s.reader("reader")
	a, b := p.listener(t, s.House, token), p.listener(t, s.House, token)
	var all []string
	for i := range 100 {
		all = append(all, s.write(1+i%3, 10)...)
	}
	a.hears(all...)
	b.hears(all...)
}

// While somebody writes, clients come and subscribe: each hears everything that is written from then on, once and in order,
// and before that at most what came right before.
func nothingLost(t *testing.T, p Protocol) {
	s := open(t, p)
	token := s.reader("reader")
	const clients, writes = 20, 400
	var written atomic.Pointer[[]string]
	written.Store(new([]string))
	var listening sync.WaitGroup
	all := []string{}
	for i := range writes {
		all = append(all, s.write(1+i%2, 10)...)
		so := slices.Clip(all)
		written.Store(&so)
		if i%(writes/clients/2) == 0 && i < writes/2 {
			listening.Go(func() {
				c := p.listener(t, s.House, token)
				from := len(*written.Load())
				c.hearsFrom(from, writes*3/2, &written)
			})
		}
	}
	listening.Wait()
}

// hearsFrom checks that a client hears the keys with the numbers from to end, perhaps after some that come right before.
func (c *Client) hearsFrom(from, end int, written *atomic.Pointer[[]string]) {
	first, err := c.next()
	if err != nil {
		c.Errorf("heard nothing: %v", err)
		return
	}
	at := -1
	for deadline := time.Now().Add(patience); at < 0 && time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		at = slices.Index(*written.Load(), first) // the writer may not know the key yet
	}
	if at < 0 || at > from {
		c.Errorf("the first heard is number %d, %q, of those from %d on", at, first, from)
		return
	}
	for at++; at < end; at++ {
		key, err := c.next()
		if err != nil {
			c.Errorf("ends before number %d: %v", at, err)
			return
		}
		for deadline := time.Now().Add(patience); len(*written.Load()) <= at && time.Now().Before(deadline); {
			time.Sleep(time.Millisecond)
		}
		if want := (*written.Load())[at]; key != want {
			c.Errorf("number %d is %q, want %q", at, key, want)
			return
		}
	}
}

// What several people write at once stays together by writer.
func groupsTogether(t *testing.T, p Protocol) {
	s := open(t, p)
	c := p.listener(t, s.House, s.reader("reader"))
	var writing sync.WaitGroup
	var mu sync.Mutex
	groups := map[string][]string{} // by first key
	for range 4 {
		writing.Go(func() {
			for range 10 {
				keys := s.write(5, 10)
				mu.Lock()
				groups[keys[0]] = keys
				mu.Unlock()
			}
		})
	}
	writing.Wait()
	for range groups {
		first, err := c.next()
		if err != nil || len(groups[first]) == 0 {
			t.Fatalf("heard %q, %v, which begins no group", first, err)
		}
		c.hears(groups[first][1:]...)
	}
}

// Without the right, nothing is heard; others, and whoever has it again, hear on.
func revokedRight(t *testing.T, p Protocol) {
	s := open(t, p)
	neighbour := p.listener(t, s.House, s.reader("neighbour"))
	c := p.listener(t, s.House, s.reader("reader"))
	before := s.write(1, 10)
	c.hears(before...)
	s.remove(security.Roles, "reader")
	secret := s.write(1, 10)
	neighbour.hears(append(before, secret...)...)
	s.role("reader", "api:*:read")
	after := s.write(1, 10)
	c.hears(after...)
	neighbour.hears(after...)
}

// Whoever no longer exists hears nothing, and is shut out sooner or later.
func subjectRemoved(t *testing.T, p Protocol) {
	s := open(t, p)
	neighbour := p.listener(t, s.House, s.reader("neighbour"))
	c := p.listener(t, s.House, s.reader("reader"))
	s.remove(security.Subjects, "reader")
	neighbour.hears(s.write(1, 10)...)
	if err := c.end(); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("is not shut out")
	}
	if len(c.heard) > 0 {
		t.Errorf("heard %q", c.heard)
	}
}

// A client that does not read is cut within its bound, and nobody else notices.
func slowReader(t *testing.T, p Protocol) {
	s := open(t, p)
	token := s.reader("reader")
	slow, err := p.dial(t, s.House, token, 4096)
	if err != nil {
		t.Fatal(err)
	}
	p.Subscribe(slow)
	neighbour := p.listener(t, s.House, token)
	const each, size, limit = 8, 100_000, 64 << 20 // the bound is the outbox, and whatever the system keeps
	for written := 0; s.Connections() > 1; written += each * size {
		if written > limit {
			t.Fatalf("not cut after %d bytes", written)
		}
		neighbour.hears(s.write(each, size)...)
	}
	if s.Connections() != 1 {
		t.Error("the neighbour was cut, too")
	}
	neighbour.hears(s.write(1, size)...)
}

// Without its journal a server cannot know what was missed: all are cut, and come back.
func journalFails(t *testing.T, p Protocol) {
	s := open(t, p)
	token := s.reader("reader")
	a, b := p.listener(t, s.House, token), p.listener(t, s.House, token)
	a.hears(s.write(1, 10)...)
	s.journal.fail()
	for _, c := range []*Client{a, b} {
		if err := c.end(); !cutOff(err) {
			t.Errorf("not cut but %v", err)
		}
	}
	s.await("all are gone", func() bool { return s.Connections() == 0 })
	// Whoever comes before the journal is followed again is cut again, so that the first success counts.
	for deadline := time.Now().Add(patience); ; {
		c := p.listener(quiet{t}, s.House, token)
		want := s.write(1, 10)
		if got, err := c.next(); err == nil {
			for got != want[0] && err == nil { // a snapshot comes first
				got, err = c.next()
			}
			if err == nil {
				return
			}
		}
		if time.Now().After(deadline) {
			t.Fatal("nothing is heard any more")
		}
	}
}

// quiet does not mind what fails.
type quiet struct{ testing.TB }

func (quiet) Error(...any)          {}
func (quiet) Errorf(string, ...any) {}

// cutOff tells a connection that was cut from one that was closed, and from one that lives.
func cutOff(err error) bool {
	return !errors.Is(err, os.ErrDeadlineExceeded) &&
		(websocket.IsCloseError(err, websocket.CloseAbnormalClosure) || !websocket.IsCloseError(err, closeCodes...))
}

var closeCodes = []int{
	websocket.CloseNormalClosure, websocket.CloseGoingAway, websocket.CloseProtocolError, websocket.CloseUnsupportedData,
	websocket.CloseNoStatusReceived, websocket.ClosePolicyViolation, websocket.CloseInternalServerErr, websocket.CloseServiceRestart,
}

// A server that stops ends its connections and takes no more.
func serverStops(t *testing.T, p Protocol) {
	s := open(t, p)
	token := s.reader("reader")
	clients := make([]*Client, 20)
	var ended sync.WaitGroup
	for i := range clients {
		clients[i] = p.listener(t, s.House, token)
		ended.Go(func() {
			if err := clients[i].end(); errors.Is(err, os.ErrDeadlineExceeded) {
				t.Error("not ended")
			}
		})
	}
	s.Stop()
	if n := s.Connections(); n != 0 {
		t.Errorf("%d connections are left", n)
	}
	ended.Wait()
	if c, err := p.dial(t, s.House, token, 0); err == nil {
		if err := c.end(); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Error("took another connection")
		}
	}
}

// Connections leave nothing behind, however they end.
func nothingLeft(t *testing.T, p Protocol) {
	s := open(t, p)
	token := s.reader("reader")
	steady := p.listener(t, s.House, token)
	before := runtime.NumGoroutine()
	for range 5 {
		var clients []*Client
		for range 40 {
			clients = append(clients, p.listener(t, s.House, token))
		}
		keys := s.write(3, 10)
		steady.hears(keys...)
		for i, c := range clients {
			if i%2 == 0 {
				_ = c.ws.WriteControl(websocket.CloseMessage, nil, time.Now().Add(patience)) // its end is what counts
			}
			c.ws.Close()
		}
		s.await("the connections end", func() bool { return s.Connections() == 1 })
	}
	s.await("the goroutines end", func() bool { return runtime.NumGoroutine() <= before+5 })
}
