package realtime

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"strings"
	"sync"
	"time"

	"nightwire/security"
	"nightwire/storage"
)

const (
	// answerPatience is how long a change waits for its writer to be answered first.
	answerPatience = 100 * time.Millisecond
	shortestPause  = 100 * time.Millisecond // before a failed journal is read again
	longestPause   = 5 * time.Second
	// accountsPrefix begins the names of the collections in which subjects and roles are kept.
	accountsPrefix = "auth_"
)

// Journal is what the hub needs of a storage.Engine.
type Journal interface {
	Changes(ctx context.Context, after storage.Cursor) iter.Seq2[storage.Change, error]
	Head(ctx context.Context) (storage.Cursor, error)
}

// Guard is what the hub needs of a *security.Guard.
type Guard interface {
	Check(ctx context.Context, id security.Identity, p security.Permission) error
	Version() uint64
	Raise()
}

// Hub hands the journal's changes to sessions.
type Hub struct {
	journal Journal
	guard   Guard
	log     *slog.Logger

	// These belong to Run.
	cursor storage.Cursor
	number uint64          // of the run being told, for Form
	judged uint64          // the Guard's version under which sessions were last asked to judge themselves
	late   <-chan struct{} // the answer that was last waited for in vain

	told *told

	mu        sync.Mutex
	names     []string             // of the collections, in order; never changes
	audiences map[string]*audience // of the collections, alarms and subjects, by name; the map itself never changes
	channels  map[string]*audience // of those channels of messages that have listeners, by name
	sessions  map[*Session]struct{}
	joins     uint64 // sessions so far
}

// Open returns a hub for these collections that will tell every change after this moment. Errors: those of Journal.Head.
func Open(ctx context.Context, journal Journal, guard Guard, collections []storage.Collection, log *slog.Logger) (*Hub, error) {
	head, err := journal.Head(ctx)
	if err != nil {
		return nil, err
	}
	h := &Hub{
		journal: journal,
		guard:   guard,
		log:     log,
		cursor:  head,
		judged:  guard.Version(),
		told:    newTold(),
		audiences: map[string]*audience{
			alarms.Name:   newAudience(alarms, storage.HearAlarms),
			subjects.Name: newAudience(subjects, hearSubjects),
		},
		channels: make(map[string]*audience),
		sessions: make(map[*Session]struct{}),
	}
	for _, c := range collections {
		h.audiences[c.Name] = newAudience(c, c.ListPermission())
		h.names = append(h.names, c.Name)
	}
	return h, nil
}

// Collections are the names of the collections whose changes are told, in the order in which Open was given them.
func (h *Hub) Collections() []string { return h.names }

// listed is the audience of a collection that clients may name; nil when there is none.
func (h *Hub) listed(collection string) *audience {
	if collection == alarms.Name || collection == subjects.Name {
		return nil
	}
	return h.audiences[collection]
}

// Sessions is how many sessions there are.
func (h *Hub) Sessions() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.sessions)
}

// Run tells changes until ctx ends. When the journal fails or has a gap, all sessions are cut, so that their clients come
// back and catch up by themselves, and the hub goes on from the newest change.
func (h *Hub) Run(ctx context.Context) {
	for pause := shortestPause; ; {
		began := time.Now()
		err := h.follow(ctx)
		if ctx.Err() != nil {
			return
		}
		h.log.Error("journal cannot be followed; cutting all sessions", "error", err)
		h.cutAll(err)
		h.told.lost()
		if time.Since(began) > longestPause {
			pause = shortestPause
		}
		if pause = h.resume(ctx, pause); ctx.Err() != nil {
			return
		}
		// Whoever joined since the first cut may have missed what was written before the new start.
		h.cutAll(err)
	}
}

