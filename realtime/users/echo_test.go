package users

import (
	"strings"
	"testing"

	"nightwire/realtime/wire"
)

func TestEcho(t *testing.T) {
	h := newHouse(t, configured(nil))
	c, other := h.connect(), h.connect()
	for _, tt := range [][2]string{
		{`{"eventType":10,"message":"m","broadcast":false}`, `{"eventType":10,"message":"m"}`},
		{`{"eventType":10,"message":"m","broadcast":0}`, `{"eventType":10,"message":"m"}`},
		{`{"eventType":10,"message":"m","broadcast":-0.0}`, `{"eventType":10,"message":"m"}`},
		{`{"eventType":10,"message":"m","broadcast":""}`, `{"eventType":10,"message":"m"}`},
		{`{"eventType":10,"message":"m","broadcast":null}`, `{"eventType":10,"message":"m"}`},
		{`{"eventType":10}`, `{"eventType":10}`},
		{`{"eventType":10,"message":null}`, `{"eventType":10,"message":null}`},
		{`{"eventType":10,"message":{"b":1,"a":[1,"x",null,{},[]]}}`, `{"eventType":10,"message":{"b":1,"a":[1,"x",null,{},[]]}}`},
		{`{"eventType":10,"message":{"b":1,"10":2,"9":3,"01":4,"":5}}`, `{"eventType":10,"message":{"9":3,"10":2,"b":1,"01":4,"":5}}`},
		{`{"eventType":10,"message":"m","error":"e","id":7,"foo":1}`, `{"eventType":10,"message":"m"}`},
		{`{"message":"m","eventType":10}`, `{"eventType":10,"message":"m"}`},
		{`{"eventType":"10","message":"m"}`, `{"eventType":10,"message":"m"}`},
		{`{"eventType":10.0,"message":"m"}`, `{"eventType":10,"message":"m"}`},
		{`{"eventType":1e1,"message":"m"}`, `{"eventType":10,"message":"m"}`},
		{`{"eventType":[10],"message":"m"}`, `{"eventType":10,"message":"m"}`},
		{`{"eventType":[["10"]],"message":"m"}`, `{"eventType":10,"message":"m"}`},
		{`{"eventType":1,"eventType":10,"message":"a","message":"b"}`, `{"eventType":10,"message":"b"}`},
		{" \t\r\n{ \"eventType\" : 10 , \"message\" : 1.50 } \n", `{"eventType":10,"message":1.5}`},
		{`{"eventType":10,"message":[1.0,-0,1E3,1e21,1e-7,0.10]}`, `{"eventType":10,"message":[1,0,1000,1e+21,1e-7,0.1]}`},
		{`{"eventType":10,"message":"<a href='x'>&\/\u2028\u00e4\ud83d\ude00\u001f\n"}`,
			"{\"eventType\":10,\"message\":\"<a href='x'>&/\u2028ä😀\\u001f\\n\"}"},
		{`{"eventType":10,"EventType":1,"Message":2}`, `{"eventType":10}`},
	} {
		c.asks(tt[0], tt[1])
	}
	c.write(masked(0x82, `{"eventType":10,"message":"bin"}`)) // binary
	c.hears(`{"eventType":10,"message":"bin"}`)
	big := strings.Repeat("z", 70000)
	c.asks(`{"eventType":10,"message":"`+big+`"}`, `{"eventType":10,"message":"`+big+`"}`)
	other.hearsNothing()
}

func TestEchoToAll(t *testing.T) {
	h := newHouse(t, configured(func(c *Config) { c.DocumentEvents, c.UserEvents = false, Restricted }))
	clients := []*testClient{h.connect(), h.connect(), h.as(h.token("anna"))}
	everybodyHears(clients...)
	for _, broadcast := range []string{`true`, `1`, `"false"`, `[]`, `{}`, `-1`, `"0"`} {
		clients[1].says(`{"eventType":10,"message":` + broadcast + `,"broadcast":` + broadcast + `}`)
		for _, c := range clients {
			c.hears(`{"eventType":10,"message":` + broadcast + `}`)
		}
	}
	clients[0].says(`{"eventType":10,"broadcast":true}`, `{"eventType":10,"message":null,"broadcast":true}`)
	for _, c := range clients {
		c.hears(`{"eventType":10}`, `{"eventType":10,"message":null}`)
		c.hearsNothing() // nothing came twice
	}
}

