package wire

import (
	"errors"
	"log/slog"
	"net/http"
	"time"
)

// Options are the limits of a connection; zero values are the defaults.
type Options struct {
	MaxMessage   int64         // bytes of a client's message; beyond it the connection is closed with 1009; 0: 1 MiB
	MaxOutbox    int           // bytes that may wait to be written; a client that lets more wait is cut; 0: 1 MiB
	WriteTimeout time.Duration // for which a write may make no progress; 0: 10 s
	PingEvery    time.Duration // 0: 25 s; negative: never
	MaxRequests  int           // messages read ahead of those being worked on; reading pauses beyond; 0: 16
	Log          *slog.Logger
}

// Frame is a text message inside its WebSocket frame: the bytes as a server sends them. It is made once, shared by all
// connections, and never written to.
type Frame []byte

// Text returns the frame of a message.
func Text(payload []byte) Frame { panic("not built yet") }

// Conn is one WebSocket.
type Conn struct{}

// Accept upgrades a request; it has answered the client when it fails. No subprotocol and no extension is selected.
func Accept(w http.ResponseWriter, r *http.Request, o Options) (*Conn, error) {
	return nil, errors.New("not built yet")
}

// Refuse answers a request with a bare status line, such as "401 Unauthorized", without headers or body, and closes the TCP
// connection.
func Refuse(w http.ResponseWriter, status string) {}

// Run reads until the connection ends, and returns when nothing of it is left. Each message, text or binary, is handed to
// receive, in order, by one goroutine at a time that is not the reader: while receive works, pings are answered. The bytes are
// receive's to keep.
func (c *Conn) Run(receive func(message []byte)) {}

// Send queues a frame. It never blocks; a client whose outbox is full is cut.
func (c *Conn) Send(f Frame) {}

// Close writes what is queued, then the close frame (code 0: one without a code), waits a little for the client's, and ends.
// It returns at once; what is sent later is dropped.
func (c *Conn) Close(code int, reason string) {}

// Cut ends the TCP connection at once, so that the client comes back.
func (c *Conn) Cut(why error) {}

// Done is closed when the connection has ended.
func (c *Conn) Done() <-chan struct{} { return nil }
