package security

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

const (
	readerID = "0123456789abcdef01234567"
	adminID  = "aaaaaaaaaaaaaaaaaaaaaaaa"
	roleID   = "bbbbbbbbbbbbbbbbbbbbbbbb"
)

// populated has a reader by a stored role and an admin by a built-in one.
func populated() *memory {
	m := newMemory()
	m.keep(Roles, roleID, `{"name":"reading","permissions":"api:*:read"}`)
	m.keep(Subjects, readerID, `{"name":"The Reader","roles":["reading"]}`)
	m.keep(Subjects, adminID, `{"name":"boss","roles":["admin"]}`)
	return m
}

func tokenOf(g *Guard, id, name string) string { return accessToken(name, g.secret.digest(id)) }

func mustIdentify(t testing.TB, g *Guard, token string) Identity {
	t.Helper()
	id, err := g.ByAccessToken(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestCheck(t *testing.T) {
	g := newTestGuard(t, populated())
	reader := mustIdentify(t, g, tokenOf(g, readerID, "The Reader"))
	if reader.Name() != "The Reader" {
		t.Errorf("name %q", reader.Name())
	}
	if err := g.Check(t.Context(), reader, "api:entries:read"); err != nil {
		t.Error(err)
	}
	err := g.Check(t.Context(), reader, "api:entries:create")
	var forbidden *Forbidden
	if !errors.As(err, &forbidden) || !errors.Is(err, ErrForbidden) || forbidden.Permission != "api:entries:create" {
		t.Errorf("got %v", err)
	}
	if err := g.Check(t.Context(), Operator(), "whatever"); err != nil {
		t.Error(err)
	}
	if err := g.Check(t.Context(), Anonymous(), "api:entries:read"); !errors.Is(err, ErrForbidden) {
		t.Errorf("anonymous: %v", err)
	}
}

func TestDefaultRolesAreAdded(t *testing.T) {
	g := newTestGuard(t, populated(), func(o *Options) { o.DefaultRoles = SplitRoles("status-only, careportal:denied") })
	reader := mustIdentify(t, g, tokenOf(g, readerID, "x"))
	for _, p := range []Permission{"api:status:read", "api:treatments:create", "api:food:read"} {
		if err := g.Check(t.Context(), reader, p); err != nil {
			t.Errorf("%s: %v", p, err)
		}
	}
	if err := g.Check(t.Context(), Anonymous(), "api:treatments:create"); err != nil {
		t.Errorf("anonymous: %v", err)
	}
	if err := g.Check(t.Context(), Anonymous(), "api:food:read"); !errors.Is(err, ErrForbidden) {
		t.Errorf("anonymous: %v", err)
	}
}

func TestOpen(t *testing.T) {
	closed, opened := newTestGuard(t, newMemory()), newTestGuard(t, newMemory(), func(o *Options) { o.Open = true })
	if closed.IsOpen() || !opened.IsOpen() {
		t.Error("IsOpen does not tell the setting")
	}
	if err := opened.Check(t.Context(), opened.OpenIdentity(), "api:entries:delete"); err != nil {
		t.Error(err)
	}
	if err := closed.Check(t.Context(), closed.OpenIdentity(), "api:entries:delete"); !errors.Is(err, ErrForbidden) {
		t.Errorf("the open identity has rights while security is on: %v", err)
	}
}

func TestChangesApplyAtOnce(t *testing.T) {
	g := newTestGuard(t, populated())
	token := tokenOf(g, readerID, "The Reader")
	session, err := g.Exchange(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	reader := mustIdentify(t, g, token)
	version := g.Version()
	if _, err := g.Replace(t.Context(), Operator(), Roles, []byte(`{"_id":"`+roleID+`","name":"reading","permissions":["api:food:read"]}`)); err != nil {
		t.Fatal(err)
	}
	if g.Version() == version {
		t.Error("the version stays when a role changes")
	}
	if err := g.Check(t.Context(), reader, "api:entries:read"); !errors.Is(err, ErrForbidden) {
		t.Errorf("after the role lost it: %v", err)
	}
	if err := g.Check(t.Context(), reader, "api:food:read"); err != nil {
		t.Errorf("after the role got it: %v", err)
	}
	if err := g.Remove(t.Context(), Operator(), Subjects, readerID); err != nil {
		t.Fatal(err)
	}
	gone, err := g.ByJWT(t.Context(), session.Token)
	if err != nil || gone == Anonymous() || gone.Name() != "" {
		t.Errorf("JWT of a deleted subject: %v, %v", gone, err)
	}
	for _, id := range []Identity{reader, gone} {
		if err := g.Check(t.Context(), id, "api:food:read"); !errors.Is(err, ErrForbidden) {
			t.Errorf("deleted subject: %v", err)
		}
	}
	if _, err := g.Exchange(t.Context(), session.Token); !errors.Is(err, ErrUnauthenticated) {
		t.Errorf("a deleted subject renews its JWT: %v", err)
	}
}

func TestOddAccountsAreHarmless(t *testing.T) {
	m := newMemory()
	for i, text := range []string{`{}`, `{"name":7,"roles":7}`, `{"name":"a","roles":null}`, `{"name":"b","roles":"admin"}`,
		`{"name":"c","roles":["nosuch",3,null,{}]}`, `{"name":"d","roles":[["admin"]]}`, `{"name":"e","roles":{"admin":1}}`, `{"name":"f","roles":["odd"]}`} {
		m.keep(Subjects, fmt.Sprintf("%024x", i), text)
	}
	m.keep(Roles, roleID, `{"name":"odd","permissions":{"*":1}}`)
	m.keep(Roles, adminID, `{"permissions":"*"}`)
	g := newTestGuard(t, m)
	for i := range 8 {
		id := mustIdentify(t, g, g.secret.digest(fmt.Sprintf("%024x", i)))
		if err := g.Check(t.Context(), id, "api:entries:read"); !errors.Is(err, ErrForbidden) {
			t.Errorf("subject %d: %v", i, err)
		}
	}
}

// One load serves all who wait, and it is not given up when the client that began it leaves.
func TestLoadingIsSingleFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := populated()
		release := make(chan struct{})
		m.gate = func() { <-release }
		g := newTestGuard(t, m)
		ctx, leave := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { _ = g.Check(ctx, Anonymous(), "x") })
		synctest.Wait()
		for range 50 {
			wg.Go(func() {
				if err := g.Check(t.Context(), Anonymous(), "x"); !errors.Is(err, ErrForbidden) {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		leave()
		close(release)
		wg.Wait()
		if m.lists != 2 { // subjects and roles
			t.Errorf("%d lists instead of 2", m.lists)
		}
	})
}

func TestUnavailableAccounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := populated()
		m.fail = ErrUnavailable
		g := newTestGuard(t, m)
		for range 3 {
			if err := g.Check(t.Context(), Anonymous(), "x"); !errors.Is(err, ErrUnavailable) {
				t.Errorf("got %v", err)
			}
		}
		if m.lists != 1 {
			t.Errorf("%d attempts to read within the pause", m.lists)
		}
		m.failWith(nil)
		time.Sleep(loadPause)
		if err := g.Check(t.Context(), Anonymous(), "x"); !errors.Is(err, ErrForbidden) {
			t.Errorf("after recovery: %v", err)
		}
	})
}

