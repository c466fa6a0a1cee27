package wire_test

import (
	"io"
	"net"
	"os"
	"runtime"
	"strconv"
	"testing"

	"nightwire/realtime/wire"
)

// An idle socket costs little. WIRE_SOCKETS asks for another number of them than 500; the process needs two files for each.
func TestIdleMemory(t *testing.T) {
	sockets := 500
	if n, err := strconv.Atoi(os.Getenv("WIRE_SOCKETS")); err == nil {
		sockets = n
	}
	h := open(t, wire.Options{}, nil)
	clients, conns := make([]net.Conn, sockets), make([]*wire.Conn, sockets)
	before, goroutines := inUse(), runtime.NumGoroutine()
	for i := range clients {
		clients[i], conns[i] = h.bare()
	}
	per := (inUse() - before) / int64(sockets)
	t.Logf("%d sockets: %d bytes and %.2f goroutines each, with the client's side",
		sockets, per, float64(runtime.NumGoroutine()-goroutines)/float64(sockets))
	if per > 16<<10 {
		t.Errorf("an idle socket takes %d bytes", per)
	}
	for i, c := range conns {
		c.Cut(nil)
		clients[i].Close()
	}
}

// bare connects a client that takes next to no memory, and lets it say something.
func (h *house) bare() (net.Conn, *wire.Conn) {
	h.Helper()
	client, err := net.Dial("tcp", h.server.Listener.Addr().String())
	if err != nil {
		h.Fatal(err)
	}
	for _, step := range []struct {
		say  string
		hear int
	}{{handshake, 129}, {masked(0x81, "x"), len("\x81\x01x")}} {
		if _, err := io.WriteString(client, step.say); err != nil {
			h.Fatal(err)
		}
		if _, err := io.ReadFull(client, make([]byte, step.hear)); err != nil {
			h.Fatal(err)
		}
	}
	return client, <-h.conns
}

func inUse() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}
