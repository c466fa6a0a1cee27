package socketio

import (
	"testing"

	"nightwire/realtime/socketio/engineio"
)

// A client that asks for a namespace twice is in it once, and its other namespaces go on.
func TestConnectTwice(t *testing.T) {
	h := newHouse(t, engineio.Options{})
	for _, w := range ways {
		t.Run(w.String(), func(t *testing.T) {
			c := h.connect(w)
			c.t = t
			c.join()
			c.joinAlarm()
			c.send("40/alarm,")
			if got := c.subscribe(`{}`); got == "" {
				t.Error("no answer on the other namespace")
			}
			c.close()
		})
	}
}
