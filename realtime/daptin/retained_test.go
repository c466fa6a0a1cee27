package daptin

import (
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"
)

// heap is how many bytes are in use.
func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// What lasts keeps nothing of the message that it came in, or of the request: a client could fill the memory with its
// subscriptions.
func TestRequestsAreLetGo(t *testing.T) {
	const count, size = 60, 900 << 10
	h := newHouse(t, Options{})
	c := h.typed(h.token("alice", "api:*:*"))
	for i := range count {
		name := fmt.Sprintf("room%d", i)
		c.ask(want("c", "create-topicName", `{"name":"`+name+`"}`), yes("c", "create-topicName", `{"created":true,"topicName":"`+name+`"}`))
	}
	before := heap()
	for i := range count {
		name := fmt.Sprintf("room%d", i)
		c.ask(want("s", "subscribe", `{"topicName":"`+name+`","filters":{"EventType":"new-message","a":null},"padding":"`+strings.Repeat("x", size)+`"}`),
			yes("s", "subscribe", `{"topic":"`+name+`"}`))
	}
	if grown := heap() - before; grown > count*size/4 {
		t.Errorf("%d subscriptions keep %d bytes", count, grown)
	}
}

// Connections keep nothing of their requests but the token.
func TestRequestsToConnectAreLetGo(t *testing.T) {
	const count, size = 20, 400 << 10
	h := newHouse(t, Options{})
	token := h.token("alice", "api:*:*")
	jwt, err := h.guard.Exchange(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	padding := strings.Repeat("x", size)
	for name, dial := range map[string]func() *client{
		"access token": func() *client { return h.dial("?token="+token+"&protocol=typed&padding="+padding, nil) },
		"JWT":          func() *client { return h.dial("?token="+jwt.Token+"&v=2&padding="+padding, nil) },
		"header": func() *client {
			return h.dial("?v=2", http.Header{"Authorization": {"Bearer " + token}, "Sec-Websocket-Protocol": {"chat"}, "Padding": {padding}})
		},
		"cookie": func() *client {
			return h.dial("?v=2", http.Header{"Cookie": {"token=" + jwt.Token}, "Padding": {padding}})
		},
	} {
		before := heap()
		for range count {
			dial().next()
		}
		if grown := heap() - before; grown > count*size/4 {
			t.Errorf("%s: %d connections keep %d bytes", name, count, grown)
		}
	}
}
