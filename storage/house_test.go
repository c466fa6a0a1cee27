package storage_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"nightwire/security"
	"nightwire/storage"
	"nightwire/storage/sqlite"
)

// house is Documents over an engine and a real Guard, with subjects whose roles the test chooses.
type house struct {
	*storage.Documents
	t      *testing.T
	engine storage.Engine
	guard  *security.Guard
}

func newHouse(t *testing.T, o storage.Options) *house {
	t.Helper()
	guard, err := security.NewGuard(security.Options{
		Accounts: &accounts{}, APISecret: "0123456789abcdef", JWTKey: []byte(strings.Repeat("k", 64)),
	})
	if err != nil {
		t.Fatal(err)
	}
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	engine, err := sqlite.Open(t.Context(), sqlite.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := engine.Close(); err != nil {
			t.Error(err)
		}
	})
	return &house{storage.NewDocuments(engine, guard, o), t, engine, guard}
}

// as is a request by a subject of that name, who holds these permissions.
func (h *house) as(name string, permissions ...string) storage.Request {
	h.t.Helper()
	ctx := h.t.Context()
	role, err := json.Marshal(map[string]any{"name": "role of " + name, "permissions": permissions})
	if err != nil {
		h.t.Fatal(err)
	}
	if _, err := h.guard.Create(ctx, security.Operator(), security.Roles, role); err != nil {
		h.t.Fatal(err)
	}
	return h.login(name, "role of "+name)
}

func (h *house) login(name string, roles ...string) storage.Request {
	h.t.Helper()
	token, err := h.guard.EnsureSubject(h.t.Context(), name, roles...)
	if err != nil {
		h.t.Fatal(err)
	}
	who, err := h.guard.ByAccessToken(h.t.Context(), token)
	if err != nil {
		h.t.Fatal(err)
	}
	return storage.Request{Who: who}
}

// imported puts a document without an identifier of its own into a collection, as APIv1 leaves them.
func (h *house) imported(collection, id, doc string) {
	h.t.Helper()
	next := storage.Next{Kind: storage.Create, Document: storage.Document(doc), ID: id}
	_, err := h.engine.Apply(h.t.Context(), storage.Write{Collection: collection,
		Decide: func(*storage.Stored, int64) (storage.Next, error) { return next, nil }})
	if err != nil {
		h.t.Fatal(err)
	}
}

// document decodes what a client would send.
func document(t *testing.T, text string) storage.Document {
	t.Helper()
	doc, err := storage.DecodeDocument([]byte(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return doc
}

// accounts are subjects and roles in memory.
type accounts struct {
	mu      sync.Mutex
	records map[security.AccountKind][]security.Record
}

func (a *accounts) List(_ context.Context, kind security.AccountKind) ([]security.Record, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]security.Record(nil), a.records[kind]...), nil
}

func (a *accounts) Put(_ context.Context, kind security.AccountKind, r security.Record) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.records == nil {
		a.records = map[security.AccountKind][]security.Record{}
	}
	a.records[kind] = append(a.records[kind], r)
	return nil
}

func (a *accounts) Delete(_ context.Context, kind security.AccountKind, id string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.records[kind] = slices.DeleteFunc(a.records[kind], func(r security.Record) bool { return r.ID == id })
	return nil
}
