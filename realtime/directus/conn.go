package directus

import (
	"context"
	"runtime/debug"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"nightwire/realtime"
	"nightwire/realtime/wire"
	"nightwire/security"
	"nightwire/storage"
)

const (
	// requestTimeout is how long one message may be worked on.
	requestTimeout = time.Minute
	// policyViolation is the close code for whoever may no longer be connected.
	policyViolation = 1008
)

// conn is one connection. Its messages are worked on in order, by one goroutine at a time.
type conn struct {
	server  *Server
	wire    *wire.Conn
	address string
	limiter *rate.Limiter
	pinned  bool // the dialect never changes
	life    *coreLife
	claim   *claim

	mu            sync.Mutex
	shown         realtime.Credential
	dialect       Dialect
	subscriptions []*subscription
	over          bool // no more subscriptions
}

func (s *Server) newConn(socket *wire.Conn, address string, a admission, d Dialect, pinned bool) *conn {
	c := &conn{server: s, wire: socket, address: address, pinned: pinned, shown: a.shown, dialect: d}
	if a.handshake {
		c.dialect, c.pinned = Core, true
	}
	if s.options.Rate > 0 {
		c.limiter = rate.NewLimiter(rate.Limit(s.options.Rate), s.options.Rate)
	}
	c.life = newCoreLife(c, a)
	c.claim = &claim{memory: s.memory, wanted: socket.Context()}
	return c
}

// run works until the connection ends. The version is that of the Guard before the connection was authenticated.
func (c *conn) run(version uint64) {
	defer c.safely()
	c.server.conns.Enter(c.wire)
	defer c.server.conns.Leave(c.wire)
	session := c.server.options.Hub.Join(presence{c}, c.server.silent)
	defer session.Leave()
	if c.server.options.Guard.Version() != version {
		c.rejudge(context.Background())
	}
	c.life.opened()
	c.wire.Run(c.receive)
	c.life.closed()
	c.leaveAll()
}

// safely keeps a fault that is no message's from ending the process.
func (c *conn) safely() {
	if fault := recover(); fault != nil {
		c.server.options.Log.Error("websocket failed", "fault", fault, "stack", string(debug.Stack()))
		c.wire.Cut(errInternal)
	}
}

// receive works on one message. A fault in it costs the connection: wire sees to that.
func (c *conn) receive(message []byte) {
	ctx, cancel := context.WithTimeout(context.Background(), requestTimeout)
	defer cancel()
	c.claim.ctx = ctx
	defer c.claim.settle(c.wire.AwaitRoom)
	c.life.begin()
	defer c.life.end()
	var r request
	err := error(errTooFast)
	if c.limiter == nil || c.limiter.Allow() {
		r, err = decode(message)
	}
	if c.choose(r) == Core {
		c.core(ctx, r, err)
		return
	}
	c.extension(ctx, r, err)
}

// send queues a message.
func (c *conn) send(message storage.Value) {
	c.wire.Send(wire.NewFrame(wire.TextFrame, string(message), nil))
}

// answer queues the answer to a message, which may be large.
func (c *conn) answer(message storage.Value) {
	c.claim.queued(len(message))
	c.send(message)
}

// identity is who the connection is now.
func (c *conn) identity() security.Identity {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.shown.Who
}

// become makes the connection somebody else. Its subscriptions go on with the new one's rights.
func (c *conn) become(shown realtime.Credential) {
	c.mu.Lock()
	before := c.shown.Who
	c.shown = shown
	subscriptions := append([]*subscription(nil), c.subscriptions...)
	c.mu.Unlock()
	if before == shown.Who {
		return
	}
	for _, s := range subscriptions {
		s.hear(shown.Who) // first, so that no event is missed
		s.session.Drop(before)
	}
}

// presence is a connection's place in the hub besides its subscriptions: it learns when rights may have changed.
type presence struct{ *conn }

var _ realtime.Client = presence{}

// Deliver has nothing to deliver: nothing was subscribed to.
func (presence) Deliver(realtime.Frame) {}

// Cut is left to the subscriptions; without any a client has nothing to catch up with.
func (presence) Cut(error) {}

// Rejudge ends the connection when its credential no longer shows the same identity.
func (p presence) Rejudge(ctx context.Context) { p.rejudge(ctx) }

func (c *conn) rejudge(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, judgeTimeout)
	defer cancel()
	c.mu.Lock()
	shown, dialect := c.shown, c.dialect
	c.mu.Unlock()
	switch stands, err := c.server.stands(ctx, shown); {
	case err != nil:
		c.wire.Cut(err)
	case stands:
	case dialect == Core:
		c.life.revoked(shown)
	default:
		c.wire.Close(policyViolation, "")
	}
}
