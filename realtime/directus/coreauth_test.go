package directus

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"nightwire/security"
)

// soon is a timeout that tests wait for.
const soon = 50 * time.Millisecond

// mayflies is a Guard whose JSON web tokens are about to expire.
type mayflies struct {
	*security.Guard
	left atomic.Int64 // ns
}

func (m *mayflies) Remaining(string) time.Duration { return time.Duration(m.left.Load()) }

func (h *house) shorten(left time.Duration) *mayflies {
	m := &mayflies{Guard: h.guard}
	m.left.Store(int64(left))
	h.server.options.Guard = m
	return m
}

func (h *house) jwt(token string) string {
	h.t.Helper()
	issued, err := h.guard.Exchange(h.t.Context(), token)
	if err != nil {
		h.t.Fatal(err)
	}
	return issued.Token
}

func auth(token string) string { return `{"type":"auth","access_token":"` + token + `"}` }

const (
	authOK     = `{"type":"auth","status":"ok"}`
	readOne    = `{"type":"items","action":"read","collection":"test","id":1,"query":{"fields":["test"]}}`
	oneRead    = `{"type":"items","data":{"test":"one"}}`
	unreadable = `{"type":"items",` + coreForbidden + `}`
)

// hungUp wants the close frame that the original sends.
func (c *client) hungUp() {
	c.t.Helper()
	if code := c.ended(); code != noStatus {
		c.t.Errorf("closed with %d", code)
	}
}

func TestUpgradesInCoreModes(t *testing.T) {
	for _, mode := range []Auth{Public, Handshake, Strict} {
		h, admin := coreHouse(t, Options{Auth: mode})
		none, header := http.StatusSwitchingProtocols, http.Header{"Authorization": {"Bearer " + admin}}
		if mode == Strict {
			none = http.StatusUnauthorized
		}
		for _, one := range []struct {
			name, query string
			header      http.Header
			want        int
		}{
			{"no token", "", nil, none},
			{"good", "?access_token=" + admin, nil, http.StatusSwitchingProtocols},
			{"JWT", "?access_token=" + h.jwt(admin), nil, http.StatusSwitchingProtocols},
			{"bad", "?access_token=nope", nil, http.StatusUnauthorized},
			{"api_token", "?api_token=" + admin, nil, none},
			{"header", "", header, none},
		} {
			if got := h.status(one.query, one.header); got != one.want {
				t.Errorf("%s, %s: %d", mode, one.name, got)
			}
		}
		c := h.dial("?access_token=" + admin)
		c.ask(readOne, oneRead) // no handshake is wanted any more
	}
}

func TestHandshakeFailures(t *testing.T) {
	h, admin := coreHouse(t, Options{Auth: Handshake})
	for _, first := range []string{
		`{"type":"ping"}`, `{bad`, `[]`, `{"uid":1}`, `{"type":"subscribe","collection":"test"}`, `{"type":"AUTH","access_token":"` + admin + `"}`,
		`{"type":"auth","access_token":"nope","uid":"h0"}`, `{"type":"auth"}`, `{"type":"auth","access_token":["` + admin + `"]}`,
		`{"type":"auth","email":"ed@example.com","password":"pw-ed"}`, `{"type":"auth","refresh_token":"` + admin + `"}`,
		`{"type":"auth","access_token":"` + admin + `","uid":{}}`,
	} {
		c := h.dial("")
		c.send(first)
		c.send(auth(admin)) // too late
		c.want(failedHandshake)
		c.hungUp()
	}
}

func TestHandshakeTimeout(t *testing.T) {
	h, admin := coreHouse(t, Options{Auth: Handshake, AuthTimeout: soon})
	began := time.Now()
	c := h.dial("")
	c.want(failedHandshake)
	if took := time.Since(began); took < soon {
		t.Errorf("after %v", took)
	}
	c.hungUp()
	c = h.dial("")
	c.ask(auth(admin), authOK)
	pause := time.NewTimer(2 * soon) // the timeout is over: nothing may come of it
	defer pause.Stop()
	<-pause.C
	c.quiet()
}

