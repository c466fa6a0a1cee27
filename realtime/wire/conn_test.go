package wire_test

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"nightwire/realtime/wire"
)

func TestMessagesComeBack(t *testing.T) {
	h := open(t, wire.Options{}, nil)
	c, _ := h.dial()
	for _, size := range []int{0, 1, 125, 126, 255, 256, 65535, 65536, 1 << 20} {
		text := strings.Repeat("ä", size/2) + strings.Repeat("x", size%2)
		say(t, c, text)
		hear(t, c, text)
	}
	if err := c.WriteMessage(websocket.BinaryMessage, []byte("{}\xff")); err != nil {
		t.Fatal(err)
	}
	hear2(t, c, "{}\xff")
}

// hear2 reads a message whose text gorilla/websocket would not check.
func hear2(t *testing.T, c *websocket.Conn, want string) {
	t.Helper()
	if _, got, err := c.ReadMessage(); err != nil || string(got) != want {
		t.Fatalf("heard %q, %v", got, err)
	}
}

func TestTLS(t *testing.T) {
	h := openWith(t, wire.Options{}, nil, httptest.NewTLSServer)
	c, conn := h.dial()
	text := strings.Repeat("long ", 50_000)
	say(t, c, text)
	say(t, c, "short")
	hear(t, c, text)
	hear(t, c, "short")
	conn.Close(wire.GoingAway, "bye")
	closes(t, c, wire.GoingAway)
	ends(t, conn)
}

func TestFragments(t *testing.T) {
	h := open(t, wire.Options{MaxMessage: 10}, nil)
	n, _ := h.undress()
	n.raw(masked(0x01, "a\xc3") + masked(0x89, "ping") + masked(0x00, "\xa4b") + masked(0x80, ""))
	n.expect("\x8a\x04ping")
	n.expect("\x81\x04a\xc3\xa4b")
	n.raw(masked(0x01, "123456") + masked(0x80, "78901"))
	n.expect("\x88\x13\x03\xf1message too large")
	n.raw(masked(0x88, "\x03\xf1"))
	n.CloseWrite()
	n.expectEnd()
}

func TestWhatEndsAConnection(t *testing.T) {
	tests := []struct {
		name, send, want string
	}{
		{"own code", masked(0x88, "\x0f\xa0bye"), "\x88\x02\x0f\xa0"},
		{"no code", masked(0x88, ""), "\x88\x00"},
		{"illegal code 1005", masked(0x88, "\x03\xed"), "\x88\x10\x03\xeaprotocol error"},
		{"illegal code 999", masked(0x88, "\x03\xe7"), "\x88\x10\x03\xeaprotocol error"},
		{"unmasked", "\x81\x02hi", "\x88\x10\x03\xeaprotocol error"},
		{"reserved bit", masked(0xc1, "hi"), "\x88\x10\x03\xeaprotocol error"},
		{"reserved opcode", masked(0x83, "hi"), "\x88\x10\x03\xeaprotocol error"},
		{"fragmented ping", masked(0x09, "hi"), "\x88\x10\x03\xeaprotocol error"},
		{"long ping", masked(0x89, strings.Repeat("x", 126)), "\x88\x10\x03\xeaprotocol error"},
		{"nothing to continue", masked(0x80, "hi"), "\x88\x10\x03\xeaprotocol error"},
		{"new message within another", masked(0x01, "hi") + masked(0x81, "hi"), "\x88\x10\x03\xeaprotocol error"},
		{"text that is not UTF-8", masked(0x81, "\xff"), "\x88\x18\x03\xeftext that is not UTF-8"},
		{"half a letter", masked(0x01, "\xc3") + masked(0x80, ""), "\x88\x18\x03\xeftext that is not UTF-8"},
		{"too large", masked(0x82, strings.Repeat("x", 1001)), "\x88\x13\x03\xf1message too large"},
		{"length of a fool", "\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00", "\x88\x13\x03\xf1message too large"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := open(t, wire.Options{MaxMessage: 1000}, nil)
			n, conn := h.undress()
			n.raw(masked(0x81, "before"))
			n.expect("\x81\x06before")
			n.raw(tt.send)
			n.expect(tt.want)
			n.expectEnd() // some clients wait for it
			understood := len(tt.want) <= 4
			select {
			case <-conn.Done():
				if !understood {
					t.Error("the end came only when the client's was waited for in vain")
				}
			default:
			}
			n.CloseWrite()
			ends(t, conn)
		})
	}
}

