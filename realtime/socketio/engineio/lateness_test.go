package engineio

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// upgraded makes a connection whose WebSocket has taken over, and returns that and the address of its requests. What
// beforehand does comes between the probe and the change.
func upgraded(t *testing.T, base string, beforehand func(*websocket.Conn)) (*websocket.Conn, string) {
	t.Helper()
	url := poller(t, base)
	ws := dial(t, url)
	say(t, ws, "2probe")
	hear(t, ws, "3probe")
	beforehand(ws)
	say(t, ws, "5")
	say(t, ws, "4here")
	hear(t, ws, "4here")
	return ws, url
}

// Posts that come after the change of transport are refused, however many, and do the connection no harm.
func TestPostsBehindUpgrade(t *testing.T) {
	_, base := serve(t, Options{})
	ws, url := upgraded(t, base, func(*websocket.Conn) {})
	for range 3 {
		resp, err := http.Post(url+"&transport=polling", "text/plain", strings.NewReader("4late"))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusBadRequest {
			t.Errorf("a late POST is answered by %d", resp.StatusCode)
		}
	}
	say(t, ws, "4x")
	hear(t, ws, "4x")
}

// A WebSocket ping between the probe and the change leaves no write deadline behind.
func TestPingBeforeUpgrade(t *testing.T) {
	t.Parallel()
	_, base := serve(t, Options{})
	ws, _ := upgraded(t, base, func(ws *websocket.Conn) {
		if err := ws.WriteControl(websocket.PingMessage, nil, time.Now().Add(time.Second)); err != nil {
			t.Fatal(err)
		}
	})
	time.Sleep(1100 * time.Millisecond) // gorilla/websocket gives a pong one second
	say(t, ws, "4x")
	hear(t, ws, "4x")
}

// A client that closes its WebSocket properly is answered properly.
func TestCloseIsAnswered(t *testing.T) {
	_, base := serve(t, Options{})
	ws := dial(t, base)
	_, _, _ = ws.ReadMessage()
	say(t, ws, "4x")
	hear(t, ws, "4x")
	if err := ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(1001, "gone"), time.Now().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	_ = ws.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, _, err := ws.ReadMessage(); !websocket.IsCloseError(err, websocket.CloseNormalClosure) {
		t.Errorf("the close is answered by %v", err)
	}
}
