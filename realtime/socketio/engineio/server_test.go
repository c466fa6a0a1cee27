package engineio

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// echo is a peer that sends back what it receives.
type echo struct{ c *Conn }

func (e echo) Receive(text []byte) { e.c.Enqueue(Message(text)) }

func serve(t *testing.T, o Options) (*Server, string) {
	t.Helper()
	s := New(o, slog.New(slog.NewTextHandler(io.Discard, nil)), func(c *Conn) Peer { return echo{c} })
	web := httptest.NewServer(s)
	t.Cleanup(func() {
		s.Shutdown()
		web.Close()
	})
	return s, web.URL + "/?EIO=4"
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

// poller makes a connection by polling and returns the address of its requests.
func poller(t *testing.T, base string) string {
	t.Helper()
	status, open := get(t, base+"&transport=polling")
	_, rest, found := strings.Cut(open, `"sid":"`)
	sid, _, _ := strings.Cut(rest, `"`)
	if status != 200 || !found || sid == "" {
		t.Fatalf("handshake answered %d %s", status, open)
	}
	return base + "&sid=" + sid
}

func dial(t *testing.T, url string) *websocket.Conn {
	t.Helper()
	ws, _, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(url, "http")+"&transport=websocket", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ws.Close() })
	return ws
}

func say(t *testing.T, ws *websocket.Conn, packet string) {
	t.Helper()
	if err := ws.WriteMessage(websocket.TextMessage, []byte(packet)); err != nil {
		t.Fatal(err)
	}
}

func hear(t *testing.T, ws *websocket.Conn, want string) {
	t.Helper()
	_ = ws.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, got, err := ws.ReadMessage(); err != nil || string(got) != want {
		t.Fatalf("heard %q, %v; want %q", got, err, want)
	}
}

// over waits for the end of a WebSocket.
func over(t *testing.T, ws *websocket.Conn) {
	t.Helper()
	_ = ws.SetReadDeadline(time.Now().Add(10 * time.Second))
	for {
		_, _, err := ws.ReadMessage()
		if e, ok := err.(interface{ Timeout() bool }); ok && e.Timeout() {
			t.Fatal("the WebSocket does not end")
		}
		if err != nil {
			return
		}
	}
}

func TestHandshake(t *testing.T) {
	_, base := serve(t, Options{})
	_, open := get(t, base+"&transport=polling")
	if !strings.HasPrefix(open, `0{"sid":"`) || !strings.HasSuffix(open, `,"upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}`) {
		t.Errorf("opening packet %s", open)
	}
	ws := dial(t, base)
	if _, p, err := ws.ReadMessage(); err != nil || !strings.Contains(string(p), `"upgrades":[]`) {
		t.Errorf("opening packet %s, %v", p, err)
	}
}

// Browsers that cannot ask other sites otherwise poll by script and post by form.
func TestScriptPolling(t *testing.T) {
	_, base := serve(t, Options{})
	url := poller(t, base) + "&transport=polling&j=7"
	resp, err := http.PostForm(url, map[string][]string{"d": {`4"x"`}})
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if _, body := get(t, url); resp.StatusCode != 200 || body != `___eio[7]("4\"x\"");` {
		t.Errorf("posting gave %d, polling %s", resp.StatusCode, body)
	}
}

// Whatever a WebSocket says instead of the probe, polling goes on; and only one may ask at a time.
func TestRefusedUpgrades(t *testing.T) {
	_, base := serve(t, Options{UpgradeTimeout: 300 * time.Millisecond})
	url := poller(t, base)
	for _, packets := range [][]string{{"5"}, {"2probe", "4x"}, {"2probe", "2probe"}, {"2"}, {""}, {"2probe"}, {}} {
		ws := dial(t, url)
		for _, p := range packets {
			say(t, ws, p)
		}
		over(t, ws)
	}
	first := dial(t, url)
	say(t, first, "2probe")
	hear(t, first, "3probe")
	over(t, dial(t, url))
	say(t, first, "5")
	say(t, first, "4x")
	hear(t, first, "4x")
	over(t, dial(t, url)) // it has been upgraded
	say(t, first, "4y")
	hear(t, first, "4y")
	if status, _ := get(t, url+"&transport=polling"); status != 400 {
		t.Errorf("a poll after the upgrade is answered by %d", status)
	}
}

// Two polls at a time end the connection, as the protocol asks: the first is told so, the second refused.
func TestOverlappingPolls(t *testing.T) {
	s, base := serve(t, Options{})
	url := poller(t, base) + "&transport=polling"
	answers := make(chan string, 2)
	for range 2 {
		go func() {
			resp, err := http.Get(url)
			if err != nil {
				answers <- err.Error()
				return
			}
			defer resp.Body.Close()
			body, _ := io.ReadAll(resp.Body)
			answers <- resp.Status + " " + string(body)
		}()
	}
	got := []string{<-answers, <-answers}
	slices.Sort(got)
	if want := []string{"200 OK 1", `400 Bad Request {"code":3,"message":"Bad request"}`}; !slices.Equal(got, want) {
		t.Errorf("answered %q", got)
	}
	if n := s.Connections(); n != 0 {
		t.Errorf("%d connections are left", n)
	}
}

