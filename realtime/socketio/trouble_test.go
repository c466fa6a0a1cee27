package socketio

import (
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"nightwire/realtime/socketio/engineio"
	"nightwire/storage"
)

// witness is a client that must notice nothing of what others do.
func (h *house) witness() (check func(testing.TB)) {
	h.t.Helper()
	token := h.token("witness", "api:entries:read")
	c := h.connect(way{4, "websocket"})
	c.join()
	c.subscribe(`{"accessToken":"` + token + `"}`)
	n := 0
	return func(t testing.TB) {
		t.Helper()
		c.t = t
		h.journal.write(entry(n))
		if got, _ := c.next(); got != entryEvent(n) {
			t.Fatalf("the witness got %.80q, want event %d", got, n)
		}
		n++
	}
}

// hostile are packets that a client should not send.
func hostile() []string {
	long := strings.Repeat("x", 100_000)
	packets := []string{
		"", "0", "1", "2", "3", "4", "5", "6", "7", "b", "bAAAA", "b4AAAA", "\x00", "\xff\xfe", "2probe", "3probe", "9",
		"4", "47", "4x", "4/storage,", "40/nowhere,", "40/nowhere," + long, "40/" + long, "40{", "40/storage,5", "40/storage,{\"a\":1}",
		"40/storage,[]", "41", "41/storage", "41/storage,x", "41/nowhere", "44/storage,{}", "44", "451-[\"a\",{\"_placeholder\":true,\"num\":0}]",
		"40/alarm,[]", "41/alarm,", "45/alarm,", `42/alarm,9["subscribe",{"secret":{},"jwtToken":7}]`, `42/alarm,["subscribe",{"jwtToken":"a.b.c"}]`,
		`42/alarm,["ack"]`, `42/alarm,["ack",1e400]`, `42/alarm,["ack",1.5,"x",1]`, `42/alarm,["ack",1,7,1]`, `42/alarm,["ack",2,"x",-1]`,
		`42/alarm,["ack",2,"x",1e300]`, `42/alarm,["ack",{},[],{}]`, `42/alarm,["ack",-9,null,null,null]`, `42/alarm,3["ack",1,"x",1]`,
		`42/storage,["ack",1,"x",1]`, `42["ack",1]`, `42/alarm,["ack",1,"` + long + `"]`,
		"45", "45-", "4599999999999999999999-[\"a\"]", "461-7[]", "46", "40/storage?a=%zz,", "40/?,",
	}
	for _, kind := range []string{"2", "3"} {
		for _, id := range []string{"", "0", "12", "99999999999999999999999"} {
			for _, body := range []string{
				"", "x", "{}", "null", "7", "[]", "[null]", "[7]", "[[]]", "[{}]", `"subscribe"`, `["subscribe"]`, `["subscribe",null]`,
				`["subscribe",{"accessToken":{}}]`, `["subscribe",{"accessToken":["a",{}]},7,8]`, `["connect"]`, `["disconnect"]`,
				`["disconnecting"]`, `["error","x"]`, `["newListener"]`, `["connection"]`, `["subscribe",` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + "]",
				`["subscribe","` + long + `"]`, `["subscribe",{"accessToken":"` + long + `"}]`, `["` + long + `"]`, `["\ud800"]`, "[\"\xff\"]",
			} {
				packets = append(packets, "4"+kind+"/storage,"+id+body, "4"+kind+id+body)
			}
		}
	}
	return packets
}

// Every packet type with missing, wrong and oversized content, before and after joining: the process lives, and another
// client notices nothing.
func TestHostilePackets(t *testing.T) {
	h := newHouse(t, engineio.Options{})
	check := h.witness()
	for _, w := range []way{{3, "websocket"}, {4, "websocket"}, {3, "polling"}, {4, "polling"}} {
		for i, packet := range hostile() {
			if raceEnabled && i%4 != 0 {
				continue
			}
			c := h.connect(w)
			if i%2 == 0 || strings.HasPrefix(packet, "42") {
				c.join()
				c.joinAlarm()
			}
			c.send(packet)
			c.close()
		}
		check(t)
	}
}

