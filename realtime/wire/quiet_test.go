package wire_test

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"nightwire/realtime/wire"
)

// What a client sends right behind its request, before it has the answer, is a message like any other.
func TestEarlyMessage(t *testing.T) {
	h := open(t, wire.Options{}, nil)
	n := knock(t, h.server, masked(0x81, "early")+masked(0x81, "again")[:3])
	want(t, n, "\x81\x05early")
	if _, err := io.WriteString(n, masked(0x81, "again")[3:]); err != nil {
		t.Fatal(err)
	}
	want(t, n, "\x81\x05again")
}

func TestOversizeIsThrownAway(t *testing.T) {
	dropped := make(chan struct{}, 10)
	h := open(t, wire.Options{MaxMessage: 10, Oversize: func() { dropped <- struct{}{} }}, nil)
	c, _ := h.dial()
	say(t, c, strings.Repeat("x", 11))
	say(t, c, "1234567890")
	hear(t, c, "1234567890")
	say(t, c, strings.Repeat("ä", 1<<20))
	say(t, c, "")
	hear(t, c, "")
	if len(dropped) != 2 {
		t.Errorf("dropped %d", len(dropped))
	}
}

// A connection that is hung up ends with the end of its TCP stream, without a frame, and what the client sends is of no
// consequence.
func TestHangUp(t *testing.T) {
	for name, serve := range map[string]func(http.Handler) *httptest.Server{"TCP": httptest.NewServer, "TLS": httptest.NewTLSServer} {
		t.Run(name, func(t *testing.T) {
			hung := make(chan *wire.Conn, 1)
			s := serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				c, err := wire.Accept(w, r, wire.Options{PingEvery: time.Millisecond})
				if err != nil {
					t.Error(err)
					return
				}
				c.HangUp()
				c.Send(wire.Text([]byte("late")))
				hung <- c
			}))
			defer s.Close()
			n := knock(t, s, masked(0x81, "hello"))
			if rest, err := io.ReadAll(n); err != nil || len(rest) > 0 {
				t.Fatalf("read %q, %v", rest, err)
			}
			if _, err := io.WriteString(n, masked(0x81, "still here")+masked(0x89, "")); err != nil {
				t.Fatalf("does not listen: %v", err)
			}
			select {
			case <-hung:
				t.Error("the client's end was not waited for")
			case <-time.After(20 * time.Millisecond):
			}
			if err := n.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
				t.Fatal(err)
			}
			ends(t, <-hung)
		})
	}
}

// knock asks for a WebSocket by hand, sends more in the same segment, and returns the connection behind the answer.
func knock(t *testing.T, s *httptest.Server, more string) net.Conn {
	t.Helper()
	n, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if s.TLS != nil {
		n = tls.Client(n, &tls.Config{InsecureSkipVerify: true}) // it is the test's own server
	}
	t.Cleanup(func() { n.Close() })
	_ = n.SetDeadline(time.Now().Add(patience))
	request := "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" +
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
	if _, err := io.WriteString(n, request+more); err != nil {
		t.Fatal(err)
	}
	want(t, n, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")
	return n
}

func want(t *testing.T, r io.Reader, text string) {
	t.Helper()
	got := make([]byte, len(text))
	if n, err := io.ReadFull(r, got); err != nil || string(got) != text {
		t.Fatalf("read %q, %v; want %q", got[:n], err, text)
	}
}

// With EchoClose a client reads back what it closed with, and 1000 when that was nothing.
func TestCloseIsEchoed(t *testing.T) {
	for _, tt := range []struct {
		echo          bool
		close, answer string
	}{
		{false, "", "\x88\x00"}, {false, "\x0f\xa1bye", "\x88\x02\x0f\xa1"},
		{true, "", "\x88\x02\x03\xe8"}, {true, "\x0f\xa1bye", "\x88\x05\x0f\xa1bye"},
	} {
		n, conn := open(t, wire.Options{EchoClose: tt.echo}, nil).undress()
		n.raw(masked(0x88, tt.close))
		n.expect(tt.answer)
		n.expectEnd()
		ends(t, conn)
	}
}