// An Origin that two patterns match has one answer, unlike in the original.
func TestTwoPatternsOneAnswer(t *testing.T) {
	h := newHouse(t, configured(nil))
	c := h.raw(handshake("/", "Origin: dup"))
	c.reads(accepted())
	everybodyHears(c)
	c.hearsNothing()
}

// What is not understood has no answer, and the connection stays.
func TestSilence(t *testing.T) {
	h := newHouse(t, configured(nil))
	c, other := h.connect(), h.connect()
	for _, m := range []string{
		"not json", "", "{", "[]", "{}", "null", "true", "5", `"x"`, `[{"eventType":10,"message":"m"}]`, `{"eventType":null}`,
		`{"eventType":0}`, `{"eventType":-1}`, `{"eventType":11,"message":"m"}`, `{"eventType":"error"}`, `{"eventType":"toString"}`,
		`{"eventType":"__proto__"}`, `{"eventType":{}}`, `{"eventType":"Echo"}`, `{"type":"Echo"}`, `{"eventType":"10 "}`,
		`{"eventType":"10.0"}`, `{"eventType":[10,10]}`, `{"eventType":true}`, `{"EventType":10}`,
		"\ufeff" + `{"eventType":10,"message":"bom"}`, `{"eventType":10,"message":"m"}x`, `{'eventType':10}`,
		`{"eventType":1,"username":"root"}`, `{"eventType":2,"username":"root"}`, `{"eventType":3,"username":"root"}`,
		`{"eventType":4,"username":"root"}`, `{"eventType":5}`, `{"eventType":6}`, `{"eventType":7}`, `{"eventType":8}`,
		`{"eventType":10,"message":` + strings.Repeat("[", 70) + strings.Repeat("]", 70) + `}`,
	} {
		c.says(m)
	}
	c.write(masked(0x82, "\xff\xfe{}"))
	everybodyHears(c, other)
}

func TestLimitsDropInSilence(t *testing.T) {
	o := configured(nil)
	o.EchoRate, o.EchoBurst, o.Wire = 1, 3, wire.Options{MaxMessage: 50}
	h := newHouse(t, o)
	c, other := h.connect(), h.connect()
	c.says(`{"eventType":10,"message":"` + strings.Repeat("x", 100) + `"}`)
	for range 3 {
		c.asks(`{"eventType":10,"message":1}`, `{"eventType":10,"message":1}`)
	}
	c.says(`{"eventType":10,"message":2}`, `{"eventType":10,"message":3}`)
	c.asks(`{"eventType":9}`, `{"error":"Error: Please enter a valid username","eventType":9}`) // no echo came before it
	other.hearsNothing()                                                                        // it has a rate of its own
	c.Close()
	other.Close()
	h.stop()
	log := h.log.String()
	if !strings.Contains(log, "too_large=1 too_fast=0") || !strings.Contains(log, "too_large=0 too_fast=2") {
		t.Error(log)
	}
}

// Large echoes count as several; one as large as can be is possible at once.
func TestLargeEchoesAreRare(t *testing.T) {
	o := configured(nil)
	o.EchoRate, o.EchoBurst = 1, 10
	h := newHouse(t, o)
	c := h.connect()
	large := `{"eventType":10,"message":"` + strings.Repeat("x", 20*echoSize) + `"}`
	c.asks(large, large)
	c.says(large)
	c.asks(`{"eventType":9}`, `{"error":"Error: Please enter a valid username","eventType":9}`)
}
