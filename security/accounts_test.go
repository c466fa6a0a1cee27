package security

import (
	"context"
	"maps"
	"sync"
	"testing"
	"time"
)

const (
	testSecret = "a secret for tests"
	testKey    = "0123456789abcdef0123456789abcdef"
)

// memory is Accounts in a map. With fail set every call fails; gate, when set, is called at the start of each List.
type memory struct {
	mu    sync.Mutex
	kept  map[AccountKind]map[string][]byte
	fail  error
	gate  func()
	lists int
}

func newMemory() *memory {
	return &memory{kept: map[AccountKind]map[string][]byte{Subjects: {}, Roles: {}}}
}

func (m *memory) List(ctx context.Context, kind AccountKind) ([]Record, error) {
	if m.gate != nil {
		m.gate()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.lists++
	var records []Record
	for id, text := range maps.All(m.kept[kind]) {
		records = append(records, Record{id, text})
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return records, m.fail
}

func (m *memory) Put(_ context.Context, kind AccountKind, r Record) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail == nil {
		m.kept[kind][r.ID] = r.JSON
	}
	return m.fail
}

func (m *memory) Delete(_ context.Context, kind AccountKind, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail == nil {
		delete(m.kept[kind], id)
	}
	return m.fail
}

func (m *memory) failWith(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fail = err
}

// keep puts an account there without the guard.
func (m *memory) keep(kind AccountKind, id, text string) { m.kept[kind][id] = []byte(text) }

func newTestGuard(t testing.TB, accounts Accounts, change ...func(*Options)) *Guard {
	t.Helper()
	o := Options{Accounts: accounts, APISecret: testSecret, JWTKey: []byte(testKey), DefaultRoles: []string{"denied"}, FailDelay: time.Second}
	for _, c := range change {
		c(&o)
	}
	g, err := NewGuard(o)
	if err != nil {
		t.Fatal(err)
	}
	return g
}
