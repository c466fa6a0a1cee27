package users

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

var errInternal = errors.New("internal error")

// conn is one connection of an approved client. It is the hub's client.
type conn struct {
	server  *Server
	shown   client
	version uint64 // of the Guard, before the client was identified
	session *realtime.Session
	echoes  *rate.Limiter

	mu      sync.Mutex
	socket  *wire.Conn         // set once, before the session is released
	waiting []func(*wire.Conn) // what is to be done with the socket as soon as there is one
}

var _ realtime.Client = (*conn)(nil)

// newConn returns a connection whose session is on hold. It needs a socket.
func (s *Server) newConn(shown client, version uint64) *conn {
	c := &conn{
		server: s, shown: shown, version: version,
		echoes: rate.NewLimiter(rate.Limit(s.options.EchoRate), s.options.EchoBurst),
	}
	c.session = s.options.Hub.Join(c, s.form)
	c.session.Hold()
	c.subscribe()
	return c
}

// subscribe subscribes to all that the client may hear of.
func (c *conn) subscribe() {
	o := c.server.options
	c.session.SubscribeChannel(storage.Echoes, nil)
	if o.Config.UserEvents == All || c.shown.trusted {
		c.session.SubscribeChannel(storage.AccountEvents, nil)
	} else {
		c.session.SubscribeChannel(storage.AccountEvents, c.concerns)
	}
	if o.Config.DocumentEvents {
		c.session.Subscribe(c.shown.Who, o.Hub.Collections()...)
	}
}

// concerns is nil for the events of the subject who is connected.
func (c *conn) concerns(_ context.Context, change storage.Change) error {
	if e, ok := storage.AccountEventOf(change); ok && e.Name != "" && e.Name == c.shown.Who.Name() {
		return nil
	}
	return security.ErrForbidden
}

// attach gives the connection its socket.
func (c *conn) attach(socket *wire.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.socket = socket
	for _, do := range c.waiting {
		do(socket)
	}
	c.waiting = nil
}

// withSocket does something with the socket, now or as soon as there is one.
func (c *conn) withSocket(do func(*wire.Conn)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.socket == nil {
		c.waiting = append(c.waiting, do)
		return
	}
	do(c.socket)
}

// run works until the connection ends.
func (c *conn) run() {
	defer c.safely()
	defer c.session.Leave()
	c.server.conns.Enter(c.socket)
	defer c.server.conns.Leave(c.socket)
	c.session.Release()
	if c.server.options.Guard.Version() != c.version {
		c.Rejudge(context.Background())
	}
	if expiry := c.expiry(); expiry != nil {
		defer expiry.Stop()
	}
	c.socket.Run(c.receive)
}

// safely keeps a fault that is no message's from ending the process.
func (c *conn) safely() {
	if fault := recover(); fault != nil {
		c.server.options.Log.Error("event socket failed", "fault", fault, "stack", string(debug.Stack()))
		c.Cut(errInternal)
	}
}

// expiry closes the connection when its JSON web token expires; nil when it has none.
func (c *conn) expiry() *time.Timer {
	if !realtime.IsJWT(c.shown.Token) {
		return nil
	}
	return time.AfterFunc(c.server.options.Guard.Remaining(c.shown.Token), func() { c.shutOut("token expired") })
}

// shutOut closes the connection of somebody who is no longer who he was, so that he comes back as who he is.
func (c *conn) shutOut(why string) {
	c.withSocket(func(socket *wire.Conn) { socket.Close(wire.PolicyViolation, why) })
}

// Deliver queues an event. Nothing is delivered before there is a socket.
func (c *conn) Deliver(f realtime.Frame) { c.socket.Send(wire.Frame(f)) }

// Cut ends the connection.
func (c *conn) Cut(why error) { c.withSocket(func(socket *wire.Conn) { socket.Cut(why) }) }

// Rejudge ends the connection when its token no longer shows the same identity.
func (c *conn) Rejudge(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, judgeTimeout)
	defer cancel()
	switch err := c.shown.Check(ctx, c.server.options.Guard); {
	case errors.Is(err, security.ErrUnauthenticated):
		c.shutOut("token is no longer good")
	case err != nil:
		c.Cut(err)
	}
}

// receive works on one message. What asks for nothing that is known has no answer. A fault in it costs the connection: wire
// sees to that.
func (c *conn) receive(message []byte) {
	ctx, cancel := context.WithTimeout(context.Background(), requestTimeout)
	defer cancel()
	switch r := decode(message); r.event {
	case echo:
		c.echo(ctx, r)
	case metaRequest:
		c.meta(ctx, r)
	}
}

func (c *conn) send(text []byte) { c.socket.Send(wire.Text(text)) }
