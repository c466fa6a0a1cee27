package storage_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"nightwire/security"
	"nightwire/storage"
)

// alarmHouse is Alarms over a real engine, with a clock that the test moves.
type alarmHouse struct {
	*house
	*storage.Alarms
	now    int64 // ms
	cursor storage.Cursor
}

// alarmClock is an engine whose writes bear the test's time.
type alarmClock struct {
	storage.Engine
	house *alarmHouse
}

func (c alarmClock) Apply(ctx context.Context, group ...storage.Write) ([]storage.Change, error) {
	decide := group[0].Decide
	group[0].Decide = func(stored *storage.Stored, _ int64) (storage.Next, error) { return decide(stored, c.house.now) }
	return c.Engine.Apply(ctx, group...)
}

func newAlarms(t *testing.T) *alarmHouse {
	t.Helper()
	h := &alarmHouse{house: newHouse(t, storage.Options{}), now: 1_795_000_000_000}
	h.Alarms = storage.NewAlarms(alarmClock{h.engine, h}, h.guard)
	h.cursor = h.head()
	return h
}

func (h *alarmHouse) head() storage.Cursor {
	h.t.Helper()
	head, err := h.engine.Head(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	return head
}

var operator = storage.Request{Who: security.Operator()}

func (h *alarmHouse) send(text string) (silenced bool) {
	h.t.Helper()
	silenced, err := h.Send(h.t.Context(), operator, document(h.t, text))
	if err != nil {
		h.t.Fatalf("%s: %v", text, err)
	}
	return silenced
}

func (h *alarmHouse) ack(level storage.Level, group string, silence time.Duration) {
	h.t.Helper()
	if err := h.Ack(h.t.Context(), operator, level, group, silence); err != nil {
		h.t.Fatal(err)
	}
}

// told are the events since it was last asked.
func (h *alarmHouse) told() (events []string) {
	h.t.Helper()
	head := h.head()
	if head == h.cursor {
		return nil
	}
	for c, err := range h.engine.Changes(h.t.Context(), h.cursor) {
		if err != nil {
			h.t.Fatal(err)
		}
		if event, notification := storage.Told(c); event != "" {
			events = append(events, event+string(notification))
		}
		if h.cursor = c.Cursor; h.cursor == head {
			break
		}
	}
	return events
}

func (h *alarmHouse) wants(events ...string) {
	h.t.Helper()
	if got := h.told(); strings.Join(got, "\n") != strings.Join(events, "\n") {
		h.t.Fatalf("told\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(events, "\n"))
	}
}

// What is sent leaves complete, with its further fields, under the name that belongs to it.
func TestAlarmsAreTold(t *testing.T) {
	h := newAlarms(t)
	const now = `,"timestamp":1795000000000}`
	for sent, want := range map[string]string{
		`{"level":0,"title":"t","message":"m","group":"g"}`:     `notification{"level":0,"title":"t","message":"m","group":"g"` + now,
		`{"title":"t","level":1}`:                               `alarm{"title":"t","level":1,"group":"default","message":""` + now,
		`{"title":"t","level":"URGENT","group":null}`:           `urgent_alarm{"title":"t","level":2,"group":"default","message":""` + now,
		`{"title":"t","level":2.0,"timestamp":5}`:               `urgent_alarm{"title":"t","level":2,"timestamp":5,"group":"default","message":""}`,
		`{"title":"t","isAnnouncement":true}`:                   `announcement{"title":"t","isAnnouncement":true,"level":0,"group":"default","message":""` + now,
		`{"title":"t","isAnnouncement":true,"level":2,"a":[1]}`: `announcement{"title":"t","isAnnouncement":true,"level":2,"a":[1],"group":"default","message":""` + now,
		`{"clear":true}`: `clear_alarm{"clear":true,"level":0,"group":"default","title":"All Clear","message":""` + now,
		`{"clear":true,"isAnnouncement":true,"level":1,"title":"over","eventName":null}`: `clear_alarm{"clear":true,"isAnnouncement":true,"level":1,"title":"over","group":"default","message":""` + now,
		`{"clear":false,"isAnnouncement":null,"level":"warn","title":"t","eventName":"low"}`: `alarm{"clear":false,"isAnnouncement":null,"level":1,"title":"t","eventName":"low","group":"default","message":""` +
			now,
	} {
		h.send(sent)
		h.wants(want)
	}
}

// What is no alarm is refused with a text that names the field, and tells nothing.
func TestBadAlarms(t *testing.T) {
	h := newAlarms(t)
	for sent, want := range map[string]string{
		`{}`:                                         "Bad or missing request body",
		`{"title":"t"}`:                              "Bad or missing level field",
		`{"title":"t","level":3}`:                    "Bad or missing level field",
		`{"title":"t","level":-1}`:                   "Bad or missing level field",
		`{"title":"t","level":1.5}`:                  "Bad or missing level field",
		`{"title":"t","level":""}`:                   "Bad or missing level field",
		`{"title":"t","level":"panic"}`:              "Bad or missing level field",
		`{"clear":true,"level":"7"}`:                 "Bad or missing level field",
		`{"level":1}`:                                "Bad or missing title field",
		`{"level":1,"title":""}`:                     "Bad or missing title field",
		`{"isAnnouncement":true}`:                    "Bad or missing title field",
		`{"level":1,"title":7}`:                      "Bad title field",
		`{"level":1,"title":"t","message":{}}`:       "Bad message field",
		`{"level":1,"title":"t","eventName":[]}`:     "Bad eventName field",
		`{"level":1,"title":"t","group":7}`:          "Bad group field",
		`{"level":1,"title":"t","clear":"yes"}`:      "Bad clear field",
		`{"level":1,"title":"t","isAnnouncement":1}`: "Bad isAnnouncement field",
		`{"level":1,"title":"t","group":"` + strings.Repeat("ü", 65) + `"}`: "Bad group field",
	} {
		_, err := h.Send(t.Context(), operator, document(t, sent))
		var shown *storage.Error
		if !errors.Is(err, storage.ErrInvalid) || !errors.As(err, &shown) || shown.Message != want {
			t.Errorf("%.60s: %v, want %s", sent, err, want)
		}
	}
	large := document(t, `{"level":1,"title":"`+strings.Repeat("x", 40_000)+`"}`)
	if _, err := h.Send(t.Context(), operator, large); !errors.Is(err, storage.ErrTooLarge) {
		t.Error(err)
	}
	if err := h.Ack(t.Context(), operator, 3, "g", 0); !errors.Is(err, storage.ErrInvalid) {
		t.Error(err)
	}
	if err := h.Ack(t.Context(), operator, storage.Warn, strings.Repeat("x", 65), 0); !errors.Is(err, storage.ErrInvalid) {
		t.Error(err)
	}
	h.wants()
}

func TestAlarmsNeedRights(t *testing.T) {
	h := newAlarms(t)
	sender, nurse := h.as("sender", "notifications:*:send"), h.as("nurse", "notifications:*:ack")
	h.cursor = h.head()
	sick := document(t, `{"level":1,"title":"t"}`)
	if _, err := h.Send(t.Context(), nurse, sick); !errors.Is(err, security.ErrForbidden) {
		t.Error(err)
	}
	if err := h.Ack(t.Context(), sender, storage.Warn, "", 0); !errors.Is(err, security.ErrForbidden) {
		t.Error(err)
	}
	h.wants()
	if _, err := h.Send(t.Context(), sender, sick); err != nil {
		t.Error(err)
	}
	if err := h.Ack(t.Context(), nurse, storage.Warn, "", 0); err != nil {
		t.Error(err)
	}
	if n := len(h.told()); n != 2 {
		t.Errorf("%d events", n)
	}
}

// An acknowledgement silences its level and group for its time and no longer; urgent ones include warnings. It clears once.
func TestSilence(t *testing.T) {
	h := newAlarms(t)
	silenced := func(want bool, text string) {
		t.Helper()
		if h.send(text) != want {
			t.Fatalf("%s: silenced is %v", text, !want)
		}
	}
	const warning, urgent = `{"level":1,"title":"t"}`, `{"level":2,"title":"t"}`
	h.ack(storage.Warn, "", time.Minute)
	h.wants(`clear_alarm{"clear":true,"level":1,"group":"default","title":"All Clear","message":"default: warn acknowledged","timestamp":1795000000000}`)
	silenced(true, warning)
	h.wants()
	silenced(false, urgent)
	silenced(false, `{"level":1,"title":"t","group":"other"}`)
	silenced(false, `{"level":1,"title":"t","isAnnouncement":true}`)
	silenced(false, `{"level":1,"clear":true}`)
	h.told()
	h.ack(storage.Warn, "default", time.Second) // silenced for longer already
	h.wants()
	h.now += 59_999
	silenced(true, warning)
	h.now++
	silenced(false, warning)

	for _, test := range []struct{ asked, want time.Duration }{
		{0, 30 * time.Minute}, {-5, 30 * time.Minute}, {90 * time.Minute, 90 * time.Minute}, {1000 * time.Hour, 24 * time.Hour},
	} {
		h.ack(storage.Urgent, "", test.asked)
		if h.told(); h.told() != nil {
			t.Fatal("more than one event")
		}
		h.now += test.want.Milliseconds() - 1
		silenced(true, warning)
		silenced(true, urgent)
		h.now++
		silenced(false, warning)
		silenced(false, urgent)
	}
}

// What is silenced stays so when the server starts again, and all of it is one document of bounded size.
func TestSilencesAreKeptAndBounded(t *testing.T) {
	h := newAlarms(t)
	acked := 0
	var err error
	for ; err == nil && acked < 1000; acked++ {
		err = h.Ack(t.Context(), operator, storage.Urgent, fmt.Sprint("group ", acked), time.Hour)
	}
	if !errors.Is(err, storage.ErrInvalid) || acked < 100 {
		t.Fatalf("%d groups, then %v", acked, err)
	}
	h.Alarms = storage.NewAlarms(alarmClock{h.engine, h}, h.guard)
	if !h.send(`{"level":1,"title":"t","group":"group 5"}`) {
		t.Error("forgotten")
	}
	h.now += time.Hour.Milliseconds()
	h.ack(storage.Urgent, "one more", time.Hour) // those that are over make room
	documents := 0
	for doc, err := range h.engine.Find(t.Context(), storage.AlarmsCollection, storage.Query{}) {
		if err != nil {
			t.Fatal(err)
		}
		if documents++; len(doc) > 500 {
			t.Errorf("%d bytes: %.300s", len(doc), doc)
		}
	}
	if documents != 1 {
		t.Errorf("%d documents", documents)
	}
}

// Of many alarms and acknowledgements at once, exactly one acknowledgement clears, and no alarm comes after it.
func TestAlarmsAndAcksAtOnce(t *testing.T) {
	h := newAlarms(t)
	for round := range 10 {
		group := fmt.Sprint(round)
		var all sync.WaitGroup
		for n := range 64 {
			all.Go(func() {
				var err error
				if n%2 == 0 {
					err = h.Ack(t.Context(), operator, storage.Urgent, group, time.Minute)
				} else {
					_, err = h.Send(t.Context(), operator, document(t, `{"level":2,"title":"t","group":"`+group+`"}`))
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		clears := 0
		for _, event := range h.told() {
			switch {
			case strings.HasPrefix(event, "clear_alarm"):
				clears++
			case clears > 0:
				t.Fatalf("round %d: %s after it was acknowledged", round, event)
			}
		}
		if clears != 1 {
			t.Fatalf("round %d: cleared %d times", round, clears)
		}
	}
}
