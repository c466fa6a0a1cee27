package realtime

import (
	"iter"
	"sync"
)

// Shared are values that several users have in common, by what they depend on: a value is made for its first user and
// forgotten with its last. The zero value holds none.
type Shared[K comparable, V any] struct {
	mu     sync.Mutex
	values map[K]*counted[V]
}

type counted[V any] struct {
	value V
	users int
}

// Take is the value of a key for one more user. Give must follow.
func (s *Shared[K, V]) Take(key K, create func() V) V {
	s.mu.Lock()
	defer s.mu.Unlock()
	known := s.values[key]
	if known == nil {
		known = &counted[V]{value: create()}
		if s.values == nil {
			s.values = map[K]*counted[V]{}
		}
		s.values[key] = known
	}
	known.users++
	return known.value
}

// Give says that one user has no more use for the value. It tells whether that was the last one.
func (s *Shared[K, V]) Give(key K) (last bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	known := s.values[key]
	if known.users--; known.users > 0 {
		return false
	}
	delete(s.values, key)
	return true
}

// Len is how many values there are.
func (s *Shared[K, V]) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.values)
}

// All yields the values. Nobody can take or give one meanwhile.
func (s *Shared[K, V]) All() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		s.mu.Lock()
		defer s.mu.Unlock()
		for key, known := range s.values {
			if !yield(key, known.value) {
				return
			}
		}
	}
}
