package mongo

import (
	"errors"
	"slices"
	"testing"

	"go.mongodb.org/mongo-driver/bson/primitive"

	"nightwire/storage"
)

func TestCursor(t *testing.T) {
	s := &stream{names: []string{"messages", "entries"}, epoch: "test"}
	places := []place{{token: rawToken(1)}, {since: primitive.Timestamp{T: 5, I: 6}}}
	c := s.cursor(places)
	got, err := s.parse(c)
	if err != nil || string(got[0].token) != string(rawToken(1)) || got[1].since != places[1].since {
		t.Errorf("%v, %v", got, err)
	}
	for _, other := range []*stream{
		{names: []string{"messages", "entries"}, epoch: "other"}, {names: []string{"messages", "food"}, epoch: "test"},
		{names: []string{"messages"}, epoch: "test"}, {names: []string{""}, epoch: "test"},
	} {
		if _, err := other.parse(c); !errors.Is(err, storage.ErrGap) {
			t.Errorf("another stream takes the cursor: %v", err)
		}
	}
	for _, bad := range []storage.Cursor{"x", "-", "0", "AAAAAA", "not-a-cursor", c + "0", c + "00", c + "x", c[1:], c[:len(c)-1], "\n" + c} {
		if _, err := s.parse(bad); !errors.Is(err, storage.ErrGap) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// FuzzCursor: what is no cursor is ErrGap, and what is one has one text.
func FuzzCursor(f *testing.F) {
	s := &stream{names: []string{""}, epoch: "test"}
	f.Add(string(s.cursor([]place{{token: rawToken(1)}})))
	f.Add(string(s.cursor([]place{{since: primitive.Timestamp{T: 1, I: 2}}})))
	f.Add("AAAAAA")
	f.Fuzz(func(t *testing.T, text string) {
		places, err := s.parse(storage.Cursor(text))
		if (err == nil) != (places != nil) || err != nil && !errors.Is(err, storage.ErrGap) {
			t.Fatalf("%v, %v", places, err)
		}
		if err == nil && string(s.cursor(places)) != text {
			t.Fatalf("%q is written as %q", text, s.cursor(places))
		}
	})
}

func TestCache(t *testing.T) {
	c := newCache[int](3, 100)
	for i, key := range []string{"a", "b", "c"} {
		c.put(key, i, 10)
	}
	c.get("a")
	c.put("d", 3, 10) // too many: b was not used for longest
	c.put("c", 9, 85) // too many bytes: a goes
	var have []string
	for _, key := range []string{"a", "b", "c", "d"} {
		if _, found := c.get(key); found {
			have = append(have, key)
		}
	}
	if !slices.Equal(have, []string{"c", "d"}) || c.bytes != 95 || !c.forgot {
		t.Errorf("kept %v, %d bytes", have, c.bytes)
	}
	c.put("e", 1, 101) // larger than all room
	if c.bytes != 0 || c.order.Len() != 0 || len(c.entries) != 0 {
		t.Errorf("kept %d bytes of %d", c.bytes, len(c.entries))
	}
}