// What was queued goes out before the close frame, and nothing after it.
func TestCloseComesLast(t *testing.T) {
	h := open(t, wire.Options{}, nil)
	n, conn := h.undress()
	for range 3 {
		conn.Send(wire.Text([]byte("x")))
	}
	conn.Close(wire.NoStatus, "")
	conn.Close(wire.InternalError, "no more")
	conn.Send(wire.Text([]byte("late")))
	n.expect("\x81\x01x\x81\x01x\x81\x01x\x88\x00")
	n.raw(masked(0x81, "ignored") + masked(0x88, ""))
	n.expectEnd()
	ends(t, conn)
}

func TestLongReasonIsCut(t *testing.T) {
	h := open(t, wire.Options{}, nil)
	n, conn := h.undress()
	conn.Close(4001, strings.Repeat("ä", 100))
	n.expect("\x88\x7c\x0f\xa1" + strings.Repeat("ä", 61))
}

func TestCut(t *testing.T) {
	h := open(t, wire.Options{}, nil)
	n, conn := h.undress()
	conn.Cut(errors.New("so be it"))
	n.expectEnd()
	ends(t, conn)
	conn.Send(wire.Text(nil))
	conn.Close(wire.NormalClosure, "")
	conn.Cut(nil)
}

// A client that goes without a word is gone, and what it asked for is still worked on.
func TestClientGoes(t *testing.T) {
	start, worked := make(chan struct{}), make(chan string, 3)
	h := open(t, wire.Options{}, func(_ *wire.Conn, m []byte) {
		<-start
		worked <- string(m)
	})
	n, conn := h.undress()
	n.raw(masked(0x81, "1") + masked(0x81, "2") + masked(0x81, "3"))
	n.Close()
	ends(t, conn)
	close(start)
	for _, want := range []string{"1", "2", "3"} {
		if got := <-worked; got != want {
			t.Errorf("worked on %q, want %q", got, want)
		}
	}
}

// While a request is worked on, pings are answered; when too many wait, reading pauses, and nothing is lost.
func TestWorkDoesNotStopTheReader(t *testing.T) {
	goOn := make(chan struct{})
	h := open(t, wire.Options{MaxRequests: 4}, func(c *wire.Conn, m []byte) {
		<-goOn
		c.Send(wire.Text(m))
	})
	n, _ := h.undress()
	n.raw(masked(0x81, "a") + masked(0x81, "b") + masked(0x89, "1"))
	n.expect("\x8a\x011")
	for _, m := range "cdefgh" {
		n.raw(masked(0x81, string(m)))
	}
	n.raw(masked(0x89, "2"))
	close(goOn)
	var got []byte
	for !bytes.Contains(got, []byte("h")) || !bytes.Contains(got, []byte("2")) {
		b, err := n.r.ReadByte()
		if err != nil {
			t.Fatalf("after %q: %v", got, err)
		}
		if b >= '1' && b <= 'h' {
			got = append(got, b)
		}
	}
	if s := strings.ReplaceAll(string(got), "2", ""); s != "abcdefgh" {
		t.Errorf("got %q", s)
	}
}

func TestPanicCostsOneConnection(t *testing.T) {
	h := open(t, wire.Options{}, func(c *wire.Conn, m []byte) {
		if string(m) == "bad" {
			panic("bad message")
		}
		c.Send(wire.Text(m))
	})
	bad, conn := h.dial()
	good, _ := h.dial()
	say(t, bad, "bad")
	closes(t, bad, wire.InternalError)
	ends(t, conn)
	say(t, good, "good")
	hear(t, good, "good")
}

