package mongo

import (
	"fmt"
	"strings"
	"testing"

	"nightwire/storage"
)

func TestTail(t *testing.T) {
	tail := newTail(7)
	_, _, more := tail.after(7)
	for i := range 3 {
		tail.append(storage.Change{Identifier: fmt.Sprint(8 + i)})
	}
	select {
	case <-more:
	default:
		t.Error("who waited was not woken")
	}
	page, oldest, _ := tail.after(8)
	if tail.head() != 10 || oldest != 8 || len(page) != 2 || page[0].Identifier != "9" {
		t.Errorf("head %d, oldest %d, after 8 %v", tail.head(), oldest, page)
	}
	if page, _, _ := tail.after(10); page != nil {
		t.Errorf("after the head %v", page)
	}
	if page, oldest, _ := tail.after(6); page != nil || oldest != 8 {
		t.Errorf("what is no longer there: %v", page)
	}
}

// TestTailBounds: it holds no more than its bounds, by number and by size, but always the newest change.
func TestTailBounds(t *testing.T) {
	tail := newTail(0)
	for range tailChanges + 10 {
		tail.append(storage.Change{})
	}
	if _, oldest, _ := tail.after(0); oldest != 11 || len(tail.changes) != tailChanges {
		t.Errorf("%d changes from %d on", len(tail.changes), oldest)
	}
	large := storage.Document(strings.Repeat("x", tailBytes))
	tail.append(storage.Change{After: large})
	tail.append(storage.Change{After: large})
	if page, oldest, _ := tail.after(tail.head() - 1); len(tail.changes) != 1 || len(page) != 1 || oldest != tail.head() || tail.bytes > tailBytes+256 {
		t.Errorf("%d changes, %d bytes", len(tail.changes), tail.bytes)
	}
}
