package socketio

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"sync"
	"time"

	"nightwire/security"
	"nightwire/storage"
)

// people keeps accounts in memory.
type people struct {
	mu      sync.Mutex
	records map[string]security.Record
	fail    error
}

func (p *people) List(_ context.Context, kind security.AccountKind) ([]security.Record, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fail != nil {
		return nil, p.fail
	}
	var list []security.Record
	for key, r := range p.records {
		if strings.HasPrefix(key, string(kind)) {
			list = append(list, r)
		}
	}
	return list, nil
}

func (p *people) Put(_ context.Context, kind security.AccountKind, r security.Record) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.records[string(kind)+r.ID] = r
	return nil
}

func (p *people) Delete(_ context.Context, kind security.AccountKind, id string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.records, string(kind)+id)
	return nil
}

func (p *people) role(name string, permissions ...string) {
	text, _ := json.Marshal(map[string]any{"name": name, "permissions": permissions})
	_ = p.Put(context.Background(), security.Roles, security.Record{ID: fmt.Sprintf("%x", name+"000000000000")[:24], JSON: text})
}

// breaks lets every read fail from now on; nil ends that.
func (p *people) breaks(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fail = err
}

// forget deletes all subjects.
func (p *people) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for key := range p.records {
		if strings.HasPrefix(key, string(security.Subjects)) {
			delete(p.records, key)
		}
	}
}

// journal keeps changes in memory. A cursor is the number of changes before it.
type journal struct {
	mu      sync.Mutex
	changes []storage.Change
	grown   chan struct{} // closed when there are more
	fail    error
}

func newJournal() *journal { return &journal{grown: make(chan struct{})} }

func (j *journal) Head(context.Context) (storage.Cursor, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return storage.Cursor(strconv.Itoa(len(j.changes))), nil
}

func (j *journal) Changes(ctx context.Context, after storage.Cursor) iter.Seq2[storage.Change, error] {
	return func(yield func(storage.Change, error) bool) {
		at, _ := strconv.Atoi(string(after))
		for {
			j.mu.Lock()
			news, grown, fail := j.changes[at:], j.grown, j.fail
			j.fail = nil
			j.mu.Unlock()
			if fail != nil {
				yield(storage.Change{}, fail)
				return
			}
			for _, c := range news {
				at++
				c.Cursor = storage.Cursor(strconv.Itoa(at))
				if !yield(c, nil) {
					return
				}
			}
			if len(news) > 0 {
				continue
			}
			select {
			case <-grown:
			case <-ctx.Done():
				return
			}
		}
	}
}

func (j *journal) write(changes ...storage.Change) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.changes = append(j.changes, changes...)
	close(j.grown)
	j.grown = make(chan struct{})
}

// alarmEngine keeps the one document of alarms.
type alarmEngine struct {
	storage.Engine // nil: nothing else is asked of it
	journal        *journal
	mu             sync.Mutex
	stored         *storage.Stored
}

func (e *alarmEngine) Apply(_ context.Context, group ...storage.Write) ([]storage.Change, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	w := group[0]
	next, err := w.Decide(e.stored, time.Now().UnixMilli())
	if err != nil {
		return nil, err
	}
	e.stored = &storage.Stored{Document: next.Document}
	change := storage.Change{Kind: next.Kind, Collection: w.Collection, Identifier: next.Document.Identifier(), After: next.Document}
	e.journal.write(change)
	return []storage.Change{change}, nil
}

func (j *journal) breakDown(err error) {
	j.mu.Lock()
	j.fail = err
	j.mu.Unlock()
	j.write()
}

// entry is the creation of the nth entry.
func entry(n int) storage.Change {
	id := strconv.Itoa(n)
	return storage.Change{
		Kind: storage.Create, Collection: "entries", Identifier: id,
		After: storage.Document(`{"identifier":"` + id + `","sgv":` + id + `,"srvModified":1795237792930,"srvCreated":1795237792930}`),
	}
}

// entryEvent is what clients are sent for it.
func entryEvent(n int) string {
	return fmt.Sprintf(`42/storage,["create",{"colName":"entries","doc":%s}]`, entry(n).After)
}
