package wire_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"nightwire/realtime/wire"
)

// unbuffered answers a request over a pipe that holds nothing.
type unbuffered struct {
	http.ResponseWriter
	conn net.Conn
}

func (u unbuffered) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return u.conn, bufio.NewReadWriter(bufio.NewReader(u.conn), bufio.NewWriter(u.conn)), nil
}

// piped is a client at the other end of such a pipe, inside a synctest bubble.
type piped struct {
	*testing.T
	net.Conn
	conn  *wire.Conn
	start time.Time
}

func pipe(t *testing.T, o wire.Options, receive func([]byte), act func(p *piped)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		client, server := net.Pipe()
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header = http.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"13"},
			"Sec-Websocket-Key": {"AAAAAAAAAAAAAAAAAAAAAA=="}}
		go func() { _, _ = io.ReadAtLeast(client, make([]byte, 129), 129) }() // the whole answer to the handshake
		o.Log = slog.New(slog.DiscardHandler)
		conn, err := wire.Accept(unbuffered{httptest.NewRecorder(), server}, r, o)
		if err != nil {
			t.Fatal(err)
		}
		ran := make(chan struct{})
		go func() { defer close(ran); conn.Run(receive) }()
		defer func() { client.Close(); <-ran }()
		act(&piped{t, client, conn, time.Now()})
	})
}

func nothing([]byte) {}

// endsAfter checks when the connection ends.
func (p *piped) endsAfter(want time.Duration) {
	p.Helper()
	<-p.conn.Done()
	if took := time.Since(p.start); took < want || took > want+want/4 {
		p.Errorf("ended after %v, want %v", took, want)
	}
}

// expect checks what comes next, and when.
func (p *piped) expect(want string, after time.Duration) {
	p.Helper()
	got := make([]byte, len(want))
	if _, err := io.ReadFull(p, got); err != nil || string(got) != want {
		p.Fatalf("got %q, %v; want %q", got, err, want)
	}
	if took := time.Since(p.start); took != after {
		p.Errorf("%q came after %v, want %v", want, took, after)
	}
}

func (p *piped) say(bytes string) {
	p.Helper()
	if _, err := io.WriteString(p, bytes); err != nil {
		p.Fatal(err)
	}
}

const period = 25 * time.Second

func TestIdleClientIsPinged(t *testing.T) {
	pipe(t, wire.Options{}, nothing, func(p *piped) {
		p.expect("\x89\x00", period)
		p.say(masked(0x8a, ""))
		p.expect("\x89\x00", 2*period)
		p.say(masked(0x8a, ""))
		time.Sleep(period / 2)
		p.say(masked(0x81, "busy"))
		p.expect("\x89\x00", 3*period+period/2)
		p.start = time.Now()
		p.endsAfter(period)
	})
}

func TestClientThatDoesNotReadIsCut(t *testing.T) {
	pipe(t, wire.Options{}, nothing, func(p *piped) {
		p.conn.Send(wire.Text([]byte("x")))
		p.endsAfter(10 * time.Second)
	})
}

// A client that takes little at a time is not one that takes nothing.
func TestSlowProgressIsProgress(t *testing.T) {
	pipe(t, wire.Options{PingEvery: -1}, nothing, func(p *piped) {
		p.conn.Send(wire.Text([]byte("0123456789")))
		for i := range 10 {
			time.Sleep(9 * time.Second)
			p.expect("\x81\x0a0123456789"[i:i+1], time.Since(p.start))
		}
		p.start = time.Now()
		p.endsAfter(10 * time.Second)
	})
}

func TestCloseIsWaitedForALittle(t *testing.T) {
	pipe(t, wire.Options{}, nothing, func(p *piped) {
		time.Sleep(time.Minute / 3)
		p.start = time.Now()
		p.conn.Close(wire.PolicyViolation, "")
		p.expect("\x88\x02\x03\xf0", 0)
		var talk sync.WaitGroup
		talk.Go(func() {
			for _, err := io.WriteString(p, masked(0x81, "x")); err == nil; _, err = io.WriteString(p, masked(0x81, "x")) {
				time.Sleep(time.Second)
			}
		})
		p.endsAfter(5 * time.Second)
		talk.Wait()
	})
	pipe(t, wire.Options{}, nothing, func(p *piped) {
		p.conn.Close(wire.PolicyViolation, "nobody reads this")
		p.endsAfter(10 * time.Second)
	})
}

// A client whose requests take long cannot show that it lives, and is not cut for it.
func TestPausedClientIsNotSilent(t *testing.T) {
	ctx, goOn := context.WithCancel(context.Background())
	pipe(t, wire.Options{MaxRequests: 1}, func([]byte) { <-ctx.Done() }, func(p *piped) {
		for range 2 {
			p.say(masked(0x81, "x"))
		}
		time.Sleep(5 * time.Minute)
		select {
		case <-p.conn.Done():
			t.Fatal("cut")
		default:
		}
		goOn()
		p.start = time.Now()
		p.expect("\x89\x00", period)
		p.endsAfter(2 * period)
	})
}

// Pings that nobody reads the answers of take no memory: one answer waits.
func TestFloodOfPings(t *testing.T) {
	pipe(t, wire.Options{MaxOutbox: 100}, nothing, func(p *piped) {
		p.say(masked(0x89, "first"))
		synctest.Wait() // its answer is being written
		for range 1000 {
			p.say(masked(0x89, "1234567890"))
		}
		p.say(masked(0x89, "last"))
		synctest.Wait()
		p.expect("\x8a\x05first", 0)
		p.expect("\x8a\x04last", 0)
	})
}

func TestCutWhileWriting(t *testing.T) {
	pipe(t, wire.Options{}, nothing, func(p *piped) {
		p.conn.Send(wire.Text([]byte("x")))
		synctest.Wait()
		p.conn.Cut(errors.New("why not"))
		p.endsAfter(0)
	})
}
