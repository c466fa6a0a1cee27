package storagetest

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"nightwire/storage"
)

// testMessages: a message comes out of the journal with all that its sender said, in order with the changes of documents,
// and again from any cursor before it.
func testMessages(t *testing.T, e storage.Engine) {
	start := head(t, e)
	answered := make(chan struct{})
	apply(t, e, put("entries", "a", `"v":1`))
	publish(t, e, storage.Message{Channel: "live:room", Body: `{"text":"é","n":9007199254740993}`, By: "anna", Answered: answered})
	apply(t, e, put("entries", "a", `"v":2`))
	publish(t, e, storage.Message{Channel: "users:logins", Body: `{}`})
	apply(t, e, remove("entries", "a", storage.Delete))
	all := journal(t, e, start, 5)
	if got, want := kinds(all), []storage.Kind{storage.Create, storage.Tell, storage.Update, storage.Tell, storage.Delete}; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Fatalf("the journal holds %v, want %v", got, want)
	}
	m := all[1]
	if m.Collection != "live:room" || m.After.Get("text") != `"é"` || m.After.Get("n") != "9007199254740993" || m.By != "anna" || m.Before != "" ||
		m.Identifier != "" || m.Revision != 0 || !m.Last || m.Group == "" || m.Group == all[3].Group {
		t.Errorf("the message came as %+v", m)
	}
	if m.Answered != nil && m.Answered != (<-chan struct{})(answered) {
		t.Error("the message waits for the answer to somebody else")
	}
	if age := time.Now().UnixMilli() - m.Time; age < -1000 || age > patience.Milliseconds() {
		t.Errorf("the message bears a time of %d ms ago", age)
	}
	for i, c := range all {
		rest := journal(t, e, c.Cursor, len(all)-i-1)
		if got, want := kinds(rest), kinds(all[i+1:]); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("after change %d come %v, want %v", i, got, want)
		}
	}
}

// testMessageAnswered: whoever listens on the sender's node while a message is published gets to know when the sender is
// answered.
func testMessageAnswered(t *testing.T, e storage.Engine) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	start := head(t, e)
	heard := make(chan storage.Change, 1)
	go func() {
		defer close(heard)
		for c, err := range e.Changes(ctx, start) {
			if err == nil {
				heard <- c
			}
			return
		}
	}()
	answered := make(chan struct{})
	publish(t, e, storage.Message{Channel: "live:room", Body: `{}`, Answered: answered})
	c := <-heard
	if c.Kind != storage.Tell || c.Answered == nil {
		t.Fatalf("heard %+v", c)
	}
	select {
	case <-c.Answered:
		t.Error("answered too early")
	default:
	}
	close(answered)
	<-c.Answered
}

// testManyMessages: messages of many senders are all there, each sender's in order.
func (l Limits) testManyMessages(t *testing.T, e storage.Engine) {
	const senders = 8
	each := l.scaled(50)
	start := head(t, e)
	var all sync.WaitGroup
	for s := range senders {
		all.Go(func() {
			for i := range each {
				m := storage.Message{Channel: fmt.Sprintf("live:%d", s), Body: storage.Document(fmt.Sprintf(`{"i":%d}`, i))}
				if err := e.Publish(t.Context(), m); err != nil {
					t.Errorf("Publish: %v", err)
				}
				if _, err := e.Apply(t.Context(), put("entries", fmt.Sprint(s), fmt.Sprintf(`"i":%d`, i))); err != nil {
					t.Errorf("Apply: %v", err)
				}
			}
		})
	}
	all.Wait()
	next := map[string]int{}
	for _, c := range journal(t, e, start, 2*senders*each) {
		from := c.Collection + c.Identifier
		if got := fmt.Sprint(next[from]); string(c.After.Get("i")) != got {
			t.Fatalf("%s: %s came in place %s", from, c.After.Get("i"), got)
		}
		next[from]++
	}
}

// testRefusedMessages: what is no message leaves no trace, and the largest one there may be arrives whole.
func testRefusedMessages(t *testing.T, e storage.Engine) {
	start := head(t, e)
	body := func(size int) storage.Document {
		return storage.Document(`{"x":"` + strings.Repeat("x", size-len(`{"x":""}`)) + `"}`)
	}
	for _, c := range []struct {
		message storage.Message
		want    error
	}{
		{storage.Message{Channel: "live:room", Body: body(storage.MaxMessage + 1)}, storage.ErrTooLarge},
		{storage.Message{Channel: "live:room"}, storage.ErrInvalid},
		{storage.Message{Channel: "live:room", Body: "[]"}, storage.ErrInvalid},
		{storage.Message{Channel: "entries", Body: "{}"}, storage.ErrInvalid},
		{storage.Message{Body: "{}"}, storage.ErrInvalid},
		{storage.Message{Channel: ":" + strings.Repeat("x", storage.MaxChannel), Body: "{}"}, storage.ErrInvalid},
		{storage.Message{Channel: ":\xff", Body: "{}"}, storage.ErrInvalid},
	} {
		wantError(t, fmt.Sprintf("%.20q with %.20q", c.message.Channel, c.message.Body), e.Publish(t.Context(), c.message), c.want)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	wantError(t, "Publish after its context's end", e.Publish(ended, storage.Message{Channel: "live:room", Body: "{}"}), context.Canceled)
	largest := storage.Message{Channel: "live:" + strings.Repeat("x", storage.MaxChannel-len("live:")), Body: body(storage.MaxMessage)}
	publish(t, e, largest)
	if c := journal(t, e, start, 1)[0]; c.Collection != largest.Channel || c.After != largest.Body {
		t.Errorf("the largest message came as %d bytes on %.20q", len(c.After), c.Collection)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	wantError(t, "Publish after Close", e.Publish(t.Context(), largest), storage.ErrUnavailable)
}

func publish(t *testing.T, e storage.Engine, m storage.Message) {
	t.Helper()
	if err := e.Publish(t.Context(), m); err != nil {
		t.Fatalf("Publish: %v", err)
	}
}

func kinds(changes []storage.Change) []storage.Kind {
	kinds := []storage.Kind{}
	for _, c := range changes {
		kinds = append(kinds, c.Kind)
	}
	return kinds
}
