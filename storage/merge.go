package storage

import "iter"

// merged yields the documents of several streams in one order, in which each of them is already. The first error ends it.
func merged(compare func(a, b Document) int, streams ...iter.Seq2[Document, error]) iter.Seq2[Document, error] {
	return func(yield func(Document, error) bool) {
		var heads []*head
		defer func() {
			for _, h := range heads {
				h.stop()
			}
		}()
		for _, s := range streams {
			h := &head{}
			h.next, h.stop = iter.Pull2(s)
			heads = append(heads, h)
			if !h.advance() {
				heads = heads[:len(heads)-1]
			}
		}
		for len(heads) > 0 {
			at := first(heads, compare)
			h := heads[at]
			if !yield(h.doc, h.err) || h.err != nil {
				return
			}
			if !h.advance() {
				heads = append(heads[:at], heads[at+1:]...)
			}
		}
	}
}

// head is a stream with its next document taken.
type head struct {
	next func() (Document, error, bool)
	stop func()
	doc  Document
	err  error
}

// advance takes the next document; false: there is none.
func (h *head) advance() (ok bool) {
	h.doc, h.err, ok = h.next()
	return ok
}

// first is the place of the head that comes first: any that failed, else the least document.
func first(heads []*head, compare func(a, b Document) int) int {
	least := 0
	for i, h := range heads {
		if h.err != nil {
			return i
		}
		if i > 0 && compare(h.doc, heads[least].doc) < 0 {
			least = i
		}
	}
	return least
}