// Requests that are none of the protocol's.
func TestHostileRequests(t *testing.T) {
	h := newHouse(t, engineio.Options{})
	check := h.witness()
	c := h.connect(way{4, "polling"})
	base := h.web.URL + "/socket.io/"
	for name, test := range map[string]struct {
		method, query, contentType, body string
		status                           int
		answer                           string
	}{
		"no transport":      {"GET", "", "", "", 400, `{"code":0,"message":"Transport unknown"}`},
		"unknown transport": {"GET", "?EIO=4&transport=pigeon", "", "", 400, `{"code":0,"message":"Transport unknown"}`},
		"unknown sid":       {"GET", "?EIO=4&transport=polling&sid=x", "", "", 400, `{"code":1,"message":"Session ID unknown"}`},
		"post handshake":    {"POST", "?EIO=4&transport=polling", "", "", 400, `{"code":2,"message":"Bad handshake method"}`},
		"websocket by get":  {"GET", "?EIO=4&transport=websocket", "", "", 400, `{"code":3,"message":"Bad request"}`},
		"put":               {"PUT", "?EIO=4&transport=polling&sid=" + c.sid, "", "x", 400, `{"code":3,"message":"Bad request"}`},
		"preflight":         {"OPTIONS", "?EIO=4&transport=polling", "", "", 204, ""},
		"too large":         {"POST", "?EIO=4&transport=polling&sid=" + c.sid, "text/plain", strings.Repeat("4", 1_000_001), 413, ""},
		"binary":            {"POST", "?EIO=4&transport=polling&sid=" + h.connect(way{4, "polling"}).sid, "application/octet-stream", "\x01", 400, ""},
		"bad payload":       {"POST", "?EIO=3&transport=polling&sid=" + h.connect(way{3, "polling"}).sid, "text/plain", "-5:40", 400, ""},
		"short payload":     {"POST", "?EIO=3&transport=polling&sid=" + h.connect(way{3, "polling"}).sid, "text/plain", "99999999:40", 400, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := http.NewRequest(test.method, base+test.query, strings.NewReader(test.body))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", test.contentType)
			r.Header.Set("Origin", "https://example.org")
			resp, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			answer := make([]byte, 200)
			n, _ := resp.Body.Read(answer)
			if resp.StatusCode != test.status || test.answer != "" && string(answer[:n]) != test.answer {
				t.Errorf("answered %d %s", resp.StatusCode, answer[:n])
			}
			if got := resp.Header.Get("Access-Control-Allow-Origin"); got != "https://example.org" {
				t.Errorf("Access-Control-Allow-Origin is %q", got)
			}
		})
	}
	check(t)
}

// A large POST is taken up to the limit.
func TestLargePost(t *testing.T) {
	h := newHouse(t, engineio.Options{})
	for _, eio := range []int{3, 4} {
		c := h.connect(way{eio, "polling"})
		c.join()
		if status, err := c.post(`42/storage,["ignored","` + strings.Repeat("x", 900_000) + `"]`); status != 200 {
			t.Fatalf("EIO%d: %d, %v", eio, status, err)
		}
		if got := c.subscribe(`{}`); !strings.Contains(got, badToken) {
			t.Fatal(got)
		}
	}
}

// After an upgrade, requests by polling are refused, and the connection goes on.
func TestPollAfterUpgrade(t *testing.T) {
	h := newHouse(t, engineio.Options{})
	c := h.connect(way{4, "upgrade"})
	c.upgrade()
	c.join() // the upgrade is done when this is answered
	if _, err := c.get("&sid=" + c.sid); err == nil || !strings.Contains(err.Error(), "Bad request") {
		t.Errorf("a poll gave %v", err)
	}
	c.subscribe(`{}`)
}

// A client that does not read is cut when its queue is full, and its neighbours notice nothing.
func TestSlowReaderIsCut(t *testing.T) {
	h := newHouse(t, engineio.Options{})
	token := h.token("reader", "api:*:read")
	check := h.witness()

	neighbour := h.connect(way{4, "polling"}) // takes each meal before the next one is served
	neighbour.join()
	neighbour.subscribe(`{"accessToken":"` + token + `","collections":["food"]}`)
	h.stuck(t, token)

	meal := storage.Change{
		Kind: storage.Create, Collection: "food", Identifier: "f",
		After: storage.Document(`{"identifier":"f","notes":"` + strings.Repeat("x", 100_000) + `","srvModified":1,"srvCreated":1}`),
	}
	for range 200 {
		h.journal.write(meal)
		if got, ok := neighbour.next(); !ok || !strings.Contains(got, `"create"`) {
			t.Fatalf("the neighbour got %.80q", got)
		}
		check(t)
	}
	eventually(t, func() bool { return h.server.engine.Connections() == 2 })
}