func TestReauthentication(t *testing.T) {
	h, admin := coreHouse(t, Options{Auth: Handshake})
	reader := h.token("reader", "api:test:read")
	for _, bad := range []string{auth("nope"), `{"type":"auth"}`, `{"type":"auth","email":"a","password":"b"}`} {
		c := h.dial("")
		c.ask(auth(admin), authOK)
		c.ask(auth(reader), authOK)
		c.ask(readOne, oneRead)
		c.ask(`{"type":"items","action":"delete","collection":"test","id":1}`, unreadable)
		c.ask(bad, failedAuth+"}")
		c.hungUp()
	}
}

// In public mode whoever fails to authenticate is the public role, also when he was somebody before.
func TestPublicMode(t *testing.T) {
	h, admin := coreHouse(t, Options{Auth: Public})
	c := h.dial("")
	c.ask(readOne, unreadable)
	c.ask(`{"type":"auth","access_token":"nope","uid":2}`, failedAuth+`,"uid":2}`)
	c.ask(readOne, unreadable)
	c.ask(`{"type":"auth","access_token":"`+admin+`","uid":3}`, `{"type":"auth","status":"ok","uid":3}`)
	c.ask(readOne, oneRead)
	c.ask(`{"type":"subscribe","collection":"test","event":"update"}`, `{"type":"subscription","event":"init"}`)
	c.ask(auth("nope"), failedAuth+"}")
	c.ask(readOne, unreadable)
	actor := h.dial("?access_token=" + admin)
	actor.ask(`{"type":"items","action":"update","collection":"test","id":1,"data":{"n":5},"query":{"fields":["id"]}}`,
		`{"type":"items","data":{"id":1,"test":"one","status":"published","n":5,"hidden_note":"h1"}}`)
	c.quiet()
	// The subscription is still there, and hears again by the next identity's rights.
	c.ask(auth(admin), authOK)
	actor.ask(`{"type":"items","action":"update","collection":"test","id":2,"data":{"n":6},"query":{"fields":["id"]}}`,
		`{"type":"items","data":{"id":2,"test":"two","status":"draft","n":6,"hidden_note":"h2"}}`)
	c.want(`{"type":"subscription","event":"update","data":[{"id":2,"test":"two","status":"draft","n":6,"hidden_note":"h2"}]}`)
}

const coreSubscribed = `{"type":"subscription","event":"init","uid":"s"}`

// write makes an update, and returns its event for the subscription s.
func (h *house) write(actor *client, n int) string {
	h.t.Helper()
	actor.ask(fmt.Sprintf(`{"type":"items","action":"update","collection":"test","ids":[3],"data":{"n":%d},"query":{"fields":["id"]}}`, n), `{"type":"items","data":[{"id":3}]}`)
	return fmt.Sprintf(`{"type":"subscription","event":"update","data":[{"id":3,"n":%d}],"uid":"s"}`, n)
}

// told waits until the hub has told everything that was written: it tells all of a change before the next one.
func (h *house) told(actor *client) {
	h.t.Helper()
	actor.ask(`{"type":"subscribe","collection":"todo","event":"create","query":{"fields":["id"]},"uid":"fence"}`, `{"type":"subscription","event":"init","uid":"fence"}`)
	actor.send(`{"type":"items","action":"create","collection":"todo","data":{},"query":{"fields":["id"]}}`)
	actor.next()
	actor.next()
	actor.ask(`{"type":"unsubscribe","uid":"fence"}`, `{"type":"subscription","event":"unsubscribe","uid":"fence"}`)
}

// expired is a client with a subscription, whose token has just expired.
func (h *house) expired(token string) *client {
	h.t.Helper()
	c := h.dial("?access_token=" + token)
	c.ask(`{"type":"subscribe","collection":"test","event":"update","query":{"fields":["id","n"]},"uid":"s"}`, coreSubscribed)
	c.ask(auth(h.jwt(token)), authOK)
	c.want(expiredToken)
	return c
}

