package security

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// diary is what a Guard said happened.
type diary struct {
	mu      sync.Mutex
	entries []string
}

func (d *diary) happened(_ context.Context, events []AccountEvent) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, e := range events {
		d.entries = append(d.entries, string(e.Kind)+" "+e.Name)
	}
}

// read is what is new.
func (d *diary) read() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	defer func() { d.entries = nil }()
	return strings.Join(d.entries, ", ")
}

func observed(t *testing.T, accounts Accounts, change ...func(*Options)) (*Guard, *diary) {
	t.Helper()
	d := new(diary)
	return newTestGuard(t, accounts, append([]func(*Options){func(o *Options) { o.Happened = d.happened }}, change...)...), d
}

// What is done to subjects and roles is told of every subject that gains or loses by it, and of no other.
func TestEventsOfAccounts(t *testing.T) {
	m := populated()
	m.keep(Roles, "cccccccccccccccccccccccc", `{"name":"empty","permissions":["", 7]}`)
	m.keep(Subjects, "000000000000000000000001", `{"name":"zoe","roles":["reading"]}`)
	g, d := observed(t, m, func(o *Options) { o.DefaultRoles = []string{"readable"} })
	subject := func(id, fields string) func() error {
		return func() error {
			_, err := g.Replace(t.Context(), Operator(), Subjects, []byte(`{"_id":"`+id+`",`+fields+`}`))
			return err
		}
	}
	role := func(id, fields string) func() error {
		return func() error {
			_, err := g.Replace(t.Context(), Operator(), Roles, []byte(`{"_id":"`+id+`",`+fields+`}`))
			return err
		}
	}
	remove := func(kind AccountKind, id string) func() error {
		return func() error { return g.Remove(t.Context(), Operator(), kind, id) }
	}
	const anna, otto = "000000000000000000000002", "000000000000000000000003"
	for _, step := range []struct {
		what string
		do   func() error
		want string
	}{
		{"new without rights", subject(anna, `"name":"anna"`), ""},
		{"unknown role", subject(anna, `"name":"anna","roles":["unheard"]`), ""},
		{"a role that grants nothing", subject(anna, `"name":"anna","roles":["empty","denied"]`), ""},
		{"first right", subject(anna, `"name":"anna","roles":["empty","reading"]`), "activated anna"},
		{"another right", subject(anna, `"name":"anna","roles":["admin","reading"]`), ""},
		{"notes", subject(anna, `"name":"anna","roles":["admin"],"notes":"x"`), ""},
		{"last right", subject(anna, `"name":"anna","roles":[]`), "logout anna"},
		{"new with rights", subject(otto, `"name":"otto","roles":["readable"]`), "activated otto"},
		{"another name", subject(otto, `"name":"max","roles":["readable"]`), "logout otto, removed otto, activated max"},
		{"a namesake", subject(anna, `"name":"max"`), "logout anna, removed anna"},
		{"one without rights among them", subject("000000000000000000000004", `"name":"zoe"`), ""},
		{"one of two", remove(Subjects, otto), "logout max"},
		{"the other", remove(Subjects, strings.ToUpper(anna)), "logout max, removed max"},
		{"one that there is not", remove(Subjects, otto), ""},
		{"a role loses its permissions", role(roleID, `"name":"reading","permissions":[]`), "logout The Reader, logout zoe"},
		{"a role gains one", role(roleID, `"name":"reading","permissions":"api:*:read"`), "activated The Reader, activated zoe"},
		{"a role has another name", role(roleID, `"name":"seeing","permissions":"*"`), "logout The Reader, logout zoe"},
		{"a role is made", role("dddddddddddddddddddddddd", `"name":"reading","permissions":"*"`), "activated The Reader, activated zoe"},
		{"a built-in one is hidden", role("eeeeeeeeeeeeeeeeeeeeeeee", `"name":"admin","permissions":[]`), "logout boss"},
		{"and back", remove(Roles, "eeeeeeeeeeeeeeeeeeeeeeee"), "activated boss"},
		{"a role is removed", remove(Roles, "dddddddddddddddddddddddd"), "logout The Reader, logout zoe"},
		{"without rights, removed", remove(Subjects, readerID), "logout The Reader, removed The Reader"},
	} {
		if err := step.do(); err != nil {
			t.Fatalf("%s: %v", step.what, err)
		}
		if got := d.read(); got != step.want {
			t.Errorf("%s: %q, want %q", step.what, got, step.want)
		}
	}
	if _, err := g.EnsureSubject(t.Context(), "first", "admin"); err != nil || d.read() != "activated first" {
		t.Errorf("the first subject: %v", err)
	}
}