// A change while a load is under way is not lost.
func TestRaiseDuringLoad(t *testing.T) {
	m := populated()
	g := newTestGuard(t, m)
	once := sync.OnceFunc(g.Raise)
	m.gate = once
	if _, err := g.current(t.Context()); err != nil {
		t.Fatal(err)
	}
	if g.fresh() != nil {
		t.Error("a snapshot that was begun before the change counts as fresh")
	}
}

func TestCheckDoesNotAllocate(t *testing.T) {
	g := newTestGuard(t, populated())
	reader := mustIdentify(t, g, tokenOf(g, readerID, "The Reader"))
	ctx := t.Context()
	if n := testing.AllocsPerRun(100, func() {
		if g.Check(ctx, reader, "api:entries:read") != nil {
			t.Error("refused")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestNewGuardRefusesWeakSettings(t *testing.T) {
	for _, o := range []Options{{APISecret: "elevenchars", JWTKey: []byte(testKey)}, {APISecret: testSecret, JWTKey: []byte("short")}} {
		if _, err := NewGuard(o); err == nil {
			t.Errorf("accepted a secret of %d and a key of %d bytes", len(o.APISecret), len(o.JWTKey))
		}
	}
}

func BenchmarkCheck(b *testing.B) {
	m := populated()
	m.keep(Subjects, "cccccccccccccccccccccccc", `{"name":"many","roles":["activity","careportal","devicestatus-upload","status-only","reading"]}`)
	g := newTestGuard(b, m)
	for name, token := range map[string]string{"one": tokenOf(g, readerID, ""), "five": tokenOf(g, "cccccccccccccccccccccccc", ""), "admin": tokenOf(g, adminID, "")} {
		id := mustIdentify(b, g, token)
		b.Run(name, func(b *testing.B) {
			ctx := b.Context()
			for b.Loop() {
				_ = g.Check(ctx, id, "api:entries:read")
			}
		})
	}
}

func BenchmarkByJWT(b *testing.B) {
	g := newTestGuard(b, populated(), func(o *Options) { o.JWTKey = []byte(NewJWTKey()) })
	session, err := g.Exchange(b.Context(), tokenOf(g, readerID, ""))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := g.ByJWT(b.Context(), session.Token); err != nil {
			b.Fatal(err)
		}
	}
}