// Between the end of a token and the next one nothing is lost, and nothing told.
func TestExpiredToken(t *testing.T) {
	h, admin := coreHouse(t, Options{Auth: Handshake})
	guard, actor := h.shorten(0), h.dial("?access_token="+admin)
	reader, stranger := h.token("reader", "api:test:read"), h.token("stranger", "api:secret:read")

	c := h.expired(admin)
	first, second := h.write(actor, 10), h.write(actor, 11)
	c.ask(readOne, unreadable)
	c.quiet()
	guard.left.Store(int64(time.Hour))
	c.ask(auth(h.jwt(admin)), authOK)
	c.want(first, second)
	c.want(h.write(actor, 12))
	c.ask(readOne, oneRead)

	guard.left.Store(0)
	c = h.expired(admin)
	first = h.write(actor, 20)
	c.ask(auth(reader), authOK)
	c.want(first, h.write(actor, 21))
	c.ask(`{"type":"items","action":"delete","collection":"test","id":1}`, unreadable)

	c = h.expired(admin)
	h.write(actor, 30)
	h.told(actor)
	c.ask(auth(stranger), authOK)
	h.write(actor, 31)
	h.told(actor)
	c.quiet()
	c.ask(auth(reader), authOK)
	c.want(h.write(actor, 32))

	c = h.expired(admin)
	c.ask(auth("nope"), failedAuth+"}")
	c.hungUp()
}

func TestUnrenewedToken(t *testing.T) {
	h, admin := coreHouse(t, Options{Auth: Handshake, AuthTimeout: soon})
	h.shorten(0)
	c := h.expired(admin)
	c.want(timedOut)
	c.hungUp()
}

func TestUnrenewedTokenInPublicMode(t *testing.T) {
	h, admin := coreHouse(t, Options{Auth: Public, AuthTimeout: soon})
	h.shorten(0)
	actor := h.dial("?access_token=" + admin)
	c := h.expired(admin)
	h.write(actor, 1)
	h.told(actor)
	c.want(timedOut)
	h.write(actor, 2)
	h.told(actor)
	c.ask(readOne, unreadable)
	c.ask(auth(admin), authOK)
	c.want(h.write(actor, 3))
	c.ask(readOne, oneRead)
}

// What was shown at the upgrade expires too, once the core dialect is spoken.
func TestTokenOfTheUpgradeExpires(t *testing.T) {
	h, admin := coreHouse(t, Options{Auth: Strict})
	h.shorten(0)
	h.dial("?access_token=" + h.jwt(admin)).want(expiredToken)
	c := h.dial("?dialect=legacy&access_token=" + h.jwt(admin))
	c.ask(`{"type":"get","collection":"test","query":{"fields":["id"],"limit":1}}`, `{"type":"RESPONSE","data":[{"id":1}]}`)
}

func TestSubjectGoes(t *testing.T) {
	h, admin := coreHouse(t, Options{Auth: Handshake})
	actor := h.dial("?access_token=" + admin)
	for _, show := range []func(string) string{func(token string) string { return token }, h.jwt} {
		reader := show(h.token("reader", "api:test:read"))
		c := h.dial("?access_token=" + reader)
		c.ask(`{"type":"subscribe","collection":"test","event":"update","query":{"fields":["id","n"]},"uid":"s"}`, coreSubscribed)
		h.remove(security.Subjects, "reader")
		c.want(expiredToken)
		h.write(actor, 1)
		h.told(actor)
		c.ask(readOne, unreadable)
		c.ask(auth(admin), authOK)
		c.want(h.write(actor, 2))
		c = h.dial("?access_token=" + admin)
		c.ask(auth(reader), failedAuth+"}")
		c.hungUp()
		h.remove(security.Roles, "reader-role")
	}
}

func TestRevokedRightEndsEvents(t *testing.T) {
	h, admin := coreHouse(t, Options{Auth: Handshake})
	actor, reader := h.dial("?access_token="+admin), h.token("reader", "api:test:read")
	c := h.dial("?access_token=" + reader)
	c.ask(`{"type":"subscribe","collection":"test","event":"update","query":{"fields":["id","n"]},"uid":"s"}`, coreSubscribed)
	c.want(h.write(actor, 1))
	h.remove(security.Roles, "reader-role")
	h.write(actor, 2)
	h.told(actor)
	c.ask(readOne, unreadable)
	h.role("reader-role", "api:test:read")
	c.want(h.write(actor, 3))
}
