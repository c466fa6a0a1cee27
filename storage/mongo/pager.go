package mongo

import (
	"slices"

	"nightwire/storage"
)

// pager puts documents in order and emits what lies within skip and limit. They come in the order of the first sort key if
// ordered is set: then each run of equal ones is put in order for itself; else all are one run.
type pager struct {
	q       storage.Query
	ordered bool
	emit    func(storage.Document) bool

	skip    int
	left    int // how many may be emitted; -1: all
	stopped bool
	run     []candidate
}

type candidate struct {
	doc  storage.Document
	keys []storage.Value
}

func newPager(q storage.Query, ordered bool, emit func(storage.Document) bool) *pager {
	p := &pager{q: q, ordered: ordered, emit: emit, skip: q.Skip, left: -1}
	if q.Limit > 0 {
		p.left = q.Limit
	}
	return p
}

// full reports that nothing more can be emitted.
func (p *pager) full() bool { return p.stopped || p.left == 0 }

func (p *pager) add(doc storage.Document) {
	if len(p.q.Sort) == 0 || p.ordered && len(p.q.Sort) == 1 {
		p.put(doc)
		return
	}
	c := candidate{doc, p.q.Keys(doc)}
	if p.ordered && len(p.run) > 0 && p.differ(c, p.run[0]) {
		p.flush()
	}
	p.run = append(p.run, c)
	if need := p.skip + p.left; p.left > 0 && len(p.run) >= 2*need+1000 {
		p.order()
		clear(p.run[need:])
		p.run = p.run[:need]
	}
}

// differ reports whether two documents differ in the first sort key.
func (p *pager) differ(a, b candidate) bool {
	first := storage.Query{Sort: p.q.Sort[:1]}
	return first.CompareKeys(a.keys[:1], b.keys[:1]) != 0
}

// order keeps those that are equal in all keys as they came.
func (p *pager) order() {
	slices.SortStableFunc(p.run, func(a, b candidate) int { return p.q.CompareKeys(a.keys, b.keys) })
}

// flush ends a run.
func (p *pager) flush() {
	p.order()
	for _, c := range p.run {
		p.put(c.doc)
	}
	clear(p.run)
	p.run = p.run[:0]
}

// put emits a document, or skips it.
func (p *pager) put(doc storage.Document) {
	switch {
	case p.full():
	case p.skip > 0:
		p.skip--
	default:
		if p.left > 0 {
			p.left--
		}
		p.stopped = !p.emit(doc)
	}
}
