package realtimetest

import (
	"context"
	"fmt"
	"iter"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"nightwire/realtime"
	"nightwire/security"
	"nightwire/storage"
)

// stage is a house as the suite uses it.
type stage struct {
	*testing.T
	*House
	journal *brittle
}

func open(t *testing.T, p Protocol) *stage {
	t.Helper()
	s := &stage{T: t, journal: new(brittle)}
	s.House = p.Open(t, func(j realtime.Journal) realtime.Journal {
		s.journal.Journal = j
		return s.journal
	})
	return s
}

// role makes a role with these permissions.
func (s *stage) role(name string, permissions ...string) {
	s.Helper()
	PutRole(s, s.Guard, name, permissions...)
}

// reader is the token of a new subject that may read everything, by a role of its name.
func (s *stage) reader(name string) string {
	s.Helper()
	s.role(name, "api:*:read")
	return PutSubject(s, s.Guard, name, name)
}

// remove removes a role or subject.
func (s *stage) remove(kind security.AccountKind, name string) {
	s.Helper()
	Remove(s, s.Guard, kind, name)
}

// write stores a group of new documents of that size and returns their identifiers.
func (s *stage) write(count, size int) (identifiers []string) {
	s.Helper()
	doc, err := storage.DecodeDocument(fmt.Appendf(nil, `{"text":%q}`, strings.Repeat("x", size)))
	if err != nil {
		s.Error(err)
		return nil
	}
	docs := make([]storage.Document, count)
	for i := range docs {
		docs[i] = doc
	}
	results, err := s.Documents.Insert(context.Background(), storage.Request{Who: security.Operator()}, Collection, docs)
	if err != nil {
		s.Error(err)
	}
	for _, r := range results {
		identifiers = append(identifiers, r.Identifier)
	}
	return identifiers
}

// await waits until something holds.
func (s *stage) await(what string, holds func() bool) {
	s.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<16)
			s.Fatalf("in vain: %s\n%s", what, stacks[:runtime.Stack(stacks, true)])
		}
	}
}

// brittle is a journal that can be broken.
type brittle struct {
	realtime.Journal
	mu   sync.Mutex
	snap context.CancelFunc
}

// Changes implements realtime.Journal.
func (b *brittle) Changes(ctx context.Context, after storage.Cursor) iter.Seq2[storage.Change, error] {
	return func(yield func(storage.Change, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		b.mu.Lock()
		b.snap = cancel
		b.mu.Unlock()
		for c, err := range b.Journal.Changes(ctx, after) {
			if !yield(c, err) {
				return
			}
		}
	}
}

// fail breaks the journal once.
func (b *brittle) fail() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.snap()
}