// What fails has not happened; nor has what is not permitted.
func TestFailuresAreNoEvents(t *testing.T) {
	m := populated()
	g, d := observed(t, m)
	if _, err := g.current(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := g.Remove(t.Context(), Anonymous(), Subjects, adminID); !errors.Is(err, ErrForbidden) {
		t.Error(err)
	}
	m.failWith(ErrUnavailable)
	if err := g.Remove(t.Context(), Operator(), Subjects, adminID); !errors.Is(err, ErrUnavailable) {
		t.Error(err)
	}
	if _, err := g.Create(t.Context(), Operator(), Subjects, []byte(`{"name":"x","roles":["admin"]}`)); !errors.Is(err, ErrUnavailable) {
		t.Error(err)
	}
	if got := d.read(); got != "" {
		t.Errorf("told %q", got)
	}
}

// An access token that becomes a JSON web token is a login, a JSON web token that is renewed is none.
func TestEventsOfSessions(t *testing.T) {
	m := populated()
	m.keep(Subjects, readerID, `{"name":"The Reader"}`)
	g, d := observed(t, m)
	token := tokenOf(g, readerID, "The Reader")
	issued, err := g.Exchange(t.Context(), token)
	if err != nil || d.read() != "login The Reader" {
		t.Errorf("exchange: %v", err)
	}
	if _, err := g.Exchange(t.Context(), issued.Token); err != nil || d.read() != "" {
		t.Errorf("renewal is told; %v", err)
	}
	if _, err := g.Exchange(t.Context(), "nobody-0123456789abcdef"); !errors.Is(err, ErrUnauthenticated) || d.read() != "" {
		t.Errorf("bad token: %v", err)
	}
	who := mustIdentify(t, g, token)
	for range 2 {
		if err := g.SignOut(t.Context(), who); err != nil || d.read() != "logout The Reader" {
			t.Errorf("sign out: %v", err)
		}
	}
	if err := g.SignOut(t.Context(), Operator()); err != nil || d.read() != "" {
		t.Errorf("the operator: %v", err)
	}
	if err := g.Remove(t.Context(), Operator(), Subjects, readerID); err != nil {
		t.Fatal(err)
	}
	d.read()
	for _, nobody := range []Identity{Anonymous(), who, {kind: subject}, g.OpenIdentity()} {
		if err := g.SignOut(t.Context(), nobody); !errors.Is(err, ErrUnauthenticated) || d.read() != "" {
			t.Errorf("%+v: %v", nobody, err)
		}
	}
}

// Many at once: for every subject activations and logouts alternate, and the last event is what is kept.
func TestEventsOfWritesAtOnce(t *testing.T) {
	g, d := observed(t, populated())
	var writers sync.WaitGroup
	for i := range 8 {
		writers.Go(func() {
			id := fmt.Sprintf("%024x", i%2+1)
			for n := range 25 {
				roles := []string{`[]`, `["reading"]`}[(i+n)%2]
				body := fmt.Sprintf(`{"_id":%q,"name":"subject %d","roles":%s}`, id, i%2, roles)
				if _, err := g.Replace(t.Context(), Operator(), Subjects, []byte(body)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	writers.Wait()
	s, err := g.current(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	active := map[string]bool{}
	for _, e := range strings.Split(d.read(), ", ") {
		kind, name, _ := strings.Cut(e, " ")
		if now := kind == string(Activated); active[name] == now {
			t.Errorf("%s twice", e)
		} else {
			active[name] = now
		}
	}
	for name, kept := range s.standings() {
		if strings.HasPrefix(name, "subject") && active[name] != kept {
			t.Errorf("%s: kept %v, told %v", name, kept, active[name])
		}
	}
}

// Whoever waits to be told does not keep the call for long, and a client who leaves does not keep others from being told.
func TestTellingEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []AccountEvent
		g := newTestGuard(t, populated(), func(o *Options) {
			o.Happened = func(ctx context.Context, events []AccountEvent) {
				if ctx.Err() == nil {
					told = append(told, events...)
				}
				<-ctx.Done()
			}
		})
		ctx, leave := context.WithCancel(t.Context())
		start := time.Now()
		if _, err := g.Exchange(ctx, tokenOf(g, readerID, "The Reader")); err != nil || time.Since(start) != tellTimeout {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		who := mustIdentify(t, g, tokenOf(g, readerID, "The Reader"))
		leave()
		if err := g.SignOut(ctx, who); err != nil {
			t.Error(err)
		}
		if want := []AccountEvent{{LoggedIn, "The Reader"}, {LoggedOut, "The Reader"}}; !slices.Equal(told, want) {
			t.Errorf("told %v", told)
		}
	})
}

// A write that waits for another one ends with its request.
func TestWaitingToWriteEnds(t *testing.T) {
	g, d := observed(t, populated())
	g.writing <- struct{}{}
	ctx, leave := context.WithCancel(t.Context())
	leave()
	if err := g.Remove(ctx, Operator(), Subjects, adminID); !errors.Is(err, ErrUnavailable) || d.read() != "" {
		t.Errorf("got %v", err)
	}
}

func TestNamed(t *testing.T) {
	m := populated()
	m.keep(Subjects, "000000000000000000000009", `{"name":"boss"}`)
	g := newTestGuard(t, m)
	who, ok, err := g.Named(t.Context(), "boss")
	if !ok || err != nil || who.Subject() != "000000000000000000000009" || who.Name() != "boss" {
		t.Errorf("got %+v %v %v", who, ok, err)
	}
	for _, name := range []string{"", "Boss", " boss", readerID} {
		if who, ok, err := g.Named(t.Context(), name); ok || err != nil || who != Anonymous() {
			t.Errorf("%q: %+v %v %v", name, who, ok, err)
		}
	}
	if Operator().Subject() != "" || Anonymous().Subject() != "" {
		t.Error("who is no subject has an _id")
	}
}
