package storage_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"nightwire/storage"
)

// history is one page as identifiers.
func (h *house) history(r storage.Request, collection string, since int64, limit int) (ids []string) {
	h.t.Helper()
	for doc, err := range h.History(h.t.Context(), r, collection, since, false, limit) {
		if err != nil {
			h.t.Fatal(err)
		}
		ids = append(ids, doc.Identifier())
	}
	return ids
}

// Documents without srvModified have their place in HISTORY by their date, whatever zone its text names.
func TestHistoryOfUnstamped(t *testing.T) {
	h := newHouse(t, storage.Options{})
	r := h.as("r", "*")
	for id, fields := range map[string]string{
		"1 utc":        `"created_at":"2023-05-01T10:00:00.000Z"`,
		"2 east":       `"created_at":"2023-05-02T00:30:00+14:00"`, // 10:30 the day before
		"3 west":       `"created_at":"2023-05-01T00:00:00-11:00"`, // 11:00
		"4 fraction":   `"created_at":"2023-05-01T11:00:00.5Z"`,
		"5 number":     `"created_at":1682938800750.25`, // 11:00:00.750
		"6 stamped":    `"created_at":"2020-01-01T00:00:00Z","srvModified":1682938800800`,
		"7 null":       `"created_at":"2023-05-01 13:00:00+02:00","srvModified":null`,
		"8 no time":    `"created_at":"2023-05-02"`,
		"9 tombstone":  `"created_at":"2023-05-02T00:00:01Z","isValid":false`,
		"x month":      `"created_at":"2023-06"`,
		"x RFC 2822":   `"created_at":"Mon, 01 May 2023 10:00:00 GMT"`,
		"x no date":    `"created_at":true`,
		"x list":       `"created_at":[1682938800750,"2023-05-01T10:00:00.000Z"]`,
		"x none":       `"date":1682938800750`,
		"x early":      `"created_at":"1999-05-01T10:00:00.000Z"`,
		"x null in it": `"created_at":"2023-05-01T10:00:00.000Z","srvModified":[null]`,
	} {
		h.imported("treatments", id, "{"+fields+"}")
	}
	want := []string{"1 utc", "2 east", "3 west", "7 null", "4 fraction", "5 number", "6 stamped", "8 no time", "9 tombstone"}
	if got := h.history(r, "treatments", 0, 0); !slices.Equal(got, want) {
		t.Errorf("all of it: %q\nwant %q", got, want)
	}
	if got := h.history(r, "treatments", 1682937000000, 0); !slices.Equal(got, want[2:]) { // east is of that moment
		t.Errorf("after a moment: %q", got)
	}
	for doc, err := range h.History(t.Context(), r, "treatments", 1682937000000, true, 1) {
		if err != nil || doc.Get("srvModified") != "1682937000000" || doc.Get("srvCreated") != "1682937000000" {
			t.Errorf("shown as %s, %v", doc, err)
		}
	}
	h.imported("entries", "number", `{"date":1682938800750.9}`)
	h.imported("entries", "stamped", `{"date":1,"srvModified":1682938800751}`)
	if got := h.history(r, "entries", 1682938800749, 1); !slices.Equal(got, []string{"number"}) {
		t.Errorf("before the fraction: %q", got)
	}
	if got := h.history(r, "entries", 1682938800750, 0); !slices.Equal(got, []string{"stamped"}) {
		t.Errorf("after the fraction: %q", got)
	}
	h.imported("settings", "s", `{"created_at":"2023-05-01T10:00:00.000Z"}`)
	if got := h.history(r, "settings", 0, 0); len(got) > 0 {
		t.Errorf("settings have no date that stands in: %q", got)
	}
}

// A document of the future waits: a client that saw it would miss all that comes before.
func TestHistoryOfTheFuture(t *testing.T) {
	now := time.Now().Add(time.Hour)
	h := newHouse(t, storage.Options{Now: func() time.Time { return now }})
	r := h.as("r", "*")
	at := now.Add(10 * time.Minute).UnixMilli()
	h.imported("entries", "number", fmt.Sprintf(`{"date":%d}`, at))
	h.imported("treatments", "text", fmt.Sprintf(`{"created_at":%q}`, storage.ISODate(at)))
	for _, collection := range []string{"entries", "treatments"} {
		now = time.UnixMilli(at)
		if got := h.history(r, collection, 0, 0); len(got) > 0 {
			t.Errorf("%s: %q is shown in its own millisecond, when writes may still come", collection, got)
		}
		now = now.Add(time.Millisecond)
		if got := h.history(r, collection, 0, 0); len(got) != 1 {
			t.Errorf("%s: %q is shown when its time has passed", collection, got)
		}
		now = now.Add(-time.Hour)
	}
}

