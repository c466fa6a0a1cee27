package storage_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"nightwire/security"
	"nightwire/storage"
)

// told are all messages of the journal.
func (h *house) told() (told []storage.Change) {
	h.t.Helper()
	head, err := h.engine.Head(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	for c, err := range h.engine.Changes(h.t.Context(), "") {
		if err != nil {
			h.t.Fatal(err)
		}
		if c.Kind == storage.Tell {
			told = append(told, c)
		}
		if c.Cursor == head {
			break
		}
	}
	return told
}

// Events come out of the journal in order, as they were, with the name as their terms.
func TestAccountEvents(t *testing.T) {
	h := newHouse(t, storage.Options{})
	events := []security.AccountEvent{
		{Kind: security.LoggedOut, Name: `"é" \ `}, {Kind: security.Removed, Name: "a"}, {Kind: security.LoggedIn}, {Kind: security.Activated, Name: "a"},
	}
	if err := storage.PublishAccountEvents(t.Context(), h.engine, events); err != nil {
		t.Fatal(err)
	}
	if err := storage.PublishEcho(t.Context(), h.engine, "1"); err != nil {
		t.Fatal(err)
	}
	var got []security.AccountEvent
	for _, c := range h.told() {
		if e, ok := storage.AccountEventOf(c); ok {
			got = append(got, e)
			if terms := c.After.Get(storage.TermsField); c.Collection != storage.AccountEvents || terms.Text() != e.Name {
				t.Errorf("%s on terms %s", c.Collection, terms)
			}
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(events) {
		t.Errorf("told %v", got)
	}
	tooLarge := []security.AccountEvent{{Kind: security.Removed, Name: strings.Repeat("x", storage.MaxMessage)}, events[0]}
	if err := storage.PublishAccountEvents(t.Context(), h.engine, tooLarge); !errors.Is(err, storage.ErrTooLarge) {
		t.Error(err)
	}
	if _, ok := storage.AccountEventOf(storage.Change{Kind: storage.Create, Collection: storage.AccountEvents}); ok {
		t.Error("a document is an event")
	}
}

// An echo is any JSON, or nothing at all.
func TestEchoes(t *testing.T) {
	h := newHouse(t, storage.Options{})
	messages := []storage.Value{`"text"`, "", "null", `{"b":1,"a":[1.50],"$x":{"terms":1}}`, "false"}
	for _, m := range messages {
		if err := storage.PublishEcho(t.Context(), h.engine, m); err != nil {
			t.Fatal(err)
		}
	}
	if err := storage.PublishEcho(t.Context(), h.engine, storage.StringValue(strings.Repeat("x", storage.MaxMessage))); !errors.Is(err, storage.ErrTooLarge) {
		t.Error(err)
	}
	if err := storage.PublishAccountEvents(t.Context(), h.engine, []security.AccountEvent{{Kind: security.LoggedIn, Name: "a"}}); err != nil {
		t.Fatal(err)
	}
	var got []storage.Value
	for _, c := range h.told() {
		if m, ok := storage.EchoOf(c); ok {
			if !json.Valid([]byte(c.After)) {
				t.Errorf("%s is no JSON", c.After)
			}
			got = append(got, m)
		}
	}
	if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", messages) {
		t.Errorf("echoed %q", got)
	}
}
