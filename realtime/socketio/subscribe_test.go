package socketio

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"nightwire/realtime/socketio/engineio"
	"nightwire/storage"
)

// Every transport of both revisions: connect, subscribe, hear of each kind of change in the recorded form.
func TestEventsOnEveryWay(t *testing.T) {
	h := newHouse(t, engineio.Options{})
	token := h.token("reader", "api:*:read")
	for _, w := range ways {
		t.Run(w.String(), func(t *testing.T) {
			c := h.connect(w)
			c.join()
			want := `[{"success":true,"collections":["entries","treatments"]}]`
			if got := c.subscribe(fmt.Sprintf(`{"accessToken":%q,"collections":["entries","treatments"]}`, token)); got != want {
				t.Fatalf("answer %s, want %s", got, want)
			}
			if w.transport == "upgrade" {
				c.upgrade()
			}
			doc := storage.Document(`{"identifier":"2","notes":"ü \" ","srvModified":2,"srvCreated":1}`)
			tomb := storage.Document(`{"identifier":"2","isValid":false,"srvModified":3,"srvCreated":1}`)
			h.journal.write(
				entry(1),
				storage.Change{Kind: storage.Create, Collection: "food", Identifier: "f", After: doc},
				storage.Change{Kind: storage.Update, Collection: "treatments", Identifier: "2", After: doc},
				storage.Change{Kind: storage.Create, Collection: "treatments", Identifier: "2", After: tomb},
				storage.Change{Kind: storage.Prune, Collection: "treatments", Identifier: "2", Before: doc},
				storage.Change{Kind: storage.Delete, Collection: "treatments", Identifier: "2", After: tomb},
				storage.Change{Kind: storage.Delete, Collection: "entries", Identifier: "x", Named: `a"b`},
			)
			for _, want := range []string{
				entryEvent(1),
				`42/storage,["update",{"colName":"treatments","doc":` + string(doc) + `}]`,
				`42/storage,["create",{"colName":"treatments","doc":` + string(tomb) + `}]`,
				`42/storage,["delete",{"colName":"treatments","identifier":"2"}]`,
				`42/storage,["delete",{"colName":"entries","identifier":"a\"b"}]`,
			} {
				if got, _ := c.next(); got != want {
					t.Fatalf("got  %s\nwant %s", got, want)
				}
			}
		})
	}
}

// The table of the specification §4, and what else a message can be.
func TestSubscribe(t *testing.T) {
	h := newHouse(t, engineio.Options{})
	all := h.token("all", "*")
	readable := h.token("readable", "*:*:read")
	some := h.token("some", "api:entries,food:read")
	settings := h.token("settings", "api:settings:admin")
	nothing := h.token("nothing", "api:entries:create")

	bad := `[{"success":false,"message":"Missing or bad accessToken"}]`
	none := `[{"success":false,"message":"Unauthorized to receive any collection"}]`
	ok := func(list string) string { return `[{"success":true,"collections":[` + list + `]}]` }
	four := `"devicestatus","entries","food","profile"`
	for name, test := range map[string]struct{ message, want string }{
		"no token":              {`{}`, bad},
		"null":                  {`null`, bad},
		"string":                {`"` + all + `"`, bad},
		"number":                {`7`, bad},
		"array":                 {`[]`, bad},
		"empty token":           {`{"accessToken":""}`, bad},
		"null token":            {`{"accessToken":null}`, bad},
		"number token":          {`{"accessToken":5}`, bad},
		"object token":          {`{"accessToken":{"a":1}}`, bad},
		"unknown token":         {`{"accessToken":"nobody-0123456789abcdef"}`, bad},
		"all":                   {`{"accessToken":"` + all + `"}`, ok(four + `,"settings","treatments"`)},
		"collections no array":  {`{"accessToken":"` + all + `","collections":"entries"}`, ok(four + `,"settings","treatments"`)},
		"readable":              {`{"accessToken":"` + readable + `"}`, ok(four + `,"treatments"`)},
		"only settings":         {`{"accessToken":"` + settings + `"}`, ok(`"settings"`)},
		"order and duplicates":  {`{"accessToken":"` + all + `","collections":["treatments","entries","treatments"]}`, ok(`"treatments","entries","treatments"`)},
		"unknown names":         {`{"accessToken":"` + all + `","collections":["foods","entries",7,null,{}]}`, ok(`"entries"`)},
		"partly permitted":      {`{"accessToken":"` + some + `","collections":["profile","food","entries"]}`, ok(`"food","entries"`)},
		"empty collections":     {`{"accessToken":"` + all + `","collections":[]}`, none},
		"only unknown names":    {`{"accessToken":"` + all + `","collections":["foods"]}`, none},
		"no right":              {`{"accessToken":"` + nothing + `"}`, none},
		"candidates":            {`{"accessToken":["x",7,"` + some + `"],"collections":["food"]}`, ok(`"food"`)},
		"bad candidates":        {`{"accessToken":["x",{}]}`, bad},
		"too many candidates":   {`{"accessToken":["","","","","","","","","` + all + `"]}`, bad},
		"unknown field ignored": {`{"accessToken":"` + some + `","x":[1]}`, ok(`"entries","food"`)},
	} {
		t.Run(name, func(t *testing.T) {
			c := h.connect(way{4, "websocket"})
			c.join()
			if got := c.subscribe(test.message); got != test.want {
				t.Errorf("%s\ngot  %s\nwant %s", test.message, got, test.want)
			}
		})
	}
}

