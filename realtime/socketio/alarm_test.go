package socketio

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"nightwire/realtime/socketio/engineio"
	"nightwire/security"
	"nightwire/storage"
)

const (
	alarmsBad  = `[{"success":false,"message":"Missing or bad accessToken"}]`
	alarmsGood = `[{"success":true,"message":"Subscribed for alarms"}]`
)

// mayAnd is the answer that tells what the socket may do.
func mayAnd(read, ack string) string {
	return `[{"success":true,"message":"Subscribed for alarms","read":` + read + `,"ack":` + ack + `}]`
}

func secretHash() string {
	sum := sha1.Sum([]byte(apiSecret))
	return hex.EncodeToString(sum[:])
}

func (h *house) jwt(token string) string {
	h.t.Helper()
	issued, err := h.guard.Exchange(context.Background(), token)
	if err != nil {
		h.t.Fatal(err)
	}
	return issued.Token
}

// alarm sends a notification as the operator.
func (h *house) alarm(text string) (silenced bool) {
	h.t.Helper()
	doc, err := storage.DecodeDocument([]byte(text))
	if err != nil {
		h.t.Fatal(err)
	}
	silenced, err = h.alarms.Send(context.Background(), storage.Request{Who: security.Operator()}, doc)
	if err != nil {
		h.t.Fatal(err)
	}
	return silenced
}

// warn sends a warning whose time is known, and returns how it leaves.
func (h *house) warn(group string) (event string) {
	h.t.Helper()
	h.alarm(`{"level":1,"title":"High","message":"m","timestamp":7,"group":"` + group + `"}`)
	return `42/alarm,["alarm",{"level":1,"title":"High","message":"m","timestamp":7,"group":"` + group + `"}]`
}

func (c *client) wants(event string) {
	c.t.Helper()
	if got, _ := c.next(); got != event {
		c.t.Fatalf("%v: got %.200s\nwant %s", c.way, got, event)
	}
}

// Every answer to subscribe (specification §4), and what the socket hears then.
func TestSubscribeAlarms(t *testing.T) {
	open := furnish(t, Options{}, "readable")
	closed := furnish(t, Options{})
	prompting := furnish(t, Options{PromptOnLoad: true}, "readable")
	open.people.role("readable", "*:*:read")
	prompting.people.role("readable", "*:*:read")
	for name, test := range map[string]struct {
		house *house
		shown func(nothing, all, nothingJWT, allJWT string) string
		want  string
		hears bool
	}{
		"token without rights":    {closed, func(n, _, _, _ string) string { return `{"accessToken":"` + n + `"}` }, alarmsGood, true},
		"unknown token":           {open, func(_, _, _, _ string) string { return `{"accessToken":"x-0123456789abcdef"}` }, alarmsBad, false},
		"token of a wrong type":   {open, func(_, _, _, _ string) string { return `{"accessToken":{"a":1}}` }, alarmsBad, false},
		"JWT for a token":         {open, func(_, _, j, _ string) string { return `{"accessToken":"` + j + `"}` }, alarmsBad, false},
		"unknown token, good JWT": {open, func(_, _, _, j string) string { return `{"accessToken":"x-0123456789abcdef","jwtToken":"` + j + `"}` }, alarmsBad, false},
		"secret":                  {closed, func(_, _, _, _ string) string { return `{"secret":"` + secretHash() + `"}` }, mayAnd("true", "true"), true},
		"bad secret":              {open, func(_, _, _, _ string) string { return `{"secret":"0000"}` }, alarmsBad, false},
		"secret of a wrong type":  {open, func(_, _, _, _ string) string { return `{"secret":7}` }, alarmsBad, false},
		"JWT":                     {closed, func(_, _, _, j string) string { return `{"jwtToken":"` + j + `"}` }, mayAnd("true", "true"), true},
		"JWT without rights":      {closed, func(_, _, j, _ string) string { return `{"jwtToken":"` + j + `"}` }, mayAnd("false", "false"), false},
		"bad secret, good JWT":    {closed, func(_, _, _, j string) string { return `{"secret":"x","jwtToken":"` + j + `"}` }, mayAnd("true", "true"), true},
		"bad JWT":                 {open, func(_, _, _, _ string) string { return `{"jwtToken":"a.b.c"}` }, alarmsBad, false},
		"nothing, all may read":   {open, func(_, _, _, _ string) string { return `{}` }, mayAnd("true", "false"), true},
		"no object":               {open, func(_, _, _, _ string) string { return `null` }, mayAnd("true", "false"), true},
		"empty strings":           {open, func(_, _, _, _ string) string { return `{"accessToken":"","secret":"","jwtToken":""}` }, mayAnd("true", "false"), true},
		"nothing, none may read":  {closed, func(_, _, _, _ string) string { return `{}` }, mayAnd("false", "false"), false},
		"nothing, prompting":      {prompting, func(_, _, _, _ string) string { return `{}` }, alarmsBad, false},
		"JWT, prompting":          {prompting, func(_, _, _, j string) string { return `{"jwtToken":"` + j + `"}` }, mayAnd("true", "true"), true},
	} {
		t.Run(name, func(t *testing.T) {
			h := test.house
			h.t = t
			nothing, all := h.token("nothing"), h.token("all", "*")
			c := h.connect(way{4, "websocket"})
			c.joinAlarm()
			if got := c.hear(test.shown(nothing, all, h.jwt(nothing), h.jwt(all))); got != test.want {
				t.Fatalf("got  %s\nwant %s", got, test.want)
			}
			witness := h.connect(way{4, "websocket"})
			witness.joinAlarm()
			witness.hear(`{"accessToken":"` + all + `"}`)
			event := h.warn("g")
			witness.wants(event) // all that are to be told have been
			if !test.hears {
				c.hear(`{"accessToken":"` + nothing + `"}`) // its answer comes first: it was not told before
				event = h.warn("h")
			}
			c.wants(event)
		})
	}
}

