package wire

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// closePatience is how long the client's close frame is waited for.
const closePatience = 5 * time.Second

var (
	errSilent     = errors.New("client no longer answers")
	errNoFarewell = errors.New("client did not close in time")
)

// Options are the limits of a connection; zero values are the defaults.
type Options struct {
	MaxMessage   int64         // bytes of a client's message; beyond it the connection is closed with 1009; 0: 1 MiB
	MaxOutbox    int           // bytes that may wait to be written; a client that lets more wait is cut; 0: 1 MiB
	WriteTimeout time.Duration // for which a write may make no progress; 0: 10 s
	PingEvery    time.Duration // 0: 25 s; negative: never
	MaxRequests  int           // messages read ahead of those being worked on; reading pauses beyond; 0: 16
	EchoClose    bool          // a client's close is answered with its reason too, and one without a code with 1000
	Subprotocol  string        // of those that the client offers, the one to be spoken; "": none
	Oversize     func()        // called for each message beyond MaxMessage, which is thrown away, and the connection lives on; nil: it is closed
	Log          *slog.Logger
}

func (o Options) withDefaults() Options {
	orDefault(&o.MaxMessage, 1<<20)
	orDefault(&o.MaxOutbox, 1<<20)
	orDefault(&o.WriteTimeout, 10*time.Second)
	orDefault(&o.PingEvery, 25*time.Second)
	orDefault(&o.MaxRequests, 16)
	orDefault(&o.Log, slog.Default())
	return o
}

func orDefault[T comparable](v *T, standard T) {
	var zero T
	if *v == zero {
		*v = standard
	}
}

type state uint8

const (
	open    state = iota
	parting       // the close frame is queued, nothing is added
	closed
)

// Conn is one WebSocket.
type Conn struct {
	opts    Options
	ws      *websocket.Conn // the reader's
	inlet   *inlet
	link    *Link
	receive func([]byte)
	life    context.Context // until the connection has ended
	over    func()          // ends it
	tasks   sync.WaitGroup  // writer and worker

	mu       sync.Mutex
	state    state
	why      error // it was cut
	out      Outbox
	draining bool // a goroutine writes
	said     bool // our close frame is written
	parted   bool // the client's close frame is read, or it has stopped sending
	deaf     bool // what the client sends is no longer understood, its close frame neither
	timer    *time.Timer

	in      [][]byte   // messages that wait to be worked on
	waiting int        // bytes in in
	working bool       // a goroutine works on them
	paused  bool       // the reader waits for it
	moved   *sync.Cond // something was worked on or written
}

func newConn(ws *websocket.Conn, in *inlet, o Options) *Conn {
	c := &Conn{opts: o, ws: ws, inlet: in, link: NewLink(in.Conn)}
	c.life, c.over = context.WithCancel(context.Background())
	c.moved = sync.NewCond(&c.mu)
	if o.Oversize == nil {
		ws.SetReadLimit(o.MaxMessage)
	}
	ws.SetPingHandler(c.pong)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.timer = time.AfterFunc(max(o.PingEvery, 0), c.alarm) // without pings it finds nothing to do
	return c
}

// Done is closed when the connection has ended.
func (c *Conn) Done() <-chan struct{} { return c.life.Done() }

// Context ends with the connection: for what nobody else waits for.
func (c *Conn) Context() context.Context { return c.life }

// Send queues a frame. It never blocks; a client whose outbox is full is cut.
func (c *Conn) Send(f Frame) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.state != open:
		return
	case !c.out.Fits(len(f), c.opts.MaxOutbox):
		c.cut(ErrSlow)
		return
	case c.out.Empty() && !c.draining:
		f = c.link.Direct(f)
	}
	if len(f) > 0 {
		c.push(f)
	}
}

// push queues a frame. The lock is held.
func (c *Conn) push(f Frame) {
	c.out.Push(f)
	c.drain()
}

// drain sees to it that somebody writes. The lock is held.
func (c *Conn) drain() {
	if !c.draining && c.state != closed {
		c.draining = true
		c.tasks.Go(c.write)
	}
}

// write writes what is queued until nothing is left. At most one runs for a connection.
func (c *Conn) write() {
	c.mu.Lock()
	for !c.out.Empty() {
		batch, size := c.out.Take()
		c.mu.Unlock()
		err := c.link.Write(batch, c.opts.WriteTimeout)
		c.mu.Lock()
		c.out.Wrote(batch, size)
		c.moved.Broadcast()
		c.failed(err)
	}
	c.draining = false
	over := c.state == parting && c.spoken()
	deaf := c.deaf
	c.mu.Unlock()
	switch {
	case over:
		c.leave()
	case deaf:
		c.link.End() // clients wait for it before they tell that the connection is closed
	}
}

// Close writes what is queued, then the close frame (code 0: one without a code), waits a little for the client's, and ends.
// It returns at once; what is sent later is dropped, and so are messages that nobody works on yet.
func (c *Conn) Close(code int, reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.in, c.waiting = nil, 0
	c.part(code, reason)
}

// part queues the close frame. The lock is held.
func (c *Conn) part(code int, reason string) {
	if c.state != open {
		return
	}
	c.state = parting
	c.timer.Reset(c.opts.WriteTimeout + closePatience)
	c.push(closing(code, reason))
	c.moved.Broadcast()
}

// spoken notes that the close frame is written. It is true when the client has said its own, and the connection is over. The
// lock is held.
func (c *Conn) spoken() bool {
	c.said = true
	if !c.parted {
		c.timer.Reset(closePatience)
	}
	return c.parted
}

// heardEnd notes that nothing more comes from the client, and leaves when it has been told the same.
func (c *Conn) heardEnd() {
	c.mu.Lock()
	c.parted = true
	over := c.said
	c.mu.Unlock()
	if over {
		c.leave()
	}
}

// leave ends a connection that both sides have closed.
func (c *Conn) leave() {
	c.link.Farewell()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.end()
}

// HangUp ends the connection in place of Run, without a word: nothing is written any more, no close frame either. What the
// client sends is thrown away until it ends the TCP connection too, for which it has a little time.
func (c *Conn) HangUp() {
	c.mu.Lock()
	if c.state == open {
		c.state = parting
		c.timer.Reset(closePatience)
	}
	c.mu.Unlock()
	c.link.End()
	_, _ = io.Copy(io.Discard, c.inlet) // ends with the connection, by the timer at the latest
	c.Cut(nil)
}

// Cut ends the TCP connection at once, so that the client comes back.
func (c *Conn) Cut(why error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cut(why)
}

// cut ends the connection for a reason. The lock is held.
func (c *Conn) cut(why error) {
	if c.state != closed {
		c.why = why
		c.in, c.waiting = nil, 0
		c.end()
	}
}

// failed ends a connection that cannot be written to. What the client sent is still worked on if it has left. The lock is
// held.
func (c *Conn) failed(err error) {
	switch {
	case errors.Is(err, ErrSlow):
		c.cut(err)
	case err != nil:
		c.end()
	}
}

// end closes the TCP connection. The lock is held.
func (c *Conn) end() {
	if c.state == closed {
		return
	}
	c.state = closed
	c.out.Clear()
	c.timer.Stop()
	c.link.Close()
	c.moved.Broadcast()
	c.over()
}