// Without a callback nothing is answered, but the subscription holds; a callback alone is never called.
func TestSubscribeWithoutCallback(t *testing.T) {
	h := newHouse(t, engineio.Options{})
	token := h.token("reader", "api:*:read")
	c := h.connect(way{4, "websocket"})
	c.join()
	c.send(`42/storage,5["subscribe"]`)
	c.send(`42/storage,["subscribe",{"accessToken":"` + token + `","collections":["entries"]}]`)
	// This answer comes third, and is the first: one socket's messages are handled in the order in which they came.
	if got := c.subscribe(`{"accessToken":"` + token + `","collections":["food"]}`); got != `[{"success":true,"collections":["food"]}]` {
		t.Fatal(got)
	}
	h.journal.write(entry(1))
	if got, _ := c.next(); got != entryEvent(1) {
		t.Fatalf("got %s", got)
	}
}

// Messages of one socket are answered in the order in which they came, though the library handles them all at once.
func TestSubscribeInOrder(t *testing.T) {
	h := newHouse(t, engineio.Options{})
	c := h.connect(way{4, "websocket"})
	c.join()
	const n = 300
	for i := range n {
		c.send(fmt.Sprintf(`42/storage,%d["subscribe",{}]`, i))
	}
	for i := range n {
		want := fmt.Sprintf(`43/storage,%d[{"success":false,"message":"Missing or bad accessToken"}]`, i)
		if got, _ := c.next(); got != want {
			t.Fatalf("got %s, want %s", got, want)
		}
	}
}

// No event comes before the acknowledgement of its subscription, and none is lost after it.
func TestNoEventBeforeAcknowledgement(t *testing.T) {
	h := newHouse(t, engineio.Options{})
	token := h.token("reader", "api:*:read")
	stop, written := make(chan struct{}), make(chan int)
	go func() {
		n := 0
		for ; ; n++ {
			select {
			case <-stop:
				written <- n
				return
			default:
				h.journal.write(entry(n))
			}
			if n%50 == 0 {
				time.Sleep(time.Millisecond) // leaves the clients some of the machine
			}
		}
	}()
	defer func() { close(stop); <-written }()
	for i := range 60 {
		c := h.connect(ways[i%len(ways)])
		c.join()
		c.send(`42/storage,7["subscribe",{"accessToken":"` + token + `","collections":["entries"]}]`)
		if got, _ := c.next(); got != `43/storage,7[{"success":true,"collections":["entries"]}]` {
			t.Fatalf("%v: first packet is %.80s", c.way, got)
		}
		last := -1
		for range 5 {
			got, ok := c.next()
			n := eventNumber(got)
			if !ok || n < 0 || last >= 0 && n != last+1 {
				t.Fatalf("%v: after event %d comes %.80s", c.way, last, got)
			}
			last = n
		}
		c.close()
	}
}

// The same at the worst moment: an event is told between the subscription and the sending of its acknowledgement.
func TestEventWhileAcknowledging(t *testing.T) {
	h := newHouse(t, engineio.Options{})
	token := h.token("reader", "api:*:read")
	for _, w := range ways {
		check := h.witness()
		c := h.connect(w)
		c.join()
		act := func() { check(t) } // when the witness has the event, the hub has told it to everybody
		h.judging.Store(&act)
		got := c.subscribe(`{"accessToken":"` + token + `","collections":["entries"]}`)
		h.judging.Store(nil)
		if !strings.Contains(got, `"success":true`) {
			t.Fatal(got)
		}
		if got, _ := c.next(); got != entryEvent(1) {
			t.Fatalf("%v: got %.80s", w, got)
		}
	}
}

// An address that shows too many bad tokens loses the connection; missing ones do not count.
func TestTooManyBadTokens(t *testing.T) {
	h := newHouse(t, engineio.Options{})
	c := h.connect(way{4, "websocket"})
	c.join()
	for range 50 {
		c.subscribe(`{}`)
	}
	for range attemptsPerMinute {
		c.subscribe(`{"accessToken":"x-0123456789abcdef"}`)
	}
	c.send(`42/storage,7["subscribe",{"accessToken":"x-0123456789abcdef"}]`)
	c.ended()
}

func TestAttemptsAreForgotten(t *testing.T) {
	now := time.Unix(1000, 0)
	a := newAttempts(func() time.Time { return now })
	for range attemptsPerMinute {
		if a.failed("a") {
			t.Fatal("too early")
		}
	}
	if !a.failed("a") || a.failed("b") {
		t.Fatal("addresses are not told apart")
	}
	now = now.Add(time.Minute)
	if a.failed("a") {
		t.Error("remembered for more than a minute")
	}
	for n := range 2 * maxAddresses {
		a.failed(fmt.Sprint(n))
	}
	if len(a.addresses) > maxAddresses {
		t.Errorf("%d addresses remembered", len(a.addresses))
	}
}

// Several subscriptions add up, and whoever grants one suffices for it.
func TestSubscriptionsAddUp(t *testing.T) {
	h := newHouse(t, engineio.Options{})
	food, both := h.token("food", "api:food:read"), h.token("both", "api:entries,food:read")
	c := h.connect(way{4, "websocket"})
	c.join()
	c.subscribe(`{"accessToken":"` + food + `"}`)
	c.subscribe(`{"accessToken":"` + both + `"}`)
	meal := storage.Change{Kind: storage.Delete, Collection: "food", Identifier: "f"}
	role := storage.Change{Kind: storage.Update, Collection: "auth_roles", Identifier: "r"}
	h.people.role("both-role", "api:entries:read")
	h.journal.write(role, meal, entry(1))
	for _, want := range []string{`42/storage,["delete",{"colName":"food","identifier":"f"}]`, entryEvent(1)} {
		if got, _ := c.next(); got != want {
			t.Fatalf("got %s, want %s", got, want)
		}
	}
}
