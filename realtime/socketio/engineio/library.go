package engineio

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"

	"github.com/zishang520/engine.io-go-parser/packet"
	"github.com/zishang520/engine.io/v2/engine"
	"github.com/zishang520/engine.io/v2/transports"
	"github.com/zishang520/engine.io/v2/types"
)

// This file makes a Conn the engine.Socket that the Socket.IO library works with. The library calls Id, Protocol, Request,
// RemoteAddress, ReadyState, Write and Close, and listens to data and close; the remaining methods of the interface are for
// the library's own engine, and nobody calls them here.

var _ engine.Socket = (*Conn)(nil)

// noRequest is what the library is told of the handshake: nothing. It would keep all of it for the life of the connection.
var noRequest = func() *types.HttpContext {
	r := &http.Request{Method: http.MethodGet, URL: &url.URL{}, Header: http.Header{}}
	ctx := types.NewHttpContext(noResponse{}, r.WithContext(context.Background()))
	ctx.Flush() // ends the goroutine that would wait for the answer
	return ctx
}()

type noResponse struct{}

func (noResponse) Header() http.Header         { return http.Header{} }
func (noResponse) Write(p []byte) (int, error) { return len(p), nil }
func (noResponse) WriteHeader(int)             {}

// Forward gives a message to the library.
func (c *Conn) Forward(text []byte) { c.Emit("data", types.NewStringBuffer(text)) }

// Id is the connection's identifier. It is a secret of the client's: whoever knows it may poll.
func (c *Conn) Id() string { return c.id }

// Protocol is the revision of Engine.IO: 3 or 4.
func (c *Conn) Protocol() int { return c.protocol }

// Request is an empty request.
func (c *Conn) Request() *types.HttpContext { return noRequest }

// RemoteAddress is Address, under the library's name for it.
func (c *Conn) RemoteAddress() string { return c.address }

// ReadyState is open while packets can be sent, and closing or closed afterwards.
func (c *Conn) ReadyState() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch c.state {
	case closing:
		return "closing"
	case closed:
		return "closed"
	default:
		return "open"
	}
}

// Write queues a message of the library's. Only text is ever sent.
func (c *Conn) Write(data io.Reader, _ *packet.Options, _ engine.SendCallback) engine.Socket {
	var text bytes.Buffer
	if _, err := text.ReadFrom(data); err == nil {
		c.Enqueue(Message(text.Bytes()))
	}
	return c
}

// Send is Write, under its other name.
func (c *Conn) Send(data io.Reader, o *packet.Options, f engine.SendCallback) engine.Socket {
	return c.Write(data, o, f)
}

// Close lets the queue go out and ends the connection; with discard it ends at once.
func (c *Conn) Close(discard bool) {
	if discard {
		c.end(reasonForced)
		return
	}
	c.finish()
}

// Transport is nil: it is asked for volatile packets only, which are not sent.
func (c *Conn) Transport() transports.Transport { return nil }

// Upgraded is whether a WebSocket took over from polling.
func (c *Conn) Upgraded() bool { return false }

// Upgrading is whether a WebSocket is about to take over.
func (c *Conn) Upgrading() bool { return false }

// SetReadyState does nothing.
func (c *Conn) SetReadyState(string) {}

// Construct does nothing.
func (c *Conn) Construct(string, engine.BaseServer, transports.Transport, *types.HttpContext, int) {}

// MaybeUpgrade does nothing.
func (c *Conn) MaybeUpgrade(transports.Transport) {}