// Each kind of notification has its event, on every way; sockets that did not subscribe and those of /storage hear none.
func TestAlarmEvents(t *testing.T) {
	h := newHouse(t, engineio.Options{})
	token := h.token("all", "*")
	for _, w := range ways {
		c := h.connect(w)
		c.join()
		c.subscribe(`{"accessToken":"` + token + `","collections":["alarms","entries"]}`)
		deaf := h.connect(way{4, "websocket"})
		deaf.joinAlarm()
		c.joinAlarm()
		c.hear(`{"accessToken":"` + token + `"}`)
		if w.transport == "upgrade" {
			c.upgrade()
		}
		rest := `"title":"T ü","message":"m","group":"g","timestamp":7,"x":{"a":[1]}}`
		for _, test := range []struct{ event, fields string }{
			{"notification", `{"level":0,`}, {"alarm", `{"level":1,`}, {"urgent_alarm", `{"level":2,"eventName":"low",`},
			{"announcement", `{"level":2,"isAnnouncement":true,`}, {"clear_alarm", `{"level":2,"clear":true,`},
		} {
			h.alarm(test.fields + rest)
			c.wants(`42/alarm,["` + test.event + `",` + test.fields + rest + `]`)
		}
		deaf.hear(`{"accessToken":"` + token + `"}`)
		h.journal.write(storage.Change{Kind: storage.Delete, Collection: "alarms", Identifier: "state"}) // tells nothing
		event := h.warn("g")
		c.wants(event)
		deaf.wants(event)
		deaf.close()
		c.close()
	}
}

// An acknowledgement clears at everybody's and silences; it needs the right, and is ignored without it.
func TestAck(t *testing.T) {
	h := newHouse(t, engineio.Options{})
	nurse, guest := h.token("nurse", "notifications:*:ack"), h.token("guest", "api:*:read")
	for _, w := range ways {
		group := w.String()
		c, d := h.connect(w), h.connect(way{4, "websocket"})
		c.joinAlarm()
		d.joinAlarm()
		c.send(`42/alarm,["ack",2,"` + group + `",60000]`) // nobody yet
		c.hear(`{"accessToken":"` + guest + `"}`)
		d.hear(`{"accessToken":"` + guest + `"}`)
		c.send(`42/alarm,["ack",2,"` + group + `",60000]`) // may not
		c.hear(`{}`)                                       // comes after it
		event := h.warn(group)
		c.wants(event)
		d.wants(event)
		c.hear(`{"accessToken":"` + nurse + `"}`)
		c.send(`42/alarm,["ack",2,"` + group + `",60000]`)
		for _, one := range []*client{c, d} {
			got, _ := one.next()
			before, after, _ := strings.Cut(got, `"timestamp":`)
			if before != `42/alarm,["clear_alarm",{"clear":true,"level":2,"group":"`+group+`","title":"All Clear","message":"`+group+`: urgent acknowledged",` ||
				!strings.HasSuffix(after, "}]") {
				t.Fatalf("%v: got %s", one.way, got)
			}
		}
		for _, level := range []string{"1", "2"} {
			if !h.alarm(`{"level":` + level + `,"title":"x","group":"` + group + `"}`) {
				t.Fatalf("level %s is not silenced", level)
			}
		}
		other := h.warn(group + "'s other group")
		c.wants(other)
		d.wants(other)
		c.close()
		d.close()
	}
}

