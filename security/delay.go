package security

import (
	"context"
	"fmt"
	"sync"
	"time"
)

const (
	maxDelay     = time.Minute // the longest wait that failures can add up to
	maxWaiters   = 100         // requests of one address that may wait at once
	maxAddresses = 1 << 16     // addresses that are remembered
)

// Attempts slows down whoever guesses secrets (spec nightscout-v3 §7): each refused credential of an address adds a delay
// to the time before which no further request of that address is judged. Its methods may be called concurrently.
type Attempts struct {
	delay time.Duration

	mu        sync.Mutex
	addresses map[string]*address
}

type address struct {
	notBefore time.Time
	waiting   int
}

// NewAttempts adds the given delay for each failure; 0 adds none.
func NewAttempts(delay time.Duration) *Attempts {
	return &Attempts{delay: delay, addresses: map[string]*address{}}
}

// Wait returns nil when a request of the address may be judged. Errors: ErrUnauthenticated at once when too many requests
// of the address are waiting; ErrUnavailable when ctx ends first.
func (a *Attempts) Wait(ctx context.Context, addr string) error {
	entry, wait, err := a.enter(addr)
	if err != nil || wait <= 0 {
		return err
	}
	defer a.leave(addr, entry)
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%w: waiting after failed attempts: %w", ErrUnavailable, context.Cause(ctx))
	}
}

// enter counts a waiter when there is something to wait for.
func (a *Attempts) enter(addr string) (entry *address, wait time.Duration, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	entry = a.addresses[addr]
	if entry == nil {
		return nil, 0, nil
	}
	if wait = time.Until(entry.notBefore); wait <= 0 {
		return nil, 0, nil
	}
	if entry.waiting >= maxWaiters {
		return nil, 0, fmt.Errorf("%w: too many waiting requests of one address", ErrUnauthenticated)
	}
	entry.waiting++
	return entry, wait, nil
}

func (a *Attempts) leave(addr string, entry *address) {
	a.mu.Lock()
	defer a.mu.Unlock()
	entry.waiting--
	a.forget(addr, entry, time.Now())
}

// Failed counts a refused credential of the address.
func (a *Attempts) Failed(addr string) {
	if a.delay <= 0 {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	entry := a.addresses[addr]
	if entry == nil {
		a.makeRoom(now)
		entry = &address{}
		a.addresses[addr] = entry
	}
	from := entry.notBefore
	if from.Before(now) {
		from = now
	}
	entry.notBefore = from.Add(a.delay)
	if latest := now.Add(maxDelay); entry.notBefore.After(latest) {
		entry.notBefore = latest
	}
}

// Succeeded forgets the failures of the address. Requests that wait already go on waiting.
func (a *Attempts) Succeeded(addr string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if entry := a.addresses[addr]; entry != nil {
		entry.notBefore = time.Time{}
		a.forget(addr, entry, time.Now())
	}
}

// forget drops an address that is as good as unknown: its time has come and nobody waits.
func (a *Attempts) forget(addr string, entry *address, now time.Time) {
	if entry.waiting == 0 && !entry.notBefore.After(now) && a.addresses[addr] == entry {
		delete(a.addresses, addr)
	}
}

// makeRoom keeps the memory bounded: at the limit it drops what is over and, where that is too little, any addresses, a
// quarter at once so that the next calls need not search again.
func (a *Attempts) makeRoom(now time.Time) {
	if len(a.addresses) < maxAddresses {
		return
	}
	for addr, entry := range a.addresses {
		a.forget(addr, entry, now)
	}
	for addr := range a.addresses {
		if len(a.addresses) <= maxAddresses/4*3 {
			return
		}
		delete(a.addresses, addr)
	}
}