// resume waits for the journal's head and sets the cursor to it. It returns the pause for the next failure.
func (h *Hub) resume(ctx context.Context, pause time.Duration) time.Duration {
	for {
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return pause
		}
		pause = min(2*pause, longestPause)
		head, err := h.journal.Head(ctx)
		if err == nil {
			h.cursor = head
			return pause
		}
		h.log.Warn("journal still unavailable", "error", err)
	}
}

var errJournalEnded = errors.New("journal ended")

// follow tells changes until the journal fails.
func (h *Hub) follow(ctx context.Context) error {
	var together run
	for change, err := range h.journal.Changes(ctx, h.cursor) {
		if err != nil {
			return err
		}
		if !together.continues(change) {
			h.tell(ctx, &together)
		}
		if together.add(change); together.over() {
			h.tell(ctx, &together)
		}
		if change.Last {
			h.told.note(change.Group)
		}
		h.cursor = change.Cursor
	}
	return errJournalEnded
}

// tell hands a run to those it concerns, and empties it.
func (h *Hub) tell(ctx context.Context, r *run) {
	defer r.empty()
	first := r.changes[0]
	if first.Kind != storage.Tell && strings.HasPrefix(first.Collection, accountsPrefix) {
		h.guard.Raise()
	}
	h.rejudge(ctx)
	to := h.audienceOf(first)
	if to == nil {
		return
	}
	subscriptions := h.listeners(to)
	if len(subscriptions) == 0 {
		return
	}
	h.awaitAnswer(ctx, first)
	to.show(r.changes)
	h.number++
	under := judged{version: h.guard.Version()}
	if first.Kind == storage.Tell {
		// A copy, because a part of the message would keep all of it.
		under.terms = storage.Value(strings.Clone(string(first.After.Get(storage.TermsField))))
	}
	for _, s := range subscriptions {
		if s.allowed(ctx, h.guard, under, first, to.permission) {
			s.session.tell(r.changes, h.number)
		}
	}
	for _, s := range subscriptions {
		s.session.form.done()
	}
}

// audienceOf is whom a change concerns; nil: nobody.
func (h *Hub) audienceOf(c storage.Change) *audience {
	switch c.Kind {
	case storage.Prune:
		return nil
	case storage.Tell:
		h.mu.Lock()
		defer h.mu.Unlock()
		return h.channels[c.Collection]
	default:
		return h.audiences[c.Collection]
	}
}

// awaitAnswer lets the writer have its answer first. A request whose answer was late is not waited for again. Nor is its
// connection: over HTTP/1.1 it stands still until the answer is taken; a face that can write on regardless of late answers
// leaves Answered nil once one was.
func (h *Hub) awaitAnswer(ctx context.Context, c storage.Change) {
	if c.Answered == nil || c.Answered == h.late {
		return
	}
	select {
	case <-c.Answered:
		return
	default:
	}
	timer := time.NewTimer(answerPatience)
	defer timer.Stop()
	select {
	case <-c.Answered:
	case <-timer.C:
		h.late = c.Answered
	case <-ctx.Done():
	}
}

// rejudge lets the sessions find out who they still are, when rights may have changed.
func (h *Hub) rejudge(ctx context.Context) {
	version := h.guard.Version()
	if version == h.judged {
		return
	}
	// Asked once here, so that accounts that cannot be read cost one wait and not one per session.
	if err := h.guard.Check(ctx, security.Identity{}, "api:status:read"); errors.Is(err, security.ErrUnavailable) {
		h.log.Error("rights cannot be judged; cutting all sessions", "error", err)
		h.cutAll(err)
		return
	}
	h.judged = version
	for _, s := range h.joined() {
		s.client.Rejudge(ctx)
	}
}

// cutAll ends all connections, so that clients come back and catch up.
func (h *Hub) cutAll(why error) {
	for _, s := range h.joined() {
		s.client.Cut(why)
	}
}

func (h *Hub) joined() []*Session {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := make([]*Session, 0, len(h.sessions))
	for s := range h.sessions {
		all = append(all, s)
	}
	return all
}
