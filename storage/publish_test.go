package storage_test

import (
	"fmt"
	"strings"
	"testing"

	"nightwire/security"
	"nightwire/storage"
)

// heard are the publications after a cursor, as changes.
func (h *topicHouse) heard(after storage.Cursor) (heard []storage.Change) {
	h.t.Helper()
	ctx := h.t.Context()
	head, err := h.engine.Head(ctx)
	if err != nil {
		h.t.Fatal(err)
	}
	for c, err := range h.engine.Changes(ctx, after) {
		if err != nil {
			h.t.Fatal(err)
		}
		if _, ok := storage.Published(c); ok {
			heard = append(heard, c)
		}
		if c.Cursor == head {
			break
		}
	}
	return heard
}

// A message comes out of the journal with its publisher, whatever JSON it is, and neither others' bits nor what nobody made
// can be published on.
func TestPublish(t *testing.T) {
	h := newTopics(t, storage.TopicOptions{})
	ctx := t.Context()
	h.made(h.anna, "room", storage.TopicOwners)
	h.made(h.anna, "hall", storage.TopicExecute|storage.TopicRead)
	for _, c := range []struct {
		who     storage.Request
		name    string
		message storage.Value
		want    error
	}{
		{h.anna, "room", `{"a":1,"terms":{"owner":"otto"}}`, nil},
		{h.anna, "room", "", nil},
		{h.otto, "hall", `"text"`, nil},
		{h.admin, "room", `[{"$x":1.0}]`, nil},
		{h.otto, "entries", "null", nil},
		{h.otto, "room", "{}", security.ErrForbidden},
		{h.anna, "entries", "{}", security.ErrForbidden},
		{h.otto, "user_account", "{}", security.ErrForbidden},
		{h.anna, "nowhere", "{}", storage.ErrNotFound},
		{h.anna, "alarms", "{}", storage.ErrNotFound},
		{h.anna, "room", storage.StringValue(strings.Repeat("x", storage.MaxMessage)), storage.ErrTooLarge},
	} {
		h.wants(fmt.Sprintf("%.20s on %s", c.message, c.name), h.Publish(ctx, c.who, c.name, c.message), c.want)
	}
	var got []string
	for _, c := range h.heard("") {
		p, _ := storage.Published(c)
		got = append(got, fmt.Sprint(c.Collection, " ", p.Topic, " ", p.Source, " ", p.Message))
	}
	want := []string{
		`topic:room room anna {"a":1,"terms":{"owner":"otto"}}`, "topic:room room anna null", `topic:hall hall otto "text"`,
		`topic:room room admin [{"$x":1.0}]`, "table:entries entries otto null",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("published\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// Who hears a message is a matter of the terms on which it was published: what its topic became since changes nothing.
func TestHears(t *testing.T) {
	h := newTopics(t, storage.TopicOptions{})
	ctx := t.Context()
	publish := func(who storage.Request, name string) storage.Change {
		t.Helper()
		head, err := h.engine.Head(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if err := h.Publish(ctx, who, name, "{}"); err != nil {
			t.Fatal(err)
		}
		return h.heard(head)[0]
	}
	h.made(h.anna, "room", storage.TopicOwners)
	private := publish(h.anna, "room")
	if err := h.SetPermission(ctx, h.anna, "room", storage.TopicEverybodys); err != nil {
		t.Fatal(err)
	}
	public := publish(h.otto, "room")
	if err := h.Destroy(ctx, h.anna, "room"); err != nil {
		t.Fatal(err)
	}
	h.made(h.otto, "room", storage.TopicOwners)
	ottos := publish(h.otto, "room")
	for _, c := range []struct {
		what    string
		message storage.Change
		hears   map[*storage.Request]error
	}{
		{"private", private, map[*storage.Request]error{&h.anna: nil, &h.otto: security.ErrForbidden, &h.admin: nil}},
		{"public", public, map[*storage.Request]error{&h.anna: nil, &h.otto: nil, &h.admin: nil, {}: security.ErrForbidden}},
		{"otto's", ottos, map[*storage.Request]error{&h.anna: security.ErrForbidden, &h.otto: nil, &h.admin: nil}},
		{"table", publish(h.otto, "entries"), map[*storage.Request]error{&h.anna: security.ErrForbidden, &h.otto: nil}},
		{"foreign", storage.Change{Kind: storage.Tell, Collection: "live:x"}, map[*storage.Request]error{&h.admin: storage.ErrNotFound}},
		{"document", storage.Change{Kind: storage.Create, Collection: "topic:x"}, map[*storage.Request]error{&h.admin: storage.ErrNotFound}},
	} {
		for who, want := range c.hears {
			h.wants(c.what+" by "+who.Who.Name(), h.Hears(ctx, who.Who, c.message), want)
		}
	}
}
