package realtime

import (
	"context"
	"errors"
	"io"
	"iter"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"nightwire/security"
	"nightwire/storage"
)

// feed is a journal that yields what is written to it. Its cursors are numbers of changes.
type feed struct {
	mu    sync.Mutex
	all   []storage.Change
	more  chan struct{}
	fail  error
	heads int // how often Head was asked
	away  int // how often Head will fail
}

func newFeed() *feed { return &feed{more: make(chan struct{})} }

func (f *feed) Head(context.Context) (storage.Cursor, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.heads++
	if f.away > 0 {
		f.away--
		return "", storage.ErrUnavailable
	}
	return storage.Cursor(strconv.Itoa(len(f.all))), nil
}

func (f *feed) Changes(ctx context.Context, after storage.Cursor) iter.Seq2[storage.Change, error] {
	return func(yield func(storage.Change, error) bool) {
		at, _ := strconv.Atoi(string(after))
		for {
			f.mu.Lock()
			next, more, fail := f.all[at:], f.more, f.fail
			f.fail = nil
			f.mu.Unlock()
			if fail != nil {
				yield(storage.Change{}, fail)
				return
			}
			for _, c := range next {
				at++
				c.Cursor = storage.Cursor(strconv.Itoa(at))
				if !yield(c, nil) {
					return
				}
			}
			if len(next) == 0 {
				select {
				case <-more:
				case <-ctx.Done():
					return
				}
			}
		}
	}
}

func (f *feed) write(fail error, changes ...storage.Change) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.all, f.fail = append(f.all, changes...), fail
	close(f.more)
	f.more = make(chan struct{})
}

// rights is a guard by hand: what an identity may.
type rights struct {
	mu      sync.Mutex
	version uint64
	may     map[security.Identity][]security.Permission
	fail    error
	checks  int
}

func (r *rights) Check(_ context.Context, who security.Identity, p security.Permission) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.checks++
	if r.fail != nil {
		return r.fail
	}
	if !slices.Contains(r.may[who], p) {
		return &security.Forbidden{Permission: p}
	}
	return nil
}

func (r *rights) Version() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.version
}

func (r *rights) Raise() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.version++
}

func (r *rights) set(who security.Identity, p ...security.Permission) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.may[who] = p
}

// recorder is a client that notes what it is given.
type recorder struct {
	mu      sync.Mutex
	frames  []string
	cut     []error
	rejudge int
}

func (r *recorder) Deliver(f Frame) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.frames = append(r.frames, string(f))
}

func (r *recorder) Cut(why error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cut = append(r.cut, why)
}

func (r *recorder) Rejudge(context.Context) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rejudge++
}

func (r *recorder) take() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	taken := r.frames
	r.frames = nil
	return taken
}

// ends are the reasons for which a client has been cut so far.
func (r *recorder) ends() []error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.cut)
}

// judgements is how often a client was asked to judge itself.
func (r *recorder) judgements() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.rejudge
}

// scene is a hub that runs, inside a synctest bubble.
type scene struct {
	*testing.T
	feed   *feed
	rights *rights
	hub    *Hub
	form   *Form
	coded  int
}

var (
	anna = security.Anonymous()
	otto = security.Operator()
)

func play(t *testing.T, act func(s *scene)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &scene{T: t, feed: newFeed(), rights: &rights{version: 1, may: map[security.Identity][]security.Permission{
			anna: {"api:entries:read", "api:status:read"},
			otto: {"api:entries:read", "api:food:read", "api:settings:admin"},
		}}}
		s.feed.write(nil, change("entries", "before the start"))
		s.form = NewForm(func(c storage.Change) Frame {
			s.coded++
			return Frame(string(c.Kind) + " " + c.Collection + " " + c.Identifier)
		})
		ctx, cancel := context.WithCancel(t.Context())
		hub, err := Open(ctx, s.feed, s.rights, storage.Nightscout(), slog.New(slog.NewTextHandler(io.Discard, nil)))
		if err != nil {
			t.Fatal(err)
		}
		s.hub = hub
		ended := make(chan struct{})
		go func() { defer close(ended); hub.Run(ctx) }()
		act(s)
		cancel()
		<-ended
	})
}

