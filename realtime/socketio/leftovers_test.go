package socketio

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/zishang520/socket.io/v2/socket"

	"nightwire/realtime/socketio/engineio"
)

// left counts what there is of clients, wherever it is kept.
func (h *house) left() int {
	n := h.server.engine.Connections() + h.server.hub.Sessions()
	for _, namespace := range []socket.Namespace{h.server.storage, h.server.alarm} {
		n += namespace.Sockets().Len() + namespace.Adapter().Rooms().Len() + namespace.Adapter().Sids().Len()
	}
	return n
}

// Nothing is left of connections that have gone, however they went.
func TestNothingIsLeft(t *testing.T) {
	h := newHouse(t, engineio.Options{CloseTimeout: 50 * time.Millisecond})
	token := h.token("reader", "api:*:read")
	http.DefaultClient.CloseIdleConnections()
	before := runtime.NumGoroutine()
	cycles := volume(1000, 100)
	var lanes sync.WaitGroup
	for lane := range 4 {
		lanes.Go(func() {
			for i := range cycles / 4 {
				c := h.connect(ways[(i+lane)%len(ways)])
				if i%5 == 0 { // gone while the library lets it in
					c.send("40/storage,")
					c.close()
					continue
				}
				c.join()
				c.subscribe(`{"accessToken":"` + token + `"}`)
				c.joinAlarm()
				c.hear(`{"accessToken":"` + token + `"}`)
				switch i % 4 {
				case 0:
					c.send("41/storage,")
				case 1:
					c.send("1")
				case 2:
					c.send("9")
				}
				c.close()
			}
		})
	}
	lanes.Wait()
	eventually(t, func() bool { return h.left() == 0 })
	eventually(t, func() bool {
		http.DefaultClient.CloseIdleConnections()
		return runtime.NumGoroutine() <= before+2
	})
}

// Closing the server cuts everybody by the end of TCP, without a namespace disconnect, and leaves nothing behind.
func TestClose(t *testing.T) {
	http.DefaultClient.CloseIdleConnections()
	before := runtime.NumGoroutine()
	h := newHouse(t, engineio.Options{})
	var clients []*client
	for _, w := range append(ways, ways...) {
		c := h.connect(w)
		c.join()
		clients = append(clients, c)
	}
	h.stop()
	for _, c := range clients {
		c.ended()
		for p := range c.in {
			if strings.HasPrefix(p, "41") {
				t.Errorf("%v: got %s", c.way, p)
			}
		}
	}
	eventually(t, func() bool {
		http.DefaultClient.CloseIdleConnections()
		return runtime.NumGoroutine() <= before+2
	})
}

// Nothing is left of clients that go at any moment of their coming, while events flow.
func TestNothingIsLeftOfAbruptEnds(t *testing.T) {
	h := newHouse(t, engineio.Options{CloseTimeout: 50 * time.Millisecond})
	token := h.token("reader", "api:*:read")
	before := runtime.NumGoroutine()
	url := "ws" + strings.TrimPrefix(h.web.URL, "http") + "/socket.io/?transport=websocket&EIO="
	packets := []string{
		"40/storage,", fmt.Sprintf(`42/storage,1["subscribe",{"accessToken":%q}]`, token), "41/storage,", "40/storage,", "41",
	}
	var lanes sync.WaitGroup
	for range 8 {
		lanes.Go(func() {
			for n := range volume(600, 60) {
				ws, _, err := websocket.DefaultDialer.Dial(url+fmt.Sprint(3+n%2), nil)
				if err != nil {
					t.Error(err)
					return
				}
				for _, p := range packets[:1+rand.IntN(len(packets))] {
					_ = ws.WriteMessage(websocket.TextMessage, []byte(p))
				}
				h.journal.write(entry(n))
				time.Sleep(time.Duration(rand.IntN(300)) * time.Microsecond) // any moment will do
				if n%3 == 0 {
					_ = ws.NetConn().(*net.TCPConn).SetLinger(0)
				}
				ws.Close()
			}
		})
	}
	lanes.Wait()
	eventually(t, func() bool { return h.left() == 0 })
	eventually(t, func() bool { return runtime.NumGoroutine() <= before+2 })
}
