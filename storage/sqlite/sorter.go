package sqlite

import (
	"cmp"
	"container/heap"
	"slices"
	"strings"

	"nightwire/storage"
)

// sorter takes the matching documents in runs, puts each run in order, and emits what lies within skip and limit. Of a run
// it keeps no more than can still be emitted.
type sorter struct {
	q       storage.Query
	emit    func(storage.Document) bool
	streams bool // documents come in their final order
	skip    int
	left    int // how many may be emitted; -1: all
	stopped bool

	run     []candidate // a heap with the last one on top, once it is full
	arrived int
}

type candidate struct {
	doc  storage.Document
	keys []storage.Value
	at   int // documents that are equal in all keys stay in the order in which they came
}

func newSorter(q storage.Query, inOrder bool, emit func(storage.Document) bool) *sorter {
	s := &sorter{q: q, emit: emit, streams: inOrder || len(q.Sort) == 0, skip: q.Skip, left: -1}
	if q.Limit > 0 {
		s.left = q.Limit
	}
	return s
}

// full reports that nothing more can be emitted.
func (s *sorter) full() bool { return s.stopped || s.left == 0 }

// add takes a document whose text will change after the call.
func (s *sorter) add(view storage.Document) {
	if s.streams {
		s.put(view)
		return
	}
	s.arrived++
	if len(s.run) == 0 {
		s.keep(candidate{doc: copied(view), at: s.arrived}) // alone it needs no keys, and in most runs it stays alone
		return
	}
	if first := &s.run[0]; first.keys == nil {
		first.keys = s.q.Keys(first.doc)
	}
	c := candidate{doc: view, keys: s.q.Keys(view), at: s.arrived}
	if s.left < 0 || len(s.run) < s.skip+s.left {
		c.doc = copied(view)
		c.keys = s.q.Keys(c.doc)
		s.keep(c)
	} else if s.compare(c, s.run[0]) < 0 {
		c.doc = copied(view)
		c.keys = s.q.Keys(c.doc)
		s.run[0] = c
		heap.Fix(s, 0)
	}
}

func copied(view storage.Document) storage.Document {
	return storage.Document(strings.Clone(string(view)))
}

// keep adds a candidate, and makes the run a heap once it is as long as it may be.
func (s *sorter) keep(c candidate) {
	s.run = append(s.run, c)
	if len(s.run) > 1 && len(s.run) == s.skip+s.left {
		heap.Init(s)
	}
}

// put emits a document, or skips it.
func (s *sorter) put(doc storage.Document) {
	switch {
	case s.full():
	case s.skip > 0:
		s.skip--
	default:
		if s.left > 0 {
			s.left--
		}
		if s.streams {
			doc = copied(doc)
		}
		s.stopped = !s.emit(doc)
	}
}

// flush ends a run.
func (s *sorter) flush() {
	slices.SortFunc(s.run, s.compare)
	for _, c := range s.run {
		s.put(c.doc)
	}
	clear(s.run)
	s.run = s.run[:0]
}

func (s *sorter) compare(a, b candidate) int {
	if c := s.q.CompareKeys(a.keys, b.keys); c != 0 {
		return c
	}
	return cmp.Compare(a.at, b.at)
}

// Len, Less, Swap, Push and Pop are heap.Interface; only Init and Fix are used.
func (s *sorter) Len() int           { return len(s.run) }
func (s *sorter) Less(i, j int) bool { return s.compare(s.run[i], s.run[j]) > 0 }
func (s *sorter) Swap(i, j int)      { s.run[i], s.run[j] = s.run[j], s.run[i] }
func (s *sorter) Push(any)           { panic("not used") }
func (s *sorter) Pop() any           { panic("not used") }