func change(collection, id string) storage.Change {
	return storage.Change{Kind: storage.Create, Collection: collection, Identifier: id, After: "{}"}
}

func (s *scene) join(who security.Identity, collections ...string) (*recorder, *Session) {
	r := new(recorder)
	session := s.hub.Join(r, s.form)
	session.Subscribe(who, collections...)
	return r, session
}

// heard checks what a client has been given since it was last asked.
func (s *scene) heard(r *recorder, want ...string) {
	s.Helper()
	synctest.Wait()
	if got := r.take(); !slices.Equal(got, want) {
		s.Errorf("heard %q, want %q", got, want)
	}
}

func TestEachChangeGoesToWhoMayHearIt(t *testing.T) {
	play(t, func(s *scene) {
		a, _ := s.join(anna, "entries", "food", "settings", "unknown")
		o, session := s.join(otto, "food", "settings")
		s.feed.write(nil, change("entries", "1"), change("food", "2"), change("settings", "3"), change("unknown", "4"), change("entries", "5"))
		s.heard(a, "create entries 1", "create entries 5")
		s.heard(o, "create food 2", "create settings 3")

		pruned := change("food", "6")
		pruned.Kind = storage.Prune
		session.Subscribe(otto, "entries")
		s.feed.write(nil, pruned, change("entries", "7"))
		s.heard(a, "create entries 7")
		s.heard(o, "create entries 7")
		session.Leave()
		session.Leave()
		session.Subscribe(otto, "entries")
		s.feed.write(nil, change("entries", "8"))
		s.heard(a, "create entries 8")
		s.heard(o)
	})
}

// Whoever has left is not kept by the list that the last change was told to.
func TestLeaversAreForgotten(t *testing.T) {
	play(t, func(s *scene) {
		a, session := s.join(anna, "entries")
		s.feed.write(nil, change("entries", "1"))
		s.heard(a, "create entries 1")
		session.Leave()
		s.hub.mu.Lock()
		defer s.hub.mu.Unlock()
		if kept := s.hub.audiences["entries"]; len(kept.list)+len(kept.members) > 0 {
			t.Errorf("kept %v and %v", kept.list, kept.members)
		}
	})
}

func TestEachChangeIsEncodedOnce(t *testing.T) {
	play(t, func(s *scene) {
		for range 10 {
			s.join(anna, "entries")
		}
		s.feed.write(nil, change("entries", "1"), change("food", "2"), change("entries", "3"))
		synctest.Wait()
		if s.coded != 2 {
			t.Errorf("encoded %d times", s.coded)
		}
		if s.rights.checks != 10 {
			t.Errorf("judged %d times for 10 sessions under one version", s.rights.checks)
		}
	})
}

// The writer is answered first, but nobody waits longer than agreed, and for one request not twice.
func TestWriterIsAnsweredFirst(t *testing.T) {
	play(t, func(s *scene) {
		a, _ := s.join(anna, "entries")
		answered := make(chan struct{})
		c := change("entries", "1")
		c.Answered = answered
		s.feed.write(nil, c)
		s.heard(a)
		time.Sleep(answerPatience / 2)
		s.heard(a)
		close(answered)
		s.heard(a, "create entries 1")

		never := make(chan struct{})
		c.Answered = never
		start := time.Now()
		s.feed.write(nil, c, c, c, change("food", "nobody listens"))
		time.Sleep(answerPatience)
		s.heard(a, "create entries 1", "create entries 1", "create entries 1")
		if waited := time.Since(start); waited != answerPatience {
			t.Errorf("waited %v", waited)
		}
	})
}

func TestHeldChangesComeInOrder(t *testing.T) {
	play(t, func(s *scene) {
		a, session := s.join(anna, "entries")
		session.Hold()
		s.feed.write(nil, change("entries", "1"), change("entries", "2"))
		s.heard(a)
		session.Release()
		s.feed.write(nil, change("entries", "3"))
		s.heard(a, "create entries 1", "create entries 2", "create entries 3")
	})
}

