package directus

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestNothingLeft: when all clients have gone, of whatever they were doing, nothing of them is left.
func TestNothingLeft(t *testing.T) {
	h := newHouse(t, Options{Rate: -1})
	token := h.token("anna", "api:test:*")
	h.insert("test", `{"test":"x"}`)
	before := runtime.NumGoroutine()
	for i := range 100 {
		c := h.connect(token)
		c.send(fmt.Sprintf(`{"type":"subscribe","collection":"test","uid":"u%d","query":{"filter":{"n":%d}}}`, i, i))
		c.send(fmt.Sprintf(`{"type":"subscribe","collection":"test","event":"create","uid":"u%d"}`, i))
		c.send(`{"type":"subscribe","collection":"test","uid":"s"}`)
		c.send(`{"type":"items","action":"create","collection":"test","data":{"n":1}}`)
		c.send(`{"type":"items","action":"read","collection":"test","query":{"filter":` + strings.Repeat(`{"_and":[`, 500) + strings.Repeat(`]}`, 500) + `}}`)
		if i%2 == 0 {
			c.next()
		}
		if err := c.ws.NetConn().Close(); err != nil {
			t.Fatal(err)
		}
	}
	left := func() string {
		if c, s, f, v := h.server.Connections(), h.hub.Sessions(), h.server.topics.forms.Len(), h.server.topics.views.Len(); c+s+f+v > 0 {
			return fmt.Sprintf("%d connections, %d sessions, %d forms, %d views", c, s, f, v)
		}
		if n := runtime.NumGoroutine(); n > before+5 {
			return fmt.Sprintf("%d goroutines, %d before", n, before)
		}
		return ""
	}
	for until := time.Now().Add(patience); left() != ""; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatal(left())
		}
	}
}
