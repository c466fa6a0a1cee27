package storage_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"nightwire/security"
	"nightwire/storage"
)

const note = `{"date":1680000000000,"app":"a","device":"d","eventType":"Note","identifier":"n1"}`

// create stores a document that must be accepted.
func (h *house) create(r storage.Request, collection, text string) storage.Result {
	h.t.Helper()
	res, err := h.Create(h.t.Context(), r, collection, document(h.t, text))
	if err != nil {
		h.t.Fatalf("%s: %v", text, err)
	}
	return res
}

// refuses checks an error's kind and the text for the client.
func refuses(t *testing.T, err, kind error, message string) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Fatalf("error is %v, want %v", err, kind)
	}
	var failure *storage.Error
	if errors.As(err, &failure); message != "" && (failure == nil || failure.Message != message) {
		t.Errorf("error is %v, want the text %q", err, message)
	}
}

func TestUnknownCollection(t *testing.T) {
	h := newHouse(t, storage.Options{})
	ctx, r, doc := t.Context(), h.as("w", "*"), document(t, note)
	for name, call := range map[string]func() error{
		"create":     func() error { _, err := h.Create(ctx, r, "activity", doc); return err },
		"read":       func() error { _, err := h.Read(ctx, r, "auth_subjects", "x"); return err },
		"update":     func() error { _, err := h.Update(ctx, r, "activity", "x", doc); return err },
		"patch":      func() error { _, err := h.Patch(ctx, r, "activity", "x", doc); return err },
		"delete":     func() error { _, err := h.Delete(ctx, r, "activity", "x", false); return err },
		"search":     func() error { _, err := collect(h.Search(ctx, r, "activity", storage.Query{})); return err },
		"history":    func() error { _, err := collect(h.History(ctx, r, "activity", 0, false, 0)); return err },
		"may search": func() error { return h.MaySearch(ctx, r, "activity") },
	} {
		if err := call(); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSoftDelete(t *testing.T) {
	h := newHouse(t, storage.Options{})
	ctx, r, second := t.Context(), h.as("first", "*"), h.as("second", "*")
	created := h.create(r, "treatments", note)
	res, err := h.Delete(ctx, second, "treatments", "n1", false)
	if err != nil {
		t.Fatal(err)
	}
	want := created.Change.After.Edit()
	want.Set("srvModified", storage.IntValue(res.LastModified))
	want.Set("isValid", "false")
	want.Set("modifiedBy", `"second"`)
	if got := res.Change; got.Kind != storage.Delete || got.After != want.Document() || got.Identifier != "n1" || got.By != "second" {
		t.Errorf("change is %+v, want the tombstone %s", got, want.Document())
	}
	if _, err := h.Read(ctx, r, "treatments", "n1"); !errors.Is(err, storage.ErrGone) {
		t.Errorf("read: %v", err)
	}
	again, err := h.Delete(ctx, r, "treatments", "n1", false)
	if err != nil || again.Change.Kind != storage.Delete || again.LastModified <= res.LastModified {
		t.Errorf("deleting twice: %+v, %v", again, err)
	}
	if _, err := h.Update(ctx, r, "treatments", "n1", document(t, note)); !errors.Is(err, storage.ErrGone) {
		t.Errorf("update: %v", err)
	}
	if _, err := h.Patch(ctx, r, "treatments", "n1", document(t, `{"a":1}`)); !errors.Is(err, storage.ErrGone) {
		t.Errorf("patch: %v", err)
	}
	gone, err := h.Delete(ctx, r, "treatments", "n1", true)
	if err != nil || gone.Change.Kind != storage.Delete || gone.Change.After != "" || gone.Change.Identifier != "n1" {
		t.Errorf("permanent: %+v, %v", gone, err)
	}
	if _, err := h.Delete(ctx, r, "treatments", "n1", true); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("deleting what is not there: %v", err)
	}
}

// Nothing protects the fields of a tombstone when it is created again; srvCreated stays.
func TestRevival(t *testing.T) {
	h := newHouse(t, storage.Options{})
	r := h.as("w", "*")
	created := h.create(r, "treatments", note)
	if _, err := h.Delete(t.Context(), r, "treatments", "n1", false); err != nil {
		t.Fatal(err)
	}
	res := h.create(r, "treatments", `{"date":1690000000000,"app":"b","device":"e","identifier":"n1","utcOffset":60}`)
	after := res.Change.After
	if res.Created || res.Change.Kind != storage.Update || res.Deduplicated != "" {
		t.Errorf("result %+v", res)
	}
	if after.Get("app") != `"b"` || after.Get("isValid") != "" || after.Get("srvCreated") != storage.IntValue(created.LastModified) {
		t.Errorf("revived as %s", after)
	}
	if _, err := h.Read(t.Context(), r, "treatments", "n1"); err != nil {
		t.Error(err)
	}
}

func TestReadOnly(t *testing.T) {
	h := newHouse(t, storage.Options{})
	ctx, r, reader := t.Context(), h.as("w", "*"), h.as("r", "api:*:read")
	for _, name := range []string{"isReadOnly", "readOnly", "readonly"} {
		text := strings.Replace(note, "n1", name, 1)
		h.create(r, "treatments", strings.Replace(text, "{", `{"`+name+`":true,`, 1))
		doc := document(t, text)
		for call, err := range map[string]error{
			"create": last(h.Create(ctx, r, "treatments", doc)),
			"update": last(h.Update(ctx, r, "treatments", name, doc)),
			"patch":  last(h.Patch(ctx, r, "treatments", name, document(t, `{"date":1}`))),
			"delete": last(h.Delete(ctx, r, "treatments", name, false)),
			"remove": last(h.Delete(ctx, r, "treatments", name, true)),
		} {
			t.Run(name+" "+call, func(t *testing.T) {
				refuses(t, err, storage.ErrReadOnly, "Trying to modify read-only document")
			})
		}
		if err := last(h.Update(ctx, reader, "treatments", name, doc)); !errors.Is(err, security.ErrForbidden) {
			t.Errorf("permission is asked first: %v", err)
		}
	}
	h.create(r, "treatments", strings.Replace(strings.Replace(note, "n1", "n2", 1), "{", `{"isReadOnly":"true",`, 1))
	h.create(r, "treatments", strings.Replace(note, "n1", "n2", 1))
}

func last(_ storage.Result, err error) error { return err }

func TestUnmodifiedSince(t *testing.T) {
	h := newHouse(t, storage.Options{})
	ctx, r, reader := t.Context(), h.as("w", "*"), h.as("r", "api:*:read")
	modified := h.create(r, "treatments", note).LastModified
	for _, c := range []struct {
		since int64
		fits  bool
	}{{modified - 1000, false}, {modified - modified%1000, true}, {modified + 1000, true}, {0, true}} {
		r.UnmodifiedSince = c.since
		for _, err := range []error{
			last(h.Patch(ctx, r, "treatments", "n1", document(t, `{"app":"other"}`))), // refused later, so that nothing changes
			last(h.Update(ctx, r, "treatments", "n1", document(t, `{"app":"other"}`))),
		} {
			if errors.Is(err, storage.ErrPrecondition) == c.fits {
				t.Errorf("%d for %d: %v", c.since, modified, err)
			}
		}
	}
	reader.UnmodifiedSince = modified - 1000
	if err := last(h.Update(ctx, reader, "treatments", "n1", document(t, note))); !errors.Is(err, storage.ErrPrecondition) {
		t.Errorf("the condition is judged before the permission: %v", err)
	}
}

func TestPatch(t *testing.T) {
	h := newHouse(t, storage.Options{})
	ctx, r, second := t.Context(), h.as("first", "*"), h.as("second", "api:treatments:update")
	h.create(r, "treatments", `{"date":1680000000000,"app":"a","identifier":"p","z":{"x":1,"l":[1,2]},"m":1}`)
	res, err := h.Patch(ctx, second, "treatments", "p",
		document(t, `{"_id":"ignored","z.l.1":3,"y":1,"b":2,"m":null,"identifier":"p","date":1680000000000.0}`))
	if err != nil {
		t.Fatal(err)
	}
	now := string(storage.IntValue(res.LastModified))
	created := string(res.Change.Before.Get("srvCreated"))
	want := `{"date":1680000000000.0,"app":"a","identifier":"p","z":{"x":1,"l":[1,3]},"m":null,"utcOffset":0,` +
		`"created_at":"2023-03-28T10:40:00.000Z","srvModified":` + now + `,"srvCreated":` + created +
		`,"subject":"first","b":2,"modifiedBy":"second","y":1}`
	if string(res.Change.After) != want {
		t.Errorf("patched to\n%s, want\n%s", res.Change.After, want)
	}
	if sent := strings.Join(res.Change.Sent, " "); sent != "z.l.1 y b m identifier date" {
		t.Errorf("sent %s", sent)
	}
	lasting, err := h.Patch(ctx, second, "treatments", "p", document(t, `{"duration":"2"}`))
	if after := lasting.Change.After; err != nil || after.Get("duration") != "2" || after.Get("endmills") != "1680000120000" {
		t.Errorf("lasts two minutes: %s, %v", after, err)
	}
	for patch, message := range map[string]string{
		`{}`:                              "Bad or missing request body",
		`{"date":"2023-03-28T10:40:00Z"}`: "Field date cannot be modified by the client",
		`{"device":"d"}`:                  "Field device cannot be modified by the client",
		`{"isValid":true}`:                "Field isValid cannot be modified by the client",
		`{"app":"","date":1}`:             "Field date cannot be modified by the client",
		`{"q":1,"q.r":2}`:                 "Fields q and q.r cannot be set together",
		`{"app.b":1}`:                     "Field b cannot be set inside a value that is no object",
	} {
		_, err := h.Patch(ctx, r, "treatments", "p", document(t, patch))
		refuses(t, err, storage.ErrInvalid, message)
	}
	if err := last(h.Patch(ctx, r, "treatments", "nope", document(t, `{"a":1}`))); !errors.Is(err, storage.ErrNotFound) {
		t.Error(err)
	}
	nobody := h.as("third", "api:*:create")
	if err := last(h.Patch(ctx, nobody, "treatments", "nope", document(t, `{"a":1}`))); !errors.Is(err, security.ErrForbidden) {
		t.Error(err)
	}
}

// Objects and arrays are never strictly equal, not even to themselves.
func TestImmutableObject(t *testing.T) {
	h := newHouse(t, storage.Options{})
	r := h.as("w", "*")
	text := `{"date":1680000000000,"app":"a","identifier":"o","device":{"a":1}}`
	h.create(r, "entries", text)
	_, err := h.Create(t.Context(), r, "entries", document(t, text))
	refuses(t, err, storage.ErrInvalid, "Field device cannot be modified by the client")
}

func TestClientID(t *testing.T) {
	h := newHouse(t, storage.Options{})
	ctx, r := t.Context(), h.as("w", "*")
	res := h.create(r, "treatments", strings.Replace(note, "{", `{"_id":"my-key",`, 1))
	if res.Change.After.Get("_id") != "" {
		t.Errorf("stored %s", res.Change.After)
	}
	if doc, err := h.Read(ctx, r, "treatments", "my-key"); err != nil || doc != res.Change.After {
		t.Errorf("read by _id: %s, %v", doc, err)
	}
	if err := last(h.Patch(ctx, r, "treatments", "my-key", document(t, `{"a":1}`))); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("patch by _id of a document with an identifier: %v", err)
	}
	if res, err := h.Delete(ctx, r, "treatments", "my-key", false); err != nil || res.Change.Named != "my-key" || res.Identifier != "n1" {
		t.Errorf("delete by _id: %+v, %v", res, err)
	}
	h.create(r, "treatments", `{"date":1680000000000,"app":"a","identifier":"n2","_id":{"$oid":7}}`)
}

