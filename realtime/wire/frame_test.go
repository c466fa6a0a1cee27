package wire_test

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"nightwire/realtime/wire"
)

func TestPayload(t *testing.T) {
	for _, size := range []int{0, 1, 125, 126, 65535, 65536} {
		body := strings.Repeat("x", size)
		f := wire.NewFrame(wire.TextFrame, "", []byte(body))
		if string(f.Payload()) != body {
			t.Errorf("%d bytes do not come back", size)
		}
	}
}

// Whatever a client sends, the connection lives on or ends, and what is received are messages within the limit.
func FuzzClient(f *testing.F) {
	f.Add([]byte(masked(0x81, "hi") + masked(0x89, "x") + masked(0x88, "\x03\xe8")))
	f.Add([]byte(masked(0x01, "a") + masked(0x80, "\xff") + masked(0x82, strings.Repeat("y", 200))))
	f.Add([]byte("\x81\xfe\xff\xff\x01\x02\x03\x04rest"))
	f.Add([]byte(masked(0x88, "\x03") + "\xc1\x80"))
	f.Fuzz(func(t *testing.T, sent []byte) {
		const limit = 100
		pipe(t, wire.Options{MaxMessage: limit}, func(m []byte) {
			if len(m) > limit {
				t.Errorf("received %d bytes", len(m))
			}
		}, func(p *piped) {
			answer := make(chan []byte)
			go func() {
				all, _ := io.ReadAll(p)
				answer <- all
			}()
			_, _ = io.Copy(p, bytes.NewReader(sent))
			p.conn.Close(wire.NormalClosure, "")
			<-p.conn.Done()
			checkFrames(t, <-answer)
		})
	})
}

// checkFrames checks that what a server sent are whole frames, with one close frame at the end.
func checkFrames(t *testing.T, sent []byte) {
	t.Helper()
	for len(sent) > 0 {
		if len(sent) < 2 || int(sent[1]) > len(sent)-2 {
			t.Fatalf("broken frame %q", sent)
		}
		kind, payload := wire.Opcode(sent[0]), sent[2:2+sent[1]]
		sent = sent[2+sent[1]:]
		switch {
		case kind == wire.PongFrame || kind == wire.PingFrame:
		case kind == wire.CloseFrame && len(sent) == 0 && len(payload) != 1 && utf8.Valid(payload[min(2, len(payload)):]):
		default:
			t.Fatalf("frame %#x %q before %q", kind, payload, sent)
		}
	}
}
