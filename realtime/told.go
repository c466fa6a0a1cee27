package realtime

import "sync"

// maxTold is how many groups are remembered, both of those that have been handed out and of those that are waited for.
const maxTold = 1024

var always = func() chan struct{} {
	done := make(chan struct{})
	close(done)
	return done
}()

// told knows which groups of changes the hub has handed out of late, and who waits for others.
type told struct {
	mu      sync.Mutex
	recent  map[string]struct{}
	order   ring // of recent
	waited  map[string]chan struct{}
	waiters ring // names in waited, and some that no longer are
}

func newTold() *told {
	return &told{recent: make(map[string]struct{}), waited: make(map[string]chan struct{})}
}

// Told returns a channel that is closed once the sessions have been handed all changes of a group (storage.Change.Group),
// or will never be. Only the latest groups are known: ask soon after the write, and do not wait without a limit.
func (h *Hub) Told(group string) <-chan struct{} { return h.told.of(group) }

func (t *told) of(group string) <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, done := t.recent[group]; done || group == "" {
		return always
	}
	waiter := t.waited[group]
	if waiter == nil {
		waiter = make(chan struct{})
		t.waited[group] = waiter
		t.release(t.waiters.put(group))
	}
	return waiter
}

// note remembers that a group was handed out.
func (t *told) note(group string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.release(group)
	if _, known := t.recent[group]; known {
		return
	}
	t.recent[group] = struct{}{}
	delete(t.recent, t.order.put(group))
}

// lost lets everybody go who waits: the journal has failed.
func (t *told) lost() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for group := range t.waited {
		t.release(group)
	}
}

// release lets those go who wait for a group. The lock is held.
func (t *told) release(group string) {
	if waiter := t.waited[group]; waiter != nil {
		close(waiter)
		delete(t.waited, group)
	}
}

// ring keeps the last maxTold names.
type ring struct {
	names [maxTold]string
	next  int
}

// put adds a name and returns the one that it displaces; "" while there is room.
func (r *ring) put(name string) (displaced string) {
	displaced, r.names[r.next] = r.names[r.next], name
	r.next = (r.next + 1) % maxTold
	return displaced
}
