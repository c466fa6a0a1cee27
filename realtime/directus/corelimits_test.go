package directus

import (
	"net/http"
	"testing"
	"time"
)

const (
	period       = 200 * time.Millisecond
	askedForLife = `{"type":"ping"}`
	pong         = `{"type":"pong"}`
)

func TestHeartbeatOverSockets(t *testing.T) {
	h, admin := coreHouse(t, Options{})
	h.server.options.Heartbeat = period
	began := time.Now()
	silent, legacy := h.dial("?access_token="+admin), h.dial("?dialect=legacy&access_token="+admin)
	silent.want(askedForLife)
	silent.hungUp()
	if took := time.Since(began); took < 2*period {
		t.Errorf("given up after %v", took)
	}
	alive := h.dial("?access_token=" + admin)
	for range 5 {
		alive.want(askedForLife)
		alive.send(pong)
	}
	legacy.settled() // nothing was sent to it in all that time
}

// A handshake is awaited without heartbeats: the client takes the first frame for its outcome.
func TestNoHeartbeatDuringHandshake(t *testing.T) {
	h, admin := coreHouse(t, Options{Auth: Handshake})
	h.server.options.Heartbeat = period
	waiting, clock := h.dial(""), h.dial("?access_token="+admin)
	for range 3 {
		clock.want(askedForLife)
		clock.send(pong)
	}
	waiting.ask(auth(admin), authOK)
	waiting.want(askedForLife)
	waiting.hungUp()
}

// A client shows that it speaks the core dialect by what it sends, and is asked for signs of life from then on.
func TestDialectShownByMessage(t *testing.T) {
	h, admin := coreHouse(t, Options{})
	h.server.options.Heartbeat = period
	for _, first := range [][2]string{
		{`{"type":"ping"}`, pong}, {readOne, oneRead}, {auth(admin), authOK},
		{`{"type":"subscribe","collection":"test","event":"create"}`, `{"type":"subscription","event":"init"}`},
		{`{"type":"subscribe","collection":"test","item":1,"query":{"fields":["n"]}}`, `{"type":"subscription","event":"init","data":{"n":1}}`},
	} {
		h.server.options.Dialect = Legacy
		c := h.dial("?api_token=" + admin)
		c.settled()
		c.ask(first[0], first[1])
		c.want(askedForLife)
		c.hungUp()
	}
}

func TestConnectionLimit(t *testing.T) {
	h, admin := coreHouse(t, Options{Auth: Public})
	h.places(0) // that of the preparation is ending
	h.server.options.ConnLimit = 2
	first, second := h.dial(""), h.dial("")
	if got := h.status("", nil); got != http.StatusForbidden {
		t.Errorf("over the limit: %d", got)
	}
	if got := h.status("?access_token="+admin, nil); got != http.StatusForbidden {
		t.Errorf("over the limit, with a token: %d", got)
	}
	first.ws.Close()
	h.places(1)
	h.dial("").quiet()
	second.quiet()
}

// places waits until no more than so many places are taken.
func (h *house) places(most int) {
	for h.server.conns.Places() > most {
		time.Sleep(time.Millisecond)
	}
}

func TestTooManyMessages(t *testing.T) {
	h, admin := coreHouse(t, Options{})
	h.server.options.Rate = 1
	c := h.dial("?access_token=" + admin)
	c.ask(`{"type":"ping"}`, pong)
	c.ask(`{"type":"ping"}`, `{"type":"server","status":"error","error":{"code":"REQUESTS_EXCEEDED","message":"Too many requests, retry later."}}`)
}

func TestTooManySubscriptions(t *testing.T) {
	h, admin := coreHouse(t, Options{MaxSubscriptions: 2})
	c := h.dial("?access_token=" + admin)
	for _, uid := range []string{`"a"`, `"b"`, `"a"`} {
		c.ask(`{"type":"subscribe","collection":"test","event":"create","uid":`+uid+`}`, `{"type":"subscription","event":"init","uid":`+uid+`}`)
	}
	c.ask(`{"type":"subscribe","collection":"test","event":"create","uid":"c"}`,
		`{"type":"subscribe","status":"error","error":{"code":"LIMIT_EXCEEDED","message":"Subscriptions limit exceeded."},"uid":"c"}`)
	c.ask(`{"type":"unsubscribe","uid":"b"}`, `{"type":"subscription","event":"unsubscribe","uid":"b"}`)
	c.ask(`{"type":"subscribe","collection":"test","event":"create","uid":"c"}`, `{"type":"subscription","event":"init","uid":"c"}`)
}