func TestBadIdentifierInURL(t *testing.T) {
	h := newHouse(t, storage.Options{})
	r := h.as("w", "*")
	for _, id := range []string{"", "  ", "a\xff", "a\x00", strings.Repeat("x", storage.MaxIdentifier+1)} {
		_, err := h.Update(t.Context(), r, "treatments", id, document(t, note))
		refuses(t, err, storage.ErrInvalid, "Bad or missing identifier field")
	}
}

func TestTooLarge(t *testing.T) {
	h := newHouse(t, storage.Options{MaxSize: 1000})
	ctx, r := t.Context(), h.as("w", "*")
	h.create(r, "treatments", note)
	big := `{"date":1680000000000,"app":"a","device":"d","eventType":"Note","x":"` + strings.Repeat("x", 1000) + `"}`
	for _, err := range []error{
		last(h.Create(ctx, r, "treatments", document(t, big))),
		last(h.Update(ctx, r, "treatments", "n1", document(t, big))),
		last(h.Update(ctx, r, "treatments", "new", document(t, big))),
		last(h.Patch(ctx, r, "treatments", "n1", document(t, `{"x":"`+strings.Repeat("x", 1000)+`"}`))),
	} {
		refuses(t, err, storage.ErrTooLarge, "Request body too large")
	}
}