// stuck is a subscribed WebSocket of which nothing more is read.
func (h *house) stuck(t *testing.T, token string) {
	t.Helper()
	c := &client{t: t, way: way{4, "websocket"}, base: h.web.URL + "/socket.io/?EIO=4"}
	c.dial("")
	t.Cleanup(func() { c.ws.Close() })
	for _, packet := range []string{"40/storage,", `42/storage,7["subscribe",{"accessToken":"` + token + `","collections":["food"]}]`} {
		c.send(packet)
	}
	for range 3 { // opening, namespace, answer
		if _, _, err := c.ws.ReadMessage(); err != nil {
			t.Fatal(err)
		}
	}
}

// A polling client that does not poll any more is cut when its queue is full.
func TestIdlePollerIsCut(t *testing.T) {
	h := newHouse(t, engineio.Options{MaxQueue: 10_000})
	token := h.token("reader", "api:*:read")
	c := h.connect(way{4, "polling"})
	c.join()
	c.subscribe(`{"accessToken":"` + token + `"}`)
	c.mu.Lock()
	c.stopPoll = true
	c.mu.Unlock()
	h.journal.write(entry(0)) // ends its last poll
	<-c.polled
	close(c.gone)
	for n := range 200 {
		h.journal.write(entry(n))
	}
	eventually(t, func() bool { return h.server.engine.Connections() == 0 })
}

// eventually waits for what comes about without telling anybody.
func eventually(t *testing.T, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !done(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			buffer := make([]byte, 1<<20)
			t.Fatalf("it does not come about\n%s", buffer[:runtime.Stack(buffer, true)])
		}
	}
}

// A heartbeat that is not answered ends the connection; one that is answered keeps it, however fast the client is.
func TestHeartbeat(t *testing.T) {
	h := newHouse(t, engineio.Options{PingInterval: 20 * time.Millisecond, PingTimeout: 200 * time.Millisecond})
	token := h.token("reader", "api:*:read")
	var answering []*client
	for range 50 {
		c := h.connect(way{4, "websocket"})
		c.join()
		c.subscribe(`{"accessToken":"` + token + `"}`)
		answering = append(answering, c)
	}
	silent := h.connect(way{3, "websocket"}) // in revision 3 it is the client who pings
	silent.ended()
	h.journal.write(entry(1))
	for _, c := range answering {
		if got, _ := c.next(); got != entryEvent(1) {
			t.Fatalf("got %q", got)
		}
	}
	pinging := h.connect(way{3, "websocket"})
	pinging.send("2probe")
	pinging.expect(func(p string) bool { return p == "3probe" })
}

// A connection that joins no namespace is closed; one that does stays.
func TestConnectTimeout(t *testing.T) {
	h := buildHouse(t, engineio.Options{CloseTimeout: 50 * time.Millisecond}, 100*time.Millisecond)
	joined := h.connect(way{4, "websocket"})
	joined.join()
	h.connect(way{4, "websocket"}).ended()
	h.connect(way{4, "polling"}).ended()
	joined.subscribe(`{}`)
}

func TestUnknownNamespace(t *testing.T) {
	h := newHouse(t, engineio.Options{})
	for _, w := range ways {
		c := h.connect(w)
		c.send("40/nowhere,")
		if got := c.expect(func(p string) bool { return p != "40" }); got != `44/nowhere,{"message":"Invalid namespace"}` {
			t.Errorf("%v: got %s", w, got)
		}
		c.join() // the connection goes on
	}
}

// FuzzFrames sends whatever it is to a real socket, in both revisions, joined or not: another client notices nothing.
func FuzzFrames(f *testing.F) {
	for i, p := range hostile() {
		if len(p) > 2000 {
			continue // TestHostilePackets sends them
		}
		f.Add(p, p, i%2 == 0, i%3 == 0)
	}
	h := newHouse(f, engineio.Options{})
	check := h.witness()
	n := 0
	f.Fuzz(func(t *testing.T, one, two string, old, joined bool) {
		w := way{4, "websocket"}
		if old {
			w.eio = 3
		}
		c := (&house{t: t, web: h.web}).connect(w)
		if joined {
			c.join()
			c.joinAlarm()
		}
		c.send(one)
		c.send(two)
		c.close()
		if n++; n%20 == 0 {
			check(t)
		}
	})
}
