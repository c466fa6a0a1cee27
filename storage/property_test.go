package storage_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"nightwire/storage"
)

// set by the server, whatever the client sends
var serverFields = []string{"date", "created_at", "utcOffset", "identifier", "srvModified", "srvCreated", "subject", "_id"}

// checkRoundTrip stores a document and reads it back: every field as it was sent, in the same order. Refusals must be of a
// known kind. It tells whether the document was accepted.
func checkRoundTrip(t *testing.T, h *house, r storage.Request, doc storage.Document) bool {
	t.Helper()
	res, err := h.Create(t.Context(), r, "treatments", doc)
	switch {
	case errors.Is(err, storage.ErrInvalid), errors.Is(err, storage.ErrReadOnly), errors.Is(err, storage.ErrConflict):
		return false
	case err != nil:
		t.Fatalf("%s: %v", doc, err)
	}
	got := res.Change.After
	if doc.Get("isValid") != "false" {
		if got, err = h.Read(t.Context(), r, "treatments", res.Identifier); err != nil || got != res.Change.After {
			t.Fatalf("%s: read %s, %v, want %s", doc, got, err, res.Change.After)
		}
	}
	kept := fieldsSent(got)
	for i, f := range fieldsSent(doc) {
		if res.Created && (i >= len(kept) || kept[i] != f) {
			t.Fatalf("%s is stored as %s", doc, got)
		}
	}
	if again, err := storage.DecodeDocument([]byte(got)); err != nil || again != got {
		t.Fatalf("%s is not canonical: %v", got, err)
	}
	return true
}

func fieldsSent(doc storage.Document) []storage.Field {
	return slices.DeleteFunc(doc.Fields(), func(f storage.Field) bool { return slices.Contains(serverFields, f.Name) })
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	h := newHouse(t, storage.Options{})
	r := h.as("w", "*")
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 300 {
		fields := map[string]any{"date": 1680000000000 + i, "app": "a", "device": randomText(random)}
		for range random.IntN(8) {
			fields[randomText(random)] = randomValue(random, 3)
		}
		text, err := json.Marshal(fields)
		if err != nil {
			t.Fatal(err)
		}
		if doc := document(t, string(text)); !checkRoundTrip(t, h, r, doc) {
			t.Errorf("refused: %s", doc)
		}
	}
}

func randomText(random *rand.Rand) string {
	letters := []rune("aZ0 ._-\"\\/\u00e9\u20ac\u2028\U0001F600\n\t{}[]:,")
	text := []rune("x") // such names have no meaning of their own
	for range random.IntN(12) {
		text = append(text, letters[random.IntN(len(letters))])
	}
	return string(text)
}

func randomValue(random *rand.Rand, depth int) any {
	switch n := random.IntN(8); {
	case n < 2 && depth > 0:
		list := []any{}
		for range random.IntN(4) {
			list = append(list, randomValue(random, depth-1))
		}
		return list
	case n < 4 && depth > 0:
		return map[string]any{randomText(random): randomValue(random, depth-1), "y": randomValue(random, depth-1)}
	case n == 4:
		return json.Number(fmt.Sprint(random.Int64() - random.Int64()))
	case n == 5:
		return random.NormFloat64()
	case n == 6:
		return []any{nil, true, false}[random.IntN(3)]
	default:
		return randomText(random)
	}
}

func FuzzCreate(f *testing.F) {
	f.Add(note)
	f.Add(`{"_id":"x","date":["2023-05-01T10:20:30+02:00"],"app":"a","isValid":false,"duration":"5","a.b":1}`)
	f.Add(`{"created_at":1685617200000,"app":"a","identifier":null,"device":{},"eventType":[1]}`)
	f.Fuzz(func(t *testing.T, text string) {
		doc, err := storage.DecodeDocument([]byte(text))
		if err != nil {
			return
		}
		h := newHouse(t, storage.Options{})
		r := h.as("w", "*")
		if checkRoundTrip(t, h, r, doc) {
			checkRoundTrip(t, h, r, doc) // now it is there already
		}
	})
}