// Without security nobody is named, and what the client says stays.
func TestNobody(t *testing.T) {
	h := newHouse(t, storage.Options{})
	r := storage.Request{Who: security.Operator()}
	after := h.create(r, "treatments", strings.Replace(note, "{", `{"subject":"me",`, 1)).Change.After
	if after.Get("subject") != `"me"` {
		t.Errorf("stored %s", after)
	}
	res, err := h.Patch(t.Context(), r, "treatments", "n1", document(t, `{"a":1}`))
	if err != nil || res.Change.After.Get("modifiedBy") != "" || res.Change.By != "" {
		t.Errorf("patched to %s by %q, %v", res.Change.After, res.Change.By, err)
	}
}

func TestFallbackOptions(t *testing.T) {
	imported := `{"created_at":"2023-07-02T08:00:00.000Z","eventType":"Note","app":"a","date":1688284800000,"utcOffset":0}`
	sent := `{"date":1688284800000,"eventType":"Note","app":"a"}`
	h := newHouse(t, storage.Options{})
	h.imported("treatments", "64a0f3f2b5f1c2a3d4e5f607", imported)
	// Neither a patch nor a deletion makes the borrowed identifier its own.
	operator := storage.Request{Who: security.Operator()}
	if _, err := h.Patch(t.Context(), operator, "treatments", "64a0f3f2b5f1c2a3d4e5f607", document(t, `{"a":1}`)); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Delete(t.Context(), operator, "treatments", "64a0f3f2b5f1c2a3d4e5f607", false); err != nil {
		t.Fatal(err)
	}
	if res := h.create(h.as("w", "*"), "treatments", sent); res.Created || res.Deduplicated != "64a0f3f2b5f1c2a3d4e5f607" {
		t.Errorf("with fallback: %+v", res)
	}
	h = newHouse(t, storage.Options{NoDedupFallback: true})
	h.imported("treatments", "64a0f3f2b5f1c2a3d4e5f607", imported)
	if res := h.create(h.as("w", "*"), "treatments", sent); !res.Created {
		t.Errorf("without fallback: %+v", res)
	}
	h = newHouse(t, storage.Options{NoCreatedAtFallback: true})
	r := h.as("w", "*")
	if res := h.create(r, "food", `{"date":1688284800000,"created_at":"2020-01-01","app":"a"}`); res.Change.After.Get("created_at") != "" {
		t.Errorf("created_at is kept: %s", res.Change.After)
	}
	_, err := h.Create(t.Context(), r, "food", document(t, `{"created_at":"2020-01-01","app":"a"}`))
	refuses(t, err, storage.ErrInvalid, "Bad or missing date field")
}

// Many writers of one identifier: one creates it, the others replace it.
func TestConcurrentCreates(t *testing.T) {
	h := newHouse(t, storage.Options{})
	r := h.as("w", "*")
	var mu sync.Mutex
	var wait sync.WaitGroup
	created := 0
	for range 32 {
		wait.Go(func() {
			res, err := h.Create(t.Context(), r, "entries", document(t, `{"date":1680000000000,"app":"a","device":"d"}`))
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			if res.Created {
				created++
			}
		})
	}
	if wait.Wait(); created != 1 {
		t.Errorf("%d creates", created)
	}
}
