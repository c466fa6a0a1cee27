package storage_test

import (
	"errors"
	"strings"
	"testing"

	"nightwire/storage"
)

// Documents as Nightscout's APIv1 leaves them: an _id, no identifier, no system fields, dates with fractions.
const (
	entryID     = "64f0a1b2c3d4e5f60718293a"
	treatmentID = "64f0a1b2c3d4e5f60718293b"
	v1Entry     = `{"type":"sgv","sgv":120,"date":1682938800750.25,"dateString":"2023-05-01T11:00:00.750Z","device":"xDrip"}`
	v1Treatment = `{"eventType":"Meal Bolus","insulin":1.5,"created_at":"2023-05-01T11:00:00.000Z","enteredBy":"careportal"}`
)

func apiv1(t *testing.T) (*house, storage.Request) {
	h := newHouse(t, storage.Options{})
	h.imported("entries", entryID, v1Entry)
	h.imported("treatments", treatmentID, v1Treatment)
	return h, h.as("v1", "*")
}

func TestAPIv1Read(t *testing.T) {
	h, r := apiv1(t)
	doc, err := h.Read(t.Context(), r, "entries", entryID)
	if want := storage.Document(v1Entry[:len(v1Entry)-1] + `,"identifier":"` + entryID + `","srvModified":1682938800750,"srvCreated":1682938800750}`); err != nil || doc != want {
		t.Errorf("read as %s, %v\nwant %s", doc, err, want)
	}
	doc, err = h.Read(t.Context(), r, "treatments", treatmentID)
	if err != nil || doc.Get("srvModified") != "1682938800000" || doc.Get("insulin") != "1.5" {
		t.Errorf("read as %s, %v", doc, err)
	}
	newest, err := h.LastModified(t.Context(), r)
	if err != nil || newest["entries"] != 1682938800750 || newest["treatments"] != 1682938800000 {
		t.Errorf("last modified %v, %v", newest, err)
	}
}

func TestAPIv1Search(t *testing.T) {
	h, r := apiv1(t)
	for path, f := range map[string]storage.Filter{
		"identifier": {Op: storage.Eq, Path: "identifier", Value: storage.StringValue(entryID)},
		"date":       {Op: storage.Gt, Path: "date", Value: "1682938800750"},
		"device":     {Op: storage.Eq, Path: "device", Value: `"xDrip"`},
		"none":       {Op: storage.Eq, Path: "app", Value: "null"},
	} {
		found := 0
		for doc, err := range h.Search(t.Context(), r, "entries", storage.Query{Filter: f}) {
			if err != nil || doc.Identifier() != entryID || doc.Get("srvCreated") != "1682938800750" {
				t.Errorf("by %s: %s, %v", path, doc, err)
			}
			found++
		}
		if found != 1 {
			t.Errorf("by %s: found %d times", path, found)
		}
	}
}

// A patch gives system fields, and no identifier: other programs go on finding the document as theirs.
func TestAPIv1Patch(t *testing.T) {
	h, r := apiv1(t)
	result, err := h.Patch(t.Context(), r, "treatments", treatmentID, `{"notes":"x","insulin":2}`)
	if err != nil || result.Identifier != treatmentID {
		t.Fatalf("%+v, %v", result, err)
	}
	stored, err := h.engine.Get(t.Context(), "treatments", storage.Key{ID: treatmentID, ForeignID: true})
	if err != nil || !stored.Foreign || stored.Document.Get("insulin") != "2" || stored.Document.Get("enteredBy") != `"careportal"` {
		t.Errorf("stored as %+v, %v", stored, err)
	}
	if created := stored.Document.Get("srvCreated"); created != "1682938800000" || stored.Document.Get("srvModified") != storage.IntValue(result.LastModified) {
		t.Errorf("created %s, modified %s", created, stored.Document.Get("srvModified"))
	}
	if got := h.history(r, "treatments", 1682938800000, 0); len(got) != 1 {
		t.Errorf("HISTORY since it was made: %q", got)
	}
	if _, err := h.Patch(t.Context(), r, "treatments", treatmentID, `{"eventType":"Note"}`); !errors.Is(err, storage.ErrInvalid) {
		t.Errorf("a field that must not change: %v", err)
	}
}

func TestAPIv1Delete(t *testing.T) {
	h, r := apiv1(t)
	if _, err := h.Delete(t.Context(), r, "entries", entryID, false); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Read(t.Context(), r, "entries", entryID); !errors.Is(err, storage.ErrGone) {
		t.Errorf("read after deletion: %v", err)
	}
	if got := h.history(r, "entries", 1682938800750, 0); len(got) != 1 {
		t.Errorf("HISTORY shows %q of the deletion", got)
	}
	for range 2 {
		if _, err := h.Delete(t.Context(), r, "entries", entryID, true); err != nil && !errors.Is(err, storage.ErrNotFound) {
			t.Error(err)
		}
	}
	if _, err := h.Read(t.Context(), r, "entries", entryID); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("read after permanent deletion: %v", err)
	}
}

// Who uploads the same thing over APIv3 meets it, by its _id or by what it is. What is not to be changed is what it lacks as
// well (spec nightscout-v3 §3), so that only a document with all these fields is replaced.
func TestAPIv1Replaced(t *testing.T) {
	h, r := apiv1(t)
	same := `{"eventType":"Meal Bolus","created_at":"2023-05-01T11:00:00.000Z","app":"a","insulin":3}`
	if result, err := h.Create(t.Context(), r, "treatments", document(t, same)); !errors.Is(err, storage.ErrInvalid) {
		t.Errorf("created, though its date is new to the stored one: %+v, %v", result, err)
	}
	if result, err := h.Update(t.Context(), r, "treatments", treatmentID, document(t, same)); !errors.Is(err, storage.ErrInvalid) {
		t.Errorf("replaced, though its date is new to the stored one: %+v, %v", result, err)
	}
	const id = "64f0a1b2c3d4e5f60718293c"
	const full = `"type":"sgv","date":1682938800751,"device":"xDrip","app":"a","utcOffset":0`
	h.imported("entries", id, `{"sgv":1,`+full+`}`)
	result, err := h.Update(t.Context(), r, "entries", id, document(t, `{"sgv":2,`+full+`}`))
	if err != nil || result.Created || result.Identifier != id {
		t.Errorf("by its _id: %+v, %v", result, err)
	}
	h.imported("entries", "64f0a1b2c3d4e5f60718293d", `{"sgv":1,`+strings.Replace(full, "751", "752", 1)+`}`)
	result, err = h.Create(t.Context(), r, "entries", document(t, `{"identifier":"own","sgv":2,`+strings.Replace(full, "751", "752", 1)+`}`))
	if err != nil || result.Created || result.Deduplicated != "64f0a1b2c3d4e5f60718293d" || result.Identifier != "own" {
		t.Errorf("by its fields: %+v, %v", result, err)
	}
	if doc, err := h.Read(t.Context(), r, "entries", "64f0a1b2c3d4e5f60718293d"); err != nil || doc.Identifier() != "own" {
		t.Errorf("by its old _id: %s, %v", doc, err)
	}
}
