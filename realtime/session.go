package realtime

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"

	"nightwire/security"
	"nightwire/storage"
)

// maxHeld is how many bytes may wait in a session that is on hold.
const maxHeld = 1 << 20

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

	channels map[string]struct{} // to which it subscribed; the hub's lock guards it

	onHold atomic.Bool
	mu     sync.Mutex // orders what was held before what comes live
	held   []held
	size   int // bytes in held
}

// held is a frame that was kept back, and the changes that it tells, without their documents.
type held struct {
	frame   Frame
	changes []storage.Change
}

// traceSize is about how many bytes a change without its documents takes.
const traceSize = 256

// Join makes a session, as yet without subscriptions. Leave must follow.
func (h *Hub) Join(client Client, form *Form) *Session {
	s := &Session{hub: h, client: client, form: form}
	h.mu.Lock()
	defer h.mu.Unlock()
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
	s.ReleaseSince(func(storage.Change) bool { return false })
}

// ReleaseSince does what Release does, but leaves out a frame when everything in it is shown already: by a snapshot that was
// read, and queued, since Hold. The changes that shown is asked about are without their documents.
func (s *Session) ReleaseSince(shown func(storage.Change) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	unseen := func(c storage.Change) bool { return !shown(c) }
	for _, h := range s.held {
		if slices.ContainsFunc(h.changes, unseen) {
			s.client.Deliver(h.frame)
		}
	}
	s.held, s.size = nil, 0
	s.onHold.Store(false)
}

// tell hands a run to the client. Only the hub calls it.
func (s *Session) tell(changes []storage.Change, number uint64) {
	frames := s.form.encoded(changes, number)
	for i, frame := range frames {
		if frame != nil {
			s.deliver(frame, within(frames, i, changes))
		}
	}
}

// deliver hands a frame to the client, or keeps it back.
func (s *Session) deliver(f Frame, changes []storage.Change) {
	if !s.onHold.Load() {
		s.client.Deliver(f)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	size := len(f) + len(changes)*traceSize
	switch {
	case !s.onHold.Load(): // released meanwhile
		s.client.Deliver(f)
	case len(s.held) > 0 && s.size+size > maxHeld:
		s.client.Cut(errHeldTooLong)
	default:
		s.held = append(s.held, held{f, traces(changes)})
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
