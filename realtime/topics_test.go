package realtime_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"nightwire/realtime"
	"nightwire/security"
	"nightwire/storage"
	"nightwire/storage/sqlite"
)

// listener is a client that passes on what it is given.
type listener chan string

func (l listener) Deliver(f realtime.Frame)  { l <- string(f) }
func (l listener) Cut(why error)             { l <- "cut " + why.Error() }
func (l listener) Rejudge(_ context.Context) {}

// node is a hub over the engine with a Guard and Topics of its own.
type node struct {
	*testing.T
	guard  *security.Guard
	topics *storage.Topics
	hub    *realtime.Hub
	form   *realtime.Form
}

func startNode(t *testing.T, engine storage.Engine) *node {
	t.Helper()
	guard, err := security.NewGuard(security.Options{
		Accounts: storage.NewAccounts(engine), APISecret: "0123456789abcdef", JWTKey: []byte(strings.Repeat("k", 64)),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	hub, err := realtime.Open(ctx, engine, guard, storage.Nightscout(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { defer close(ended); hub.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-ended })
	form := realtime.NewForm(func(c storage.Change) realtime.Frame {
		p, _ := storage.Published(c)
		return realtime.Frame(p.Topic + string(p.Message))
	})
	return &node{t, guard, storage.NewTopics(engine, guard, storage.TopicOptions{}), hub, form}
}

// listens subscribes somebody to topics, without asking whether they may.
func (n *node) listens(who storage.Request, names ...string) listener {
	l := make(listener, 100)
	session := n.hub.Join(l, n.form)
	n.Cleanup(session.Leave)
	for _, name := range names {
		session.SubscribeChannel(n.topics.Channel(name), func(ctx context.Context, c storage.Change) error {
			return n.topics.Hears(ctx, who.Who, c)
		})
	}
	return l
}

func (n *node) must(err error) {
	n.Helper()
	if err != nil {
		n.Fatal(err)
	}
}

func (n *node) login(name string, permissions ...string) storage.Request {
	n.Helper()
	role, err := json.Marshal(map[string]any{"name": "role-" + name, "permissions": permissions})
	n.must(err)
	_, err = n.guard.Create(n.Context(), security.Operator(), security.Roles, role)
	n.must(err)
	token, err := n.guard.EnsureSubject(n.Context(), name, "role-"+name)
	n.must(err)
	who, err := n.guard.ByAccessToken(n.Context(), token)
	n.must(err)
	return storage.Request{Who: who}
}

// heard checks what a listener is given up to the message that everybody hears.
func (n *node) heard(whose string, l listener, want ...string) {
	n.Helper()
	var got []string
	for {
		select {
		case message := <-l:
			if message != "all0" {
				got = append(got, message)
				continue
			}
		case <-time.After(10 * time.Second):
			n.Fatalf("heard nothing after %q", got)
		}
		break
	}
	if !slices.Equal(got, want) {
		n.Errorf("%s: heard %q, want %q", whose, got, want)
	}
}

// On every node a listener hears what is published while the topic permits it: not what is told after the permission is
// lost, nor while the topic is destroyed, nor when it is another's, but again when that one permits it.
func TestTopicsAreHeardOnAllNodes(t *testing.T) {
	engine, err := sqlite.Open(t.Context(), sqlite.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = engine.Close() })
	a, b := startNode(t, engine), startNode(t, engine)
	anna, otto, eva := a.login("anna"), a.login("otto"), a.login("eva")
	b.guard.Raise()
	a.must(a.topics.Create(t.Context(), anna, "all", storage.TopicEverybodys))
	a.must(a.topics.Create(t.Context(), anna, "room", storage.TopicEverybodys))
	listeners := []struct {
		node *node
		who  string
		listener
	}{
		{a, "anna", a.listens(anna, "room", "all")}, {b, "anna", b.listens(anna, "room", "all")},
		{a, "otto", a.listens(otto, "room", "all")}, {b, "otto", b.listens(otto, "room", "all")},
		{b, "eva", b.listens(eva, "room", "all")}, {a, "nobody", a.listens(eva, "all")},
	}
	publish := func(n *node, who storage.Request, message storage.Value) {
		t.Helper()
		n.must(n.topics.Publish(t.Context(), who, "room", message))
	}
	for _, step := range []struct {
		what  string
		do    func()
		hears map[string][]string
	}{
		{"everybody's", func() { publish(a, otto, "1"); publish(b, anna, "2") },
			map[string][]string{"anna": {"room1", "room2"}, "otto": {"room1", "room2"}, "eva": {"room1", "room2"}}},
		{"the owner's", func() {
			b.must(b.topics.SetPermission(t.Context(), anna, "room", storage.TopicOwners))
			publish(a, anna, "3")
		}, map[string][]string{"anna": {"room3"}}},
		{"another's", func() {
			a.must(a.topics.Destroy(t.Context(), anna, "room"))
			b.must(b.topics.Create(t.Context(), otto, "room", storage.TopicOwners))
			publish(a, otto, "4")
		}, map[string][]string{"otto": {"room4"}}},
		{"everybody's again", func() {
			a.must(a.topics.SetPermission(t.Context(), otto, "room", storage.TopicEverybodys))
			publish(b, eva, "5")
		}, map[string][]string{"anna": {"room5"}, "otto": {"room5"}, "eva": {"room5"}}},
	} {
		step.do()
		b.must(b.topics.Publish(t.Context(), anna, "all", "0"))
		for _, l := range listeners {
			l.node.heard(step.what+" by "+l.who, l.listener, step.hears[l.who]...)
		}
	}
}
