package storage_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"nightwire/security"
	"nightwire/storage"
)

// metaHouse is Meta over a real engine and Guard, with two subjects and an administrator.
type metaHouse struct {
	*house
	*storage.Meta
	anna, otto, admin storage.Request
}

func newMeta(t *testing.T) *metaHouse {
	t.Helper()
	h := newHouse(t, storage.Options{})
	return &metaHouse{h, storage.NewMeta(h.engine, h.guard), h.as("anna"), h.as("otto"), h.as("admin", "admin:api:subjects:update")}
}

func (h *metaHouse) wants(what string, err, want error) {
	h.t.Helper()
	if !errors.Is(err, want) || (err == nil) != (want == nil) {
		h.t.Errorf("%s: %v, want %v", what, err, want)
	}
}

func (h *metaHouse) holds(what, name string, want storage.Value) {
	h.t.Helper()
	if got, err := h.Meta.Get(h.t.Context(), name); got != want || err != nil {
		h.t.Errorf("%s: %s, want %s; %v", what, got, want, err)
	}
}

func (h *metaHouse) set(property string, value storage.Value) {
	h.t.Helper()
	if err := h.SetProperty(h.t.Context(), "anna", property, value); err != nil {
		h.t.Fatalf("%s: %v", property, err)
	}
}

// The meta of a subject is what the recorded server makes of the same requests: dots reach inside when a property is set and
// mean nothing when it is read.
func TestMetaIsKept(t *testing.T) {
	h := newMeta(t)
	ctx := t.Context()
	h.holds("nothing yet", "anna", "{}")
	for _, p := range []storage.Field{{"colour", `"red"`}, {"n", "null"}, {"f", "false"}, {"o", `{"a":1}`}, {"o.b", "2"}, {"x.y.z", "[]"}, {"n", "null"}} {
		h.set(p.Name, p.Value)
	}
	h.holds("properties", "anna", `{"colour":"red","n":null,"f":false,"o":{"a":1,"b":2},"x":{"y":{"z":[]}}}`)
	for property, want := range map[string]storage.Value{"n": "null", "f": "false", "o": `{"a":1,"b":2}`, "o.b": "", "nope": "", "meta": ""} {
		if got, err := h.Property(ctx, "anna", property); got != want || err != nil {
			t.Errorf("%s: %q %v, want %q", property, got, err, want)
		}
	}
	for _, meta := range []storage.Value{`{"sister":"sam","é":1.50}`, `"text"`, "[1,2]", "{}"} {
		h.wants("replacing", h.Replace(ctx, " \tanna\u00a0", meta), nil)
		h.holds("replaced", "anna", meta)
	}
	h.wants("an array", h.Replace(ctx, "anna", "[1,2]"), nil)
	h.set("1", "3")
	h.holds("an element", "anna", "[1,3]")
	h.holds("another's", "otto", "{}")
	if meta, err := storage.NewMeta(h.engine, h.guard).Get(ctx, "anna"); meta != "[1,3]" || err != nil {
		t.Errorf("another node: %s %v", meta, err)
	}
}

func TestMetaHasLimits(t *testing.T) {
	h := newMeta(t)
	ctx := t.Context()
	h.set("colour", `"red"`)
	for _, property := range []string{"colour.x", "a..b", ".", "a.", "$a", "a.$b", "", "a\x00"} {
		h.wants(property, h.SetProperty(ctx, "anna", property, "1"), storage.ErrInvalid)
	}
	deep := storage.Value(strings.Repeat("[", 64) + strings.Repeat("]", 64))
	h.wants("deep", h.Replace(ctx, "anna", deep), nil)
	h.wants("deeper", h.Replace(ctx, "anna", "["+deep+"]"), storage.ErrInvalid)
	h.wants("deeper", h.SetProperty(ctx, "otto", "a", deep), storage.ErrInvalid)
	room := storage.MaxMeta - len(`""`)
	h.wants("large", h.Replace(ctx, "anna", storage.StringValue(strings.Repeat("x", room))), nil)
	h.wants("larger", h.Replace(ctx, "anna", storage.StringValue(strings.Repeat("x", room+1))), storage.ErrTooLarge)
	h.wants("small", h.Replace(ctx, "anna", "{}"), nil)
	half := storage.StringValue(strings.Repeat("x", room/2))
	h.set("a", half)
	h.wants("two halves", h.SetProperty(ctx, "anna", "b", half), storage.ErrTooLarge)
	for _, name := range []string{"", "Anna", "nobody", "an na", "role of anna"} {
		_, err := h.Meta.Get(ctx, name)
		h.wants(name, err, storage.ErrNotFound)
		h.wants(name, h.Replace(ctx, name, "{}"), storage.ErrNotFound)
		h.wants(name, h.SetProperty(ctx, name, "a", "1"), storage.ErrNotFound)
	}
}

// Only the subject itself and administrators may, and others learn nothing about who there is.
func TestMayMeta(t *testing.T) {
	h := newMeta(t)
	ctx := t.Context()
	for _, c := range []struct {
		who  security.Identity
		name string
		want error
	}{
		{h.anna.Who, "anna", nil}, {h.anna.Who, " anna ", nil}, {h.anna.Who, "otto", security.ErrForbidden},
		{h.anna.Who, "nobody", security.ErrForbidden}, {h.anna.Who, "Anna", security.ErrForbidden}, {h.anna.Who, "", security.ErrForbidden},
		{security.Anonymous(), "anna", security.ErrForbidden}, {security.Anonymous(), "", security.ErrForbidden},
		{h.admin.Who, "anna", nil}, {h.admin.Who, "nobody", nil}, {security.Operator(), "anna", nil},
	} {
		h.wants(c.who.Name()+" of "+c.name, h.May(ctx, c.who, c.name), c.want)
	}
}

// Meta ends with its subject: who has the name next finds nothing, and who had it before may not.
func TestMetaEndsWithItsSubject(t *testing.T) {
	h := newMeta(t)
	ctx := t.Context()
	h.set("secret", "1")
	if err := h.guard.Remove(ctx, security.Operator(), security.Subjects, h.anna.Who.Subject()); err != nil {
		t.Fatal(err)
	}
	_, err := h.Meta.Get(ctx, "anna")
	h.wants("removed", err, storage.ErrNotFound)
	second := h.login("anna")
	h.holds("the second one", "anna", "{}")
	h.wants("the first one", h.May(ctx, h.anna.Who, "anna"), security.ErrForbidden)
	h.wants("the second one", h.May(ctx, second.Who, "anna"), nil)
	h.set("mine", "2")
	h.holds("the second one", "anna", `{"mine":2}`)
}

// Of changes at once none is lost.
func TestMetaAtOnce(t *testing.T) {
	h := newMeta(t)
	var writers sync.WaitGroup
	for i := range 16 {
		writers.Go(func() { h.wants("setting", h.SetProperty(t.Context(), "anna", fmt.Sprintf("o.p%d", i), "1"), nil) })
	}
	writers.Wait()
	o, err := h.Property(t.Context(), "anna", "o")
	n := 0
	for range o.Members() {
		n++
	}
	if n != 16 || err != nil {
		t.Errorf("%d properties: %s %v", n, o, err)
	}
}

// away is an engine that cannot answer.
type away struct{ storage.Engine }

func (away) Get(context.Context, string, storage.Key) (storage.Stored, error) {
	return storage.Stored{}, storage.ErrUnavailable
}

func TestMetaAway(t *testing.T) {
	h := newMeta(t)
	meta, err := storage.NewMeta(away{h.engine}, h.guard).Get(t.Context(), "anna")
	if meta != "" || !errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("%q %v", meta, err)
	}
}