// dateText writes a time in one of the ways in use.
func dateText(random *rand.Rand, ms int64) string {
	at := time.UnixMilli(ms)
	switch random.IntN(5) {
	case 0:
		return fmt.Sprint(ms, ".", random.IntN(1000))
	case 1:
		return fmt.Sprint(ms)
	case 2:
		return `"` + storage.ISODate(ms) + `"`
	case 3:
		return `"` + at.UTC().Format("2006-01-02 15:04:05.000") + `"`
	default:
		return `"` + at.In(time.FixedZone("", 60*(random.IntN(26*60)-12*60))).Format("2006-01-02T15:04:05.000-07:00") + `"`
	}
}

// Whatever the limit, the pages hold every document once, stamped or not, and never end inside one time.
func TestPagingOfUnstamped(t *testing.T) {
	h := newHouse(t, storage.Options{})
	r := h.as("r", "*")
	random := rand.New(rand.NewPCG(4, 5))
	const n = 600
	start := time.Date(2023, 5, 1, 0, 0, 0, 0, time.UTC).UnixMilli()
	times := map[string]int64{}
	for i := range n {
		ms := start + int64(random.IntN(50))*97*60_000 // a few days, most moments more than once
		times[fmt.Sprint(i)] = ms
		if random.IntN(2) == 0 {
			h.imported("treatments", fmt.Sprint(i), fmt.Sprintf(`{"created_at":%s}`, dateText(random, ms)))
		} else {
			h.imported("treatments", fmt.Sprint(i), fmt.Sprintf(`{"created_at":"2024-01-01T00:00:00Z","srvModified":%d}`, ms))
		}
	}
	for _, limit := range []int{1, 2, 7, 50, 599, 600, 1000} {
		seen := map[string]bool{}
		cursor := int64(0)
		for page := h.history(r, "treatments", cursor, limit); len(page) > 0; page = h.history(r, "treatments", cursor, limit) {
			for i, id := range page {
				if seen[id] || times[id] < cursor || i == 0 && times[id] == cursor {
					t.Fatalf("limit %d: %s of %d comes after %d (seen %v)", limit, id, times[id], cursor, seen[id])
				}
				seen[id], cursor = true, times[id]
			}
		}
		if len(seen) != n {
			t.Fatalf("limit %d: %d documents of %d", limit, len(seen), n)
		}
	}
}

// settling is an engine on which other nodes write.
type settling struct {
	storage.Engine
	until int64
	err   error
	asked string
}

func (s *settling) Settle(_ context.Context, collection string) (int64, error) {
	s.asked = collection
	return s.until, s.err
}

// Nothing is shown that a write on another node could still slip behind.
func TestHistoryStopsWhereItIsSettled(t *testing.T) {
	h := newHouse(t, storage.Options{})
	r := h.as("r", "*")
	s := &settling{Engine: h.engine}
	h.Documents = storage.NewDocuments(s, h.guard, storage.Options{})
	for i := range 5 {
		h.imported("entries", fmt.Sprint("stamped ", i), fmt.Sprintf(`{"srvModified":%d}`, 1682938800000+i))
		h.imported("entries", fmt.Sprint("unstamped ", i), fmt.Sprintf(`{"date":%d}`, 1682938800000+i))
	}
	for until, want := range []int{0, 2, 4, 6, 8, 10, 10} {
		s.until = 1682938800000 + int64(until) - 1
		if got := h.history(r, "entries", 0, 0); len(got) != want || s.asked != "entries" {
			t.Errorf("settled up to %d: %q, want %d", until-1, got, want)
		}
	}
	s.err = storage.ErrUnavailable
	for _, err := range h.History(t.Context(), r, "entries", 0, false, 0) {
		if !errors.Is(err, storage.ErrUnavailable) {
			t.Errorf("an engine that cannot tell: %v", err)
		}
	}
}