// A client that says it goes gets its poll answered.
func TestClientCloses(t *testing.T) {
	_, base := serve(t, Options{})
	url := poller(t, base) + "&transport=polling"
	answer := make(chan string)
	go func() {
		resp, err := http.Get(url)
		if err != nil {
			answer <- err.Error()
			return
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		answer <- string(body)
	}()
	time.Sleep(20 * time.Millisecond) // lets the poll be there first; either order is right
	resp, err := http.Post(url, "text/plain", strings.NewReader("1"))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if got := <-answer; got != "6" && !strings.Contains(got, "Session ID unknown") {
		t.Errorf("the poll gave %q", got)
	}
}

// A poll that comes behind a complete upgrade is refused, even when the server has not read the upgrade as yet.
func TestPollBehindUpgrade(t *testing.T) {
	_, base := serve(t, Options{})
	for range 50 {
		url := poller(t, base)
		ws := dial(t, url)
		say(t, ws, "2probe")
		say(t, ws, "5")
		if status, body := get(t, url+"&transport=polling"); status != 400 {
			t.Fatalf("a poll is answered by %d %s", status, body)
		}
		hear(t, ws, "3probe")
		say(t, ws, "4x")
		hear(t, ws, "4x")
	}
}

// WebSocket control frames are answered in turn, and a client's close ends the connection.
func TestControlFrames(t *testing.T) {
	s, base := serve(t, Options{})
	ws := dial(t, base)
	_, _, _ = ws.ReadMessage()
	pong := make(chan string, 1)
	ws.SetPongHandler(func(data string) error { pong <- data; return nil })
	if err := ws.WriteControl(websocket.PingMessage, []byte("hello"), time.Now().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	if err := ws.WriteMessage(websocket.BinaryMessage, []byte("ignored")); err != nil {
		t.Fatal(err)
	}
	say(t, ws, "4x")
	hear(t, ws, "4x")
	if got := <-pong; got != "hello" {
		t.Errorf("pong %q", got)
	}
	if err := ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(1000, ""), time.Now().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	over(t, ws)
	for deadline := time.Now().Add(10 * time.Second); s.Connections() != 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("a connection is left")
		}
	}
}

// An oversized message ends its connection.
func TestOversizedMessage(t *testing.T) {
	_, base := serve(t, Options{MaxPayload: 100})
	ws := dial(t, base)
	_, _, _ = ws.ReadMessage()
	_ = ws.WriteMessage(websocket.TextMessage, []byte("4"+strings.Repeat("x", 100)))
	over(t, ws)
}

// A frame beyond the queue's size goes out when nothing else waits.
func TestLargeFrame(t *testing.T) {
	_, base := serve(t, Options{MaxQueue: 1000})
	large := "4" + strings.Repeat("x", 100_000)
	ws := dial(t, base)
	_, _, _ = ws.ReadMessage()
	say(t, ws, large)
	hear(t, ws, large)
}

// What the system does not take at once of a frame goes out later, before the frames that follow.
func TestFrameWrittenInParts(t *testing.T) {
	_, base := serve(t, Options{MaxPayload: 16 << 20, MaxQueue: 16 << 20})
	large := "4" + strings.Repeat("x", 12<<20)
	ws := dial(t, base)
	_, _, _ = ws.ReadMessage()
	for _, packet := range []string{large, "4a", "4b"} {
		say(t, ws, packet)
	}
	for _, packet := range []string{large, "4a", "4b"} {
		hear(t, ws, packet)
	}
}

// Closing lets the queue go out first.
func TestCloseSendsTheRest(t *testing.T) {
	s, base := serve(t, Options{})
	url := poller(t, base) + "&transport=polling"
	s.mu.Lock()
	var c *Conn
	for _, c = range s.conns {
	}
	s.mu.Unlock()
	c.Enqueue(Message([]byte("last")))
	c.Close(false)
	if _, body := get(t, url); body != "4last\x1e1" {
		t.Errorf("the last poll gave %q", body)
	}
	<-c.Done()

	ws := dial(t, base)
	_, _, _ = ws.ReadMessage()
	s.mu.Lock()
	for _, c = range s.conns {
	}
	s.mu.Unlock()
	c.Enqueue(Message([]byte("last")))
	c.Close(false)
	hear(t, ws, "4last")
	over(t, ws)
	<-c.Done()
}

// What has been sent does not count as queued any more, nor twice.
func TestQueueIsCounted(t *testing.T) {
	s, base := serve(t, Options{})
	url := poller(t, base) + "&transport=polling"
	s.mu.Lock()
	var c *Conn
	for _, c = range s.conns {
	}
	s.mu.Unlock()
	const n = 3000
	go func() {
		for range n {
			c.Enqueue(Message([]byte("x")))
		}
	}()
	for got := 0; got < n; {
		_, body := get(t, url)
		got += strings.Count(body, "4x")
	}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		c.mu.Lock()
		waiting := c.out.Waiting()
		c.mu.Unlock()
		if waiting == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d bytes still count", waiting)
		}
	}
}

// A polling client that goes away while it waits has gone.
func TestAbandonedPoll(t *testing.T) {
	s, base := serve(t, Options{})
	url := poller(t, base) + "&transport=polling"
	client := http.Client{Timeout: 30 * time.Millisecond}
	if resp, err := client.Get(url); err == nil {
		resp.Body.Close()
		t.Fatalf("answered %d", resp.StatusCode)
	}
	s.mu.Lock()
	var c *Conn
	for _, c = range s.conns {
	}
	s.mu.Unlock()
	if c == nil {
		return // noticed already
	}
	select {
	case <-c.Done():
	case <-time.After(10 * time.Second):
		t.Error("not noticed")
	}
}
