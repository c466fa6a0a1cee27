package wire_test

import (
	"bufio"
	"encoding/binary"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"nightwire/realtime/wire"
)

// patience is how long a test waits for what must come.
const patience = 15 * time.Second

// house serves WebSockets over real TCP.
type house struct {
	*testing.T
	server *httptest.Server
	conns  chan *wire.Conn
	ran    sync.WaitGroup
}

// open serves WebSockets that hand what they receive to receive; nil: they echo.
func open(t *testing.T, o wire.Options, receive func(*wire.Conn, []byte)) *house {
	t.Helper()
	return openWith(t, o, receive, httptest.NewServer)
}

func openWith(t *testing.T, o wire.Options, receive func(*wire.Conn, []byte), serve func(http.Handler) *httptest.Server) *house {
	t.Helper()
	if receive == nil {
		receive = func(c *wire.Conn, message []byte) { c.Send(wire.Text(message)) }
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	h := &house{T: t, conns: make(chan *wire.Conn, 20_000)}
	h.server = serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := wire.Accept(w, r, o)
		if err != nil {
			return
		}
		h.conns <- c
		h.ran.Go(func() { c.Run(func(m []byte) { receive(c, m) }) })
	}))
	t.Cleanup(func() {
		h.server.Close()
		h.cutAll()
		h.ran.Wait() // nothing may be left
	})
	return h
}

func (h *house) cutAll() {
	for {
		select {
		case c := <-h.conns:
			c.Cut(nil)
		default:
			return
		}
	}
}

// dial connects a client; conn is the server's side of it.
func (h *house) dial() (client *websocket.Conn, conn *wire.Conn) {
	h.Helper()
	dialer := websocket.Dialer{}
	if tr, ok := h.server.Client().Transport.(*http.Transport); ok {
		dialer.TLSClientConfig = tr.TLSClientConfig
	}
	client, _, err := dialer.Dial("ws"+strings.TrimPrefix(h.server.URL, "http"), nil)
	if err != nil {
		h.Fatal(err)
	}
	h.Cleanup(func() { client.Close() })
	_ = client.SetReadDeadline(time.Now().Add(patience))
	return client, <-h.conns
}

func say(t *testing.T, c *websocket.Conn, text string) {
	t.Helper()
	if err := c.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
		t.Fatal(err)
	}
}

func hear(t *testing.T, c *websocket.Conn, want string) {
	t.Helper()
	kind, got, err := c.ReadMessage()
	if err != nil || kind != websocket.TextMessage || string(got) != want {
		t.Fatalf("heard %d %.100q, %v; want %.100q", kind, got, err, want)
	}
}

// closes checks that the connection is closed with that code.
func closes(t *testing.T, c *websocket.Conn, code int) {
	t.Helper()
	for {
		if _, _, err := c.ReadMessage(); err != nil {
			if !websocket.IsCloseError(err, code) {
				t.Fatalf("closed by %v, want %d", err, code)
			}
			return
		}
	}
}

func ends(t *testing.T, c *wire.Conn) {
	t.Helper()
	select {
	case <-c.Done():
	case <-time.After(patience):
		t.Fatal("the connection does not end")
	}
}

// handshake is a client's request for a WebSocket.
const handshake = "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
	"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"

// naked is a client that writes any bytes it likes.
type naked struct {
	*net.TCPConn
	*testing.T
	r *bufio.Reader
}

// connect connects a naked client to TCP.
func (h *house) connect() *naked {
	h.Helper()
	conn, err := net.Dial("tcp", h.server.Listener.Addr().String())
	if err != nil {
		h.Fatal(err)
	}
	h.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(patience))
	return &naked{conn.(*net.TCPConn), h.T, bufio.NewReader(conn)}
}

// undress connects a naked client to a WebSocket.
func (h *house) undress() (*naked, *wire.Conn) {
	h.Helper()
	n := h.connect()
	n.raw(handshake)
	resp, err := http.ReadResponse(n.r, nil)
	if err != nil || resp.StatusCode != http.StatusSwitchingProtocols {
		h.Fatalf("%v, %v", resp, err)
	}
	return n, <-h.conns
}

func (n *naked) raw(bytes string) {
	n.Helper()
	if _, err := io.WriteString(n.TCPConn, bytes); err != nil {
		n.Fatal(err)
	}
}

// masked is a client's frame; its mask is zero.
func masked(first byte, payload string) string {
	f := []byte{first}
	switch {
	case len(payload) < 126:
		f = append(f, 0x80|byte(len(payload)))
	case len(payload) < 1<<16:
		f = binary.BigEndian.AppendUint16(append(f, 0x80|126), uint16(len(payload)))
	default:
		f = binary.BigEndian.AppendUint64(append(f, 0x80|127), uint64(len(payload)))
	}
	return string(f) + "\x00\x00\x00\x00" + payload
}

// expect checks what comes next, byte by byte.
func (n *naked) expect(want string) {
	n.Helper()
	got := make([]byte, len(want))
	if _, err := io.ReadFull(n.r, got); err != nil || string(got) != want {
		n.Fatalf("got %q, %v; want %q", got, err, want)
	}
}

// expectEnd checks that TCP ends here, and properly.
func (n *naked) expectEnd() {
	n.Helper()
	if b, err := io.ReadAll(n.r); err != nil || len(b) > 0 {
		n.Fatalf("got %q, %v; want the end", b, err)
	}
}