// Arguments of ack that are none change nothing; a time that is none is half an hour.
func TestAckArguments(t *testing.T) {
	for name, test := range map[string]struct {
		args    []any
		level   storage.Level
		group   string
		silence time.Duration
		ok      bool
	}{
		"as AndroidAPS":    {[]any{1.0, "g", 3600000.0}, storage.Warn, "g", time.Hour, true},
		"level alone":      {[]any{2.0}, storage.Urgent, "", 0, true},
		"null group":       {[]any{0.0, nil, 1000.0}, storage.Info, "", time.Second, true},
		"time as text":     {[]any{1.0, "g", "1000"}, storage.Warn, "g", 0, true},
		"negative time":    {[]any{1.0, "g", -5.0}, storage.Warn, "g", 0, true},
		"endless time":     {[]any{1.0, "g", 1e300}, storage.Warn, "g", 1e12 * time.Millisecond, true},
		"further args":     {[]any{1.0, "g", 1000.0, "x", nil}, storage.Warn, "g", time.Second, true},
		"nothing":          {nil, 0, "", 0, false},
		"level as text":    {[]any{"1", "g"}, 0, "", 0, false},
		"level between":    {[]any{1.5, "g"}, 0, "", 0, false},
		"level too high":   {[]any{3.0, "g"}, 0, "", 0, false},
		"level too low":    {[]any{-1.0, "g"}, 0, "", 0, false},
		"group no text":    {[]any{1.0, 7.0}, 0, "", 0, false},
		"level enormous":   {[]any{1e300, "g"}, 0, "", 0, false},
		"level is an list": {[]any{[]any{1.0}}, 0, "", 0, false},
	} {
		level, group, silence, ok := acknowledged(test.args)
		if level != test.level || group != test.group || silence != test.silence || ok != test.ok {
			t.Errorf("%s: got %v %q %v %v", name, level, group, silence, ok)
		}
	}
}

// Whoever hears by right stops hearing when the right goes, and hears again when it comes back. Whoever hears by token
// hears as long as the token is known, and is shut out then, whatever else the subject showed.
func TestAlarmsAndRights(t *testing.T) {
	h := newHouse(t, engineio.Options{})
	reader, witness := h.token("reader", "api:*:read"), h.token("witness")
	for _, w := range ways {
		h.people.role("reader-role", "api:*:read")
		h.guard.Raise()
		byRight, byToken := h.connect(w), h.connect(way{4, "websocket"})
		byRight.joinAlarm()
		byToken.joinAlarm()
		byRight.hear(`{"jwtToken":"` + h.jwt(reader) + `"}`)
		byToken.hear(`{"accessToken":"` + witness + `"}`)
		h.people.role("reader-role", "api:entries:read")
		h.journal.write(roleChange)
		byToken.wants(h.warn("unheard"))
		h.people.role("reader-role", "api:*:read")
		h.journal.write(roleChange)
		event := h.warn("heard")
		byRight.wants(event)
		byToken.wants(event)
		byRight.close()
		byToken.close()
	}
	c := h.connect(way{4, "websocket"})
	c.joinAlarm()
	c.hear(`{"accessToken":"` + reader + `"}`)
	c.hear(`{"jwtToken":"` + h.jwt(reader) + `"}`)
	h.people.forget()
	h.journal.write(subjectChange)
	h.warn("secret")
	c.wants("41/alarm,")
	c.joinAlarm() // the connection goes on
}

// Both namespaces on one connection, joined while the transport is being upgraded: each hears its own, and leaving one
// leaves the other.
func TestBothNamespaces(t *testing.T) {
	h := newHouse(t, engineio.Options{})
	token := h.token("all", "*")
	for _, eio := range []int{3, 4} {
		c := h.connect(way{eio, "upgrade"})
		c.send("40/storage,")
		c.dial("&sid=" + c.sid)
		c.probe()
		c.send("40/alarm,") // by POST, as AndroidAPS does
		c.send(`42/alarm,8["subscribe",{"accessToken":"` + token + `"}]`)
		c.send(`42/storage,7["subscribe",{"accessToken":"` + token + `"}]`)
		c.takeOver()
		c.expect(func(p string) bool { return p == `43/alarm,8`+alarmsGood })
		c.expect(func(p string) bool { return strings.HasPrefix(p, `43/storage,7[{"success":true`) })
		event := h.warn("g")
		h.journal.write(entry(1))
		c.wants(event)
		c.wants(entryEvent(1))
		c.send("41/storage,")
		c.hear(`{"accessToken":"` + token + `"}`) // comes after it
		h.journal.write(entry(2))
		c.wants(h.warn("g"))
	}
}

// Bad credentials of every kind count together.
func TestTooManyBadCredentials(t *testing.T) {
	h := newHouse(t, engineio.Options{})
	c := h.connect(way{4, "websocket"})
	c.joinAlarm()
	for range 50 {
		c.hear(`{}`)
	}
	bad := []string{`{"secret":"0000"}`, `{"jwtToken":"a.b.c"}`, `{"accessToken":"x-0123456789abcdef"}`}
	for i := range attemptsPerMinute {
		if got := c.hear(bad[i%3]); got != alarmsBad {
			t.Fatal(got)
		}
	}
	c.send(`42/alarm,8["subscribe",` + bad[0] + `]`)
	c.ended()
}

// Whoever cannot be judged is cut, not refused.
func TestUnjudgeableAlarmsAreCut(t *testing.T) {
	h := newHouse(t, engineio.Options{})
	for _, message := range []string{`{}`, `{"jwtToken":"` + h.jwt(h.token("x")) + `"}`, `{"accessToken":"x-0123456789abcdef"}`} {
		h.people.breaks(nil)
		c := h.connect(way{4, "websocket"})
		c.joinAlarm()
		h.people.breaks(security.ErrUnavailable)
		h.guard.Raise()
		c.send(`42/alarm,8["subscribe",` + message + `]`)
		c.ended()
	}
}