func TestHoldIsBounded(t *testing.T) {
	play(t, func(s *scene) {
		s.form = NewForm(func(storage.Change) Frame { return make(Frame, maxHeld/2+1) })
		a, session := s.join(anna, "entries")
		session.Hold()
		s.feed.write(nil, change("entries", "1"), change("entries", "2"))
		synctest.Wait()
		if len(a.ends()) != 1 || !errors.Is(a.ends()[0], errHeldTooLong) {
			t.Errorf("cut %v", a.ends())
		}
	})
}

// Rights are those of the moment: a change of accounts makes everybody be judged again, at once.
func TestChangedRights(t *testing.T) {
	play(t, func(s *scene) {
		a, session := s.join(anna, "entries", "food")
		session.Subscribe(otto, "entries")
		role := storage.Change{Kind: storage.Update, Collection: "auth_roles"}
		s.rights.set(anna, "api:food:read")
		s.feed.write(nil, role, change("food", "1"), change("entries", "2"))
		s.heard(a, "create food 1", "create entries 2") // otto may still
		session.Drop(otto)
		s.feed.write(nil, change("entries", "3"), change("food", "4"))
		s.heard(a, "create food 4")
		if a.judgements() != 1 {
			t.Errorf("asked to judge itself %d times", a.judgements())
		}
		s.rights.Raise() // by somebody else
		s.feed.write(nil, change("food", "5"))
		s.heard(a, "create food 5")
		if a.judgements() != 2 {
			t.Errorf("asked to judge itself %d times", a.judgements())
		}
	})
}

func TestUnknownRightsCut(t *testing.T) {
	play(t, func(s *scene) {
		a, _ := s.join(anna, "entries")
		s.rights.mu.Lock()
		s.rights.fail = security.ErrUnavailable
		s.rights.mu.Unlock()
		s.feed.write(nil, change("entries", "1")) // not judged as yet
		s.heard(a)
		if len(a.ends()) != 1 {
			t.Fatalf("cut %v", a.ends())
		}
		s.feed.write(nil, storage.Change{Kind: storage.Update, Collection: "auth_subjects"})
		s.heard(a)
		if len(a.ends()) != 2 || a.judgements() != 0 {
			t.Fatalf("cut %v, judged %d", a.ends(), a.judgements())
		}
	})
}

// A gap, or an engine that is away, cuts everybody; the hub goes on from the head when there is one.
func TestJournalFails(t *testing.T) {
	play(t, func(s *scene) {
		a, _ := s.join(anna, "entries")
		s.feed.mu.Lock()
		s.feed.away = 3
		s.feed.mu.Unlock()
		s.feed.write(storage.ErrGap, change("entries", "in the gap"))
		s.heard(a)
		if len(a.ends()) != 1 || !errors.Is(a.ends()[0], storage.ErrGap) {
			t.Fatalf("cut %v", a.ends())
		}
		start := time.Now()
		time.Sleep(15 * shortestPause) // 1+2+4+8 pauses
		synctest.Wait()
		s.feed.mu.Lock()
		heads := s.feed.heads
		s.feed.mu.Unlock()
		if len(a.ends()) != 2 || heads != 5 {
			t.Fatalf("%v later: cut %v, asked for the head %d times", time.Since(start), a.ends(), heads)
		}
		s.feed.write(nil, change("entries", "1"))
		s.heard(a, "create entries 1")
	})
}

func TestMay(t *testing.T) {
	play(t, func(s *scene) {
		_, session := s.join(anna)
		for _, test := range []struct {
			who        security.Identity
			collection string
			want       error
		}{
			{anna, "entries", nil}, {anna, "settings", security.ErrForbidden}, {otto, "settings", nil}, {otto, "foods", storage.ErrNotFound},
		} {
			if err := session.May(t.Context(), test.who, test.collection); !errors.Is(err, test.want) {
				t.Errorf("%v %s: %v", test.who, test.collection, err)
			}
		}
	})
}
