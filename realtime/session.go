package realtime

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"nightwire/security"
	"nightwire/storage"
)

const (
	// maxHeld is how many bytes may wait in a session that is on hold.
	maxHeld = 1 << 20
	// longestLag is how far the hub may be behind what can be read.
	longestLag = time.Minute
)

var errHeldTooLong = errors.New("too many events while on hold")

// Client is one connection, as its protocol shows it to the hub. The hub calls it from one goroutine; no method may block
// on the network.
type Client interface {
	// Deliver queues a change. A client whose queue is full cuts itself; it never leaves out a change.
	Deliver(Frame)
	// Cut ends the connection at once, so that the client comes back and catches up.
	Cut(why error)
	// Rejudge is called when rights may have changed: identities that no longer exist are to be dropped, and a client
	// that has none left is shut out. Lost permissions are the hub's affair.
	Rejudge(ctx context.Context)
}

// Session is a client's place in the hub.
type Session struct {
	hub    *Hub
	client Client
	form   *Form
	number uint64 // sessions are told a change in the order in which they joined

	channels map[string]struct{} // to which it subscribed; the hub's lock guards it

	onHold atomic.Bool
	mu     sync.Mutex // orders what was held before what comes live
	held   []telling  // their changes are without documents
	size   int        // bytes in held
	shown  atomic.Pointer[snapshot]
}

// telling is a frame, and the changes that it tells.
type telling struct {
	frame   Frame
	changes []storage.Change
	parts   []Frame // the frame of each change alone; nil where that need not be known
}

// traceSize is about how many bytes a change without its documents takes.
const traceSize = 256

// Join makes a session, as yet without subscriptions. Leave must follow.
func (h *Hub) Join(client Client, form *Form) *Session {
	s := &Session{hub: h, client: client, form: form}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.joins++
	s.number = h.joins
	h.sessions[s] = struct{}{}
	return s
}

// Leave ends the session and its subscriptions. It may be called again.
func (s *Session) Leave() {
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	delete(s.hub.sessions, s)
	for _, a := range s.hub.audiences {
		if a.members[s] != nil {
			a.set(s, nil)
		}
	}
	for name := range s.channels {
		s.dropChannel(name)
	}
}

// May is nil when that identity may hear of the collection's changes now. Errors: storage.ErrNotFound, those of
// Guard.Check.
func (s *Session) May(ctx context.Context, who security.Identity, collection string) error {
	a := s.hub.listed(collection)
	if a == nil {
		return storage.ErrNotFound
	}
	return s.hub.guard.Check(ctx, who, a.permission)
}

// Subscribe adds subscriptions by that identity's rights. Unknown collections and sessions that have left are ignored.
func (s *Session) Subscribe(who security.Identity, collections ...string) {
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	if _, joined := s.hub.sessions[s]; !joined {
		return
	}
	for _, name := range collections {
		if a := s.hub.listed(name); a != nil {
			a.add(s, grant{who: who})
		}
	}
}

// SubscribeAlarms subscribes to alarms, which are changes of storage.AlarmsCollection: by that identity's rights
// (storage.HearAlarms) or, when it is admitted, as long as it is not dropped. Sessions that have left are ignored.
func (s *Session) SubscribeAlarms(who security.Identity, admitted bool) {
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	if _, joined := s.hub.sessions[s]; joined {
		s.hub.audiences[alarms.Name].add(s, grant{who, admitted})
	}
}

// SubscribeSubjects subscribes to changes of subjects, which are of storage.SubjectsCollection, by that identity's right to
// see them. The documents are as stored and hold what no client may see: the session's form leaves it out. Sessions that have
// left are ignored.
func (s *Session) SubscribeSubjects(who security.Identity) {
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	if _, joined := s.hub.sessions[s]; joined {
		s.hub.audiences[subjects.Name].add(s, grant{who: who})
	}
}

// Drop takes away what an identity granted; it no longer exists.
func (s *Session) Drop(who security.Identity) {
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	for _, a := range s.hub.audiences {
		a.drop(s, who)
	}
}

// Hold keeps changes back from now on: while a subscription is being acknowledged, or history is replayed.
func (s *Session) Hold() { s.onHold.Store(true) }

// Release hands over what was kept back, in order, and goes live. Nothing can overtake it.
func (s *Session) Release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, h := range s.held {
		s.pass(h)
	}
	s.goLive()
}

// ReleaseSince does what Release does, but leaves out the changes that are shown already: by a snapshot that was read, and
// queued, since Hold. The hub may be behind the snapshot, so the frames of the next minute are judged alike. The
// changes that shown is asked about may be without their documents.
func (s *Session) ReleaseSince(shown func(storage.Change) bool) {
	s.shown.Store(&snapshot{shown, time.Now().Add(longestLag)})
	s.Release()
}

// Discard forgets what was kept back, and goes live.
func (s *Session) Discard() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.goLive()
}

// goLive needs the lock.
func (s *Session) goLive() {
	s.held, s.size = nil, 0
	s.onHold.Store(false)
}

// snapshot is what a client was shown besides the changes.
type snapshot struct {
	shows func(storage.Change) bool
	until time.Time // from which on it is no longer asked
}

// pass hands to the client what no snapshot shows of a telling.
func (s *Session) pass(t telling) {
	seen := s.shown.Load()
	if seen != nil && time.Now().After(seen.until) {
		s.shown.CompareAndSwap(seen, nil)
		seen = nil
	}
	switch {
	case seen == nil || !slices.ContainsFunc(t.changes, seen.shows):
		s.client.Deliver(t.frame)
	case t.parts != nil:
		for i, c := range t.changes {
			if t.parts[i] != nil && !seen.shows(c) {
				s.client.Deliver(t.parts[i])
			}
		}
	case slices.ContainsFunc(t.changes, func(c storage.Change) bool { return !seen.shows(c) }):
		s.client.Deliver(t.frame)
	}
}

// tell hands a run to the client. Only the hub calls it.
func (s *Session) tell(changes []storage.Change, number uint64) {
	frames := s.form.encoded(changes, number)
	for i, frame := range frames {
		if frame == nil {
			continue
		}
		t := telling{frame: frame, changes: within(frames, i, changes)}
		if len(t.changes) > 1 && (s.onHold.Load() || s.shown.Load() != nil) {
			t.parts = s.form.apart(changes)
		}
		s.deliver(t)
	}
}

// deliver hands a frame to the client, or keeps it back.
func (s *Session) deliver(t telling) {
	if !s.onHold.Load() {
		s.pass(t)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	size := len(t.frame) + len(t.changes)*traceSize
	for _, part := range t.parts {
		size += len(part)
	}
	switch {
	case !s.onHold.Load(): // released meanwhile
		s.pass(t)
	case len(s.held) > 0 && s.size+size > maxHeld:
		s.client.Cut(errHeldTooLong)
	default:
		t.changes = traces(t.changes)
		s.held = append(s.held, t)
		s.size += size
	}
}

// traces are changes without their documents.
func traces(changes []storage.Change) []storage.Change {
	traces := slices.Clone(changes)
	for i := range traces {
		traces[i].Before, traces[i].After, traces[i].Sent, traces[i].Answered = "", "", nil, nil
	}
	return traces
}