// A client that reads nothing is cut when its outbox is full; who sends is never held up.
func TestFullOutboxCuts(t *testing.T) {
	h := open(t, wire.Options{}, nil)
	_, conn := h.undress()
	f := wire.Text(make([]byte, 10_000))
	for sent := 0; ; sent += len(f) {
		select {
		case <-conn.Done():
			return
		default:
		}
		if sent > 100<<20 {
			t.Fatal("took 100 MiB")
		}
		conn.Send(f)
	}
}

// Frames larger than the bound arrive, one by one.
func TestLargeFrames(t *testing.T) {
	h := open(t, wire.Options{MaxOutbox: 1000}, func(c *wire.Conn, m []byte) {
		c.Send(wire.Text(bytes.Repeat(m, 1_000_000)))
	})
	c, _ := h.dial()
	for range 10 {
		say(t, c, "xyz")
	}
	want := strings.Repeat("xyz", 1_000_000)
	for range 10 {
		hear(t, c, want)
	}
}

func TestAcceptRefuses(t *testing.T) {
	h := open(t, wire.Options{}, nil)
	get := func(change func(*http.Request)) *http.Response {
		r, _ := http.NewRequest(http.MethodGet, h.server.URL, nil)
		change(r)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp
	}
	if resp := get(func(*http.Request) {}); resp.StatusCode != http.StatusUpgradeRequired || resp.Header.Get("Upgrade") != "websocket" {
		t.Errorf("a plain GET: %v", resp)
	}
	resp := get(func(r *http.Request) {
		r.Header = http.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"8"}}
	})
	if resp.StatusCode != http.StatusBadRequest {
		t.Errorf("an old version: %v", resp)
	}
}

func TestHTTP2IsRefused(t *testing.T) {
	h := openWith(t, wire.Options{}, nil, func(handler http.Handler) *httptest.Server {
		s := httptest.NewUnstartedServer(handler)
		s.EnableHTTP2 = true
		s.StartTLS()
		return s
	})
	resp, err := h.server.Client().Get(h.server.URL)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.ProtoMajor != 2 || resp.StatusCode != http.StatusBadRequest {
		t.Errorf("%v", resp)
	}
}

func TestRefuse(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { wire.Refuse(w, "401 Unauthorized") }))
	defer s.Close()
	h := &house{T: t, server: s}
	n := h.connect()
	n.raw("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	n.expect("HTTP/1.1 401 Unauthorized\r\n\r\n")
	n.expectEnd()
}

// Nothing offered is selected.
func TestNothingIsNegotiated(t *testing.T) {
	h := open(t, wire.Options{}, nil)
	d := websocket.Dialer{Subprotocols: []string{"x"}, EnableCompression: true}
	c, resp, err := d.Dial("ws"+strings.TrimPrefix(h.server.URL, "http"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if p, e := resp.Header["Sec-Websocket-Protocol"], resp.Header["Sec-Websocket-Extensions"]; p != nil || e != nil {
		t.Errorf("selected %q and %q", p, e)
	}
}

// Connections leave no goroutine behind, however they end.
func TestNoGoroutineStays(t *testing.T) {
	h := open(t, wire.Options{}, nil)
	before := runtime.NumGoroutine()
	for i := range 200 {
		c, conn := h.dial()
		say(t, c, "x")
		hear(t, c, "x")
		switch i % 3 {
		case 0:
			c.Close()
		case 1:
			conn.Cut(nil)
		case 2:
			conn.Close(wire.GoingAway, "")
			closes(t, c, wire.GoingAway)
		}
	}
	h.ran.Wait()
	for deadline := time.Now().Add(patience); runtime.NumGoroutine() > before+5; {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), before)
		}
		runtime.Gosched()
	}
}
