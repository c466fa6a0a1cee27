package socketio

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"nightwire/realtime"
	"nightwire/realtime/socketio/engineio"
	"nightwire/security"
	"nightwire/storage"
)

// patience is how long a test waits for what must happen.
const patience = 20 * time.Second

// house is a server with all that it needs, except a database.
type house struct {
	t       testing.TB
	journal *journal
	guard   *security.Guard
	people  *people
	server  *Server
	web     *httptest.Server
	stop    func()
	alarms  *storage.Alarms
	// judging is called whenever the server asks for the version of rights, as it does after each subscription.
	judging atomic.Pointer[func()]
}

// watchedGuard lets a test act in the middle of a subscription.
type watchedGuard struct {
	*security.Guard
	house *house
}

func (g *watchedGuard) Version() uint64 {
	if act := g.house.judging.Load(); act != nil {
		(*act)()
	}
	return g.Guard.Version()
}

func newHouse(t testing.TB, o engineio.Options) *house {
	t.Helper()
	return buildHouse(t, o, 0)
}

func buildHouse(t testing.TB, o engineio.Options, connectTimeout time.Duration) *house {
	t.Helper()
	return furnish(t, Options{Engine: o, ConnectTimeout: connectTimeout})
}

const apiSecret = "a long enough secret"

func furnish(t testing.TB, o Options, defaultRoles ...string) *house {
	t.Helper()
	h := &house{t: t, journal: newJournal(), people: &people{records: map[string]security.Record{}}}
	guard, err := security.NewGuard(security.Options{
		Accounts: h.people, APISecret: apiSecret, JWTKey: bytes.Repeat([]byte("k"), 64), DefaultRoles: defaultRoles,
	})
	if err != nil {
		t.Fatal(err)
	}
	h.guard = guard
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	hub, err := realtime.Open(context.Background(), h.journal, guard, storage.Nightscout(), log)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); hub.Run(ctx) }()
	h.alarms = storage.NewAlarms(&alarmEngine{journal: h.journal}, guard)
	o.Alarms, o.Log = h.alarms, log
	h.server = New(hub, &watchedGuard{Guard: guard, house: h}, o)
	h.web = httptest.NewServer(h.server.Handler())
	h.stop = sync.OnceFunc(func() {
		closing, done := context.WithTimeout(context.Background(), patience)
		defer done()
		if err := h.server.Close(closing); err != nil {
			t.Errorf("close: %v", err)
		}
		cancel()
		<-ended
		h.web.Close()
	})
	t.Cleanup(h.stop)
	return h
}

// token makes a subject with these permissions.
func (h *house) token(name string, permissions ...string) string {
	h.t.Helper()
	h.people.role(name+"-role", permissions...)
	h.guard.Raise()
	token, err := h.guard.EnsureSubject(context.Background(), name, name+"-role")
	if err != nil {
		h.t.Fatal(err)
	}
	return token
}
