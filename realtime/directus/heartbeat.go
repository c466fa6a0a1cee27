package directus

import (
	"sync"
	"time"
)

// heartbeat asks a client for a sign of life once a period, and gives it up when none came within the next one. Anything that
// the client sends is a sign; a message that is being worked on is one too, because others may wait behind it unread.
type heartbeat struct {
	period time.Duration
	ask    func()
	giveUp func()

	mu      sync.Mutex
	timer   *time.Timer
	asked   bool
	heard   bool // since it was asked
	working bool // on a message
}

// startHeartbeat returns a heartbeat that runs until it is stopped. What it calls must not block.
func startHeartbeat(period time.Duration, ask, giveUp func()) *heartbeat {
	h := &heartbeat{period: period, ask: ask, giveUp: giveUp}
	h.mu.Lock() // the first beat may come before there is a timer to stop
	defer h.mu.Unlock()
	h.timer = time.AfterFunc(period, h.beat)
	return h
}

// begin and end stand around the work on a message. A nil heartbeat notes nothing.
func (h *heartbeat) begin() { h.note(true) }

func (h *heartbeat) end() { h.note(false) }

func (h *heartbeat) note(working bool) {
	if h == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.heard, h.working = true, working
}

// stop ends it. It may be called again, and of a nil heartbeat.
func (h *heartbeat) stop() {
	if h == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.timer != nil {
		h.timer.Stop()
		h.timer = nil
	}
}

// beat is one period's end.
func (h *heartbeat) beat() {
	switch h.judge() {
	case alive:
		h.ask()
	case silent:
		h.giveUp()
	}
}

// sign is what one period has shown.
type sign uint8

const (
	stopped sign = iota
	alive
	silent
)

// judge ends one period and, unless it is the last one, begins the next.
func (h *heartbeat) judge() sign {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.timer == nil:
		return stopped
	case h.asked && !h.heard && !h.working:
		h.timer = nil
		return silent
	}
	h.asked, h.heard = true, false
	h.timer.Reset(h.period)
	return alive
}
