package socketio

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/zishang520/socket.io/v2/socket"

	"nightwire/realtime"
	"nightwire/realtime/socketio/engineio"
	"nightwire/security"
)

// judgeTimeout is how long finding out about a token may take.
const judgeTimeout = 10 * time.Second

// listener is a socket of /storage or /alarm. It is the hub's client.
type listener struct {
	server  *Server
	socket  *socket.Socket
	conn    *engineio.Conn
	session *realtime.Session

	mu     sync.Mutex
	grants []grant
}

// grant is an identity by which a socket subscribed, and the access token that showed it; "" when something else did.
type grant struct {
	token string
	who   security.Identity
}

var _ realtime.Client = (*listener)(nil)

// enterAs makes the listener of a socket that has just joined its namespace. It hears the events that its session
// subscribes to in that form.
func (s *Server) enterAs(sock *socket.Socket, form *realtime.Form, admit func(*listener, map[string]any) any) *listener {
	l := &listener{server: s, socket: sock, conn: sock.Conn().(*engineio.Conn)}
	l.session = s.hub.Join(l, form)
	_ = sock.On(subscribeEvent, s.safely(func(args ...any) { l.subscribe(admit, args) }))
	return l
}

// Deliver queues an event.
func (l *listener) Deliver(f realtime.Frame) { l.conn.Enqueue(engineio.Frame(f)) }

// Cut closes the connection, with all its namespaces.
func (l *listener) Cut(why error) { l.conn.Cut(why) }

// Rejudge shuts the socket out when none of its tokens is known any longer. The namespace disconnect tells clients not to
// come back.
func (l *listener) Rejudge(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, judgeTimeout)
	defer cancel()
	l.mu.Lock()
	before := slices.Clone(l.grants)
	l.mu.Unlock()
	var revoked []grant
	for _, g := range before {
		if g.token == "" {
			continue // it is judged by its rights alone, whenever there is something to tell
		}
		_, err := l.server.guard.ByAccessToken(ctx, g.token)
		switch {
		case errors.Is(err, security.ErrUnauthenticated):
			revoked = append(revoked, g)
		case err != nil:
			l.Cut(err)
			return
		}
	}
	if len(revoked) > 0 && l.revoke(revoked) {
		l.socket.Disconnect(false)
	}
}

// rejudgeSince catches up with the hub, which may have rejudged the socket before its newest grant was remembered.
func (l *listener) rejudgeSince(ctx context.Context, version uint64) {
	if l.server.guard.Version() != version {
		l.Rejudge(ctx)
	}
}

// revoke takes grants away, and with the last access token of an identity all that it granted; it is true when none is left.
func (l *listener) revoke(revoked []grant) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.grants = slices.DeleteFunc(l.grants, func(g grant) bool { return slices.Contains(revoked, g) })
	for _, r := range revoked {
		if !slices.ContainsFunc(l.grants, func(g grant) bool { return g.who == r.who && g.token != "" }) {
			l.grants = slices.DeleteFunc(l.grants, func(g grant) bool { return g.who == r.who })
			l.session.Drop(r.who)
		}
	}
	return len(l.grants) == 0
}

// identities are those by which the socket subscribed.
func (l *listener) identities() (who []security.Identity) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, g := range l.grants {
		who = append(who, g.who)
	}
	return who
}

// remember notes by what the socket subscribed.
func (l *listener) remember(g grant) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !slices.Contains(l.grants, g) {
		l.grants = append(l.grants, g)
	}
}
