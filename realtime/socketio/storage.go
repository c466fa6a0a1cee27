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

// listener is a socket of /storage. It is the hub's client.
type listener struct {
	server  *Server
	socket  *socket.Socket
	conn    *engineio.Conn
	session *realtime.Session

	mu     sync.Mutex
	grants []grant
}

// grant is an identity by which a socket subscribed, and the access token that showed it.
type grant struct {
	token string
	who   security.Identity
}

var _ realtime.Client = (*listener)(nil)

// enterStorage sets up a socket that has just joined /storage.
func (s *Server) enterStorage(sock *socket.Socket) {
	l := &listener{server: s, socket: sock, conn: sock.Conn().(*engineio.Conn)}
	l.session = s.hub.Join(l, s.form)
	_ = sock.On(subscribeEvent, s.safely(l.subscribe))
	s.enter(sock, l.session.Leave)
}

// join joins rooms, so that the library sees the subscriptions. No event goes that way.
func (l *listener) join(names []string) {
	for _, name := range names {
		l.socket.Join(socket.Room(name))
	}
	if !l.socket.Connected() {
		l.socket.Nsp().Adapter().DelAll(l.socket.Id())
	}
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

// revoke takes grants away; it is true when none is left.
func (l *listener) revoke(revoked []grant) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.grants = slices.DeleteFunc(l.grants, func(g grant) bool { return slices.Contains(revoked, g) })
	for _, r := range revoked {
		if !slices.ContainsFunc(l.grants, func(g grant) bool { return g.who == r.who }) {
			l.session.Drop(r.who)
		}
	}
	return len(l.grants) == 0
}

// remember notes the token by which the socket subscribed.
func (l *listener) remember(g grant) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !slices.Contains(l.grants, g) {
		l.grants = append(l.grants, g)
	}
}
