package users

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"nightwire/realtime"
	"nightwire/security"
	"nightwire/storage"
)

// between opens a house in which something happens after a client was identified, before or after its connection listens,
// and before it has a socket.
func between(t *testing.T, whenIdentified, whenListening func(*house)) *house {
	t.Helper()
	var h *house
	serve := func(http.Handler) *httptest.Server {
		return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			version := h.guard.Version()
			shown, err := h.server.identify(r.Context(), r)
			if err != nil {
				t.Error(err)
			}
			whenIdentified(h)
			if err := h.server.conns.Take(0); err != nil {
				t.Error(err)
			}
			c := h.server.newConn(shown, version)
			whenListening(h)
			socket, err := h.server.accept(w, r)
			if err != nil {
				t.Error(err)
				return
			}
			c.attach(socket)
			go func() {
				defer h.server.conns.Give()
				c.run()
			}()
		}))
	}
	h = openHouse(t, configured(nil), serve, func(j realtime.Journal) realtime.Journal { return j })
	return h
}

// settle waits until the hub has told all that was written.
func (h *house) settle() {
	h.t.Helper()
	told := make(chan struct{}, 1)
	session := h.hub.Join(deaf{}, realtime.NewForm(func(storage.Change) realtime.Frame {
		told <- struct{}{}
		return nil
	}))
	defer session.Leave()
	session.SubscribeChannel("test:settled", nil)
	if err := h.engine.Publish(h.t.Context(), storage.Message{Channel: "test:settled", Body: "{}"}); err != nil {
		h.t.Error(err)
		return
	}
	<-told
}

// What happens before a client has a socket is told when it has.
func TestNothingIsMissedMeanwhile(t *testing.T) {
	h := between(t, func(*house) {}, func(h *house) {
		if err := storage.PublishEcho(t.Context(), h.engine, `"early"`); err != nil {
			t.Error(err)
		}
		h.settle()
	})
	c := h.connect()
	c.hears(`{"eventType":10,"message":"early"}`)
}

// Nobody stays who was somebody else when he was let in.
func TestTokenThatEndsMeanwhile(t *testing.T) {
	remove := func(h *house) {
		h.remove(security.Subjects, "anna")
		h.settle()
	}
	nothing := func(*house) {}
	for name, when := range map[string][2]func(*house){
		"before it listens": {remove, nothing}, "before its socket": {nothing, remove},
	} {
		t.Run(name, func(t *testing.T) {
			h := between(t, when[0], when[1])
			c := h.as(h.token("anna", "api:*:read"))
			c.reads("\x88\x19\x03\xf0token is no longer good")
		})
	}
}

// deaf hears nothing.
type deaf struct{}

func (deaf) Deliver(realtime.Frame)  {}
func (deaf) Cut(error)               {}
func (deaf) Rejudge(context.Context) {}
