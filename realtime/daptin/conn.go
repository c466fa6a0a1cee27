package daptin

import (
	"context"
	"errors"
	"runtime/debug"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"nightwire/realtime"
	"nightwire/realtime/wire"
	"nightwire/security"
	"nightwire/storage"
)

// requestTimeout is how long one message may be worked on.
const requestTimeout = time.Minute

// conn is one connection of somebody whom the Guard knows. Its messages are worked on in order, by one goroutine at a time.
type conn struct {
	server  *Server
	wire    *wire.Conn
	shown   realtime.Credential
	number  int64 // of its session
	limiter *rate.Limiter

	// These belong to whoever works on messages.
	dialect Dialect
	pinned  bool // the dialect never changes
	dropped int  // messages that came too fast

	mu            sync.Mutex
	subscriptions map[string]*subscription // by topic
	over          bool                     // no more subscriptions
}

func (s *Server) newConn(socket *wire.Conn, shown realtime.Credential, d Dialect, pinned bool) *conn {
	c := &conn{
		server: s, wire: socket, shown: shown, number: s.opened.Add(1), dialect: d, pinned: pinned,
		subscriptions: map[string]*subscription{},
	}
	if s.options.Rate > 0 {
		c.limiter = rate.NewLimiter(rate.Limit(s.options.Rate), s.options.Rate)
	}
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
	if expiry := c.expiry(); expiry != nil {
		defer expiry.Stop()
	}
	if c.dialect == Typed {
		c.greet()
	}
	c.wire.Run(c.receive)
	c.leaveAll()
	if c.dropped > 0 {
		c.server.options.Log.Warn("messages came too fast and were dropped", "count", c.dropped, "subject", c.who().Name())
	}
}

// safely keeps a fault that is no message's from ending the process.
func (c *conn) safely() {
	if fault := recover(); fault != nil {
		c.server.options.Log.Error("websocket failed", "fault", fault, "stack", string(debug.Stack()))
		c.wire.Cut(errInternal)
	}
}

// who is whose connection it is.
func (c *conn) who() security.Identity { return c.shown.Who }

// expiry closes the connection when its JSON web token expires; nil when it has none.
func (c *conn) expiry() *time.Timer {
	if !realtime.IsJWT(c.shown.Token) {
		return nil
	}
	return time.AfterFunc(c.server.options.Guard.Remaining(c.shown.Token), func() { c.shutOut("token expired") })
}

// shutOut closes the connection of somebody who may no longer be connected.
func (c *conn) shutOut(why string) { c.wire.Close(wire.PolicyViolation, why) }

// receive works on one message. A fault in it costs the connection: wire sees to that.
func (c *conn) receive(message []byte) {
	ctx, cancel := context.WithTimeout(context.Background(), requestTimeout)
	defer cancel()
	r, err := decode(message)
	if c.limiter != nil && !c.limiter.Allow() {
		err = errTooFast // it is read all the same, so that its sender can be told which one it was
		c.dropped++
	}
	if c.choose(r) == Typed {
		c.typed(ctx, r, err)
		return
	}
	c.doc(ctx, r, err)
}

// send queues a message.
func (c *conn) send(message storage.Value) { c.wire.Send(wire.Text([]byte(message))) }

// presence is a connection's place in the hub besides its subscriptions: it learns when rights may have changed.
type presence struct{ *conn }

var _ realtime.Client = presence{}

// Deliver has nothing to deliver: nothing was subscribed to.
func (presence) Deliver(realtime.Frame) {}

// Cut is left to the subscriptions; without any a client has nothing to catch up with.
func (presence) Cut(error) {}

// Rejudge ends the connection when its token no longer shows the same identity.
func (p presence) Rejudge(ctx context.Context) { p.rejudge(ctx) }

func (c *conn) rejudge(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, judgeTimeout)
	defer cancel()
	switch err := c.shown.Check(ctx, c.server.options.Guard); {
	case errors.Is(err, security.ErrUnauthenticated):
		c.shutOut("token is no longer good")
	case err != nil:
		c.wire.Cut(err)
	}
}
