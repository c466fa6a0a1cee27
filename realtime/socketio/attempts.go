package socketio

import (
	"sync"
	"time"
)

const (
	attemptsPerMinute = 20
	// maxAddresses bounds the memory of failed attempts. When it is full, addresses whose minute is over are forgotten,
	// and if there are none, all are.
	maxAddresses = 10_000
)

// attempts counts bad access tokens per address and minute. Unlike those of REST, they do not delay the answer.
type attempts struct {
	now       func() time.Time
	mu        sync.Mutex
	addresses map[string]failures
}

type failures struct {
	count int
	since time.Time
}

func newAttempts(now func() time.Time) *attempts {
	return &attempts{now: now, addresses: make(map[string]failures)}
}

// failed counts a bad token and tells whether the address has shown too many.
func (a *attempts) failed(address string) (tooMany bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.now()
	f, known := a.addresses[address]
	if !known && len(a.addresses) >= maxAddresses {
		a.forget(now)
	}
	if now.Sub(f.since) >= time.Minute {
		f = failures{since: now}
	}
	f.count++
	a.addresses[address] = f
	return f.count > attemptsPerMinute
}

func (a *attempts) forget(now time.Time) {
	for address, f := range a.addresses {
		if now.Sub(f.since) >= time.Minute {
			delete(a.addresses, address)
		}
	}
	if len(a.addresses) >= maxAddresses {
		clear(a.addresses)
	}
}
