package mongotest

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/bson"

	"nightwire/security"
	"nightwire/storage"
)

// TestUserMeta: what subjects keep about themselves is in a collection of Nightwire's own, and survives the engine.
func TestUserMeta(t *testing.T) {
	uri, db := freshDatabase(t)
	engine := open(t, uri)
	guard, err := security.NewGuard(security.Options{
		Accounts: storage.NewAccounts(engine), APISecret: "0123456789abcdef", JWTKey: []byte(strings.Repeat("k", 64)),
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := guard.EnsureSubject(t.Context(), "The Reader", "readable"); err != nil {
		t.Fatal(err)
	}
	meta := storage.NewMeta(engine, guard)
	holds := func(want storage.Value) {
		t.Helper()
		if got, err := meta.Get(t.Context(), "The Reader"); got != want || err != nil {
			t.Errorf("holds %s, want %s; %v", got, want, err)
		}
	}
	holds("{}")
	for _, p := range []storage.Field{{Name: "o", Value: `{"b":null,"a":1.5}`}, {Name: "o.c", Value: "[]"}, {Name: "é", Value: "9007199254740993"}} {
		if err := meta.SetProperty(t.Context(), "The Reader", p.Name, p.Value); err != nil {
			t.Fatal(err)
		}
	}
	holds(`{"o":{"b":null,"a":1.5,"c":[]},"é":9007199254740993}`)
	if n, err := db.Collection("nightwire_user_meta").CountDocuments(t.Context(), bson.D{}); n != 1 || err != nil {
		t.Errorf("%d documents, %v", n, err)
	}
	if err := meta.Replace(t.Context(), "The Reader", storage.StringValue(strings.Repeat("x", storage.MaxMeta))); !errors.Is(err, storage.ErrTooLarge) {
		t.Error(err)
	}
	if err := meta.Replace(t.Context(), "The Reader", `"text"`); err != nil {
		t.Error(err)
	}
	holds(`"text"`)
}

// TestAccountEventsAndEchoes: they come out of the journal as they were told.
func TestAccountEventsAndEchoes(t *testing.T) {
	uri, _ := freshDatabase(t)
	engine := open(t, uri)
	start, err := engine.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	event := security.AccountEvent{Kind: security.LoggedIn, Name: `The "Reader"`}
	if err := storage.PublishAccountEvents(t.Context(), engine, []security.AccountEvent{event}); err != nil {
		t.Fatal(err)
	}
	echoes := []storage.Value{"", "null", `{"b":1,"a":[1.5],"$x":{"y.z":true}}`}
	for _, m := range echoes {
		if err := storage.PublishEcho(t.Context(), engine, m); err != nil {
			t.Fatal(err)
		}
	}
	n := -1
	for c, err := range engine.Changes(t.Context(), start) {
		if err != nil {
			t.Fatal(err)
		}
		if n < 0 {
			if e, ok := storage.AccountEventOf(c); !ok || e != event {
				t.Errorf("told %+v, %v", c, ok)
			}
		} else if m, ok := storage.EchoOf(c); !ok || m != echoes[n] || !json.Valid([]byte(c.After)) {
			t.Errorf("echoed %q, want %q; %v", m, echoes[n], ok)
		}
		if n++; n == len(echoes) {
			break
		}
	}
}
