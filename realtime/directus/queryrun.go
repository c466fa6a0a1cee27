package directus

import (
	"iter"

	"nightwire/storage"
)

// searcher finds documents: Documents.Search for one requester and collection, with his context.
type searcher func(storage.Query) iter.Seq2[storage.Document, error]

// maxResult is how many bytes the rows of an answer may have, and what is kept to make the groups of an aggregate.
const maxResult = 64 << 20

// rows are what the query yields: one row per document, or the groups of an aggregate; rows are JSON objects. Errors:
// errBadQuery for a result over the limit, those of the search.
func (q *query) rows(search searcher) ([]storage.Value, error) {
	if q.groups != nil {
		return q.grouped(search)
	}
	var rows []storage.Value
	left := q.budget()
	err := q.each(search, func(doc storage.Document) error {
		row := q.project(doc)
		rows = append(rows, row)
		return left.spend(len(row))
	})
	return rows, err
}

// documents are the documents that the query selects (filter, search, order, page), whatever it wants to see of them.
// Errors: as rows.
func (q *query) documents(search searcher) ([]storage.Document, error) {
	var docs []storage.Document
	left := q.budget()
	err := q.each(search, func(doc storage.Document) error {
		docs = append(docs, doc)
		return left.spend(len(doc))
	})
	return docs, err
}

// budget is how many bytes are left of those that one answer may have.
type budget struct {
	left  int
	claim *claim // nil: there is room enough
}

func (q *query) budget() budget { return budget{maxResult, q.claim} }

// spend takes so many bytes and those of a value. It waits for a place when the answer becomes a large one.
func (b *budget) spend(n int) error {
	b.left -= n + perValue
	switch {
	case b.left < 0:
		return badQuery("The result is larger than %d MiB; ask for a part of it.", maxResult>>20)
	case b.claim != nil && maxResult-b.left > smallAnswer:
		return b.claim.enlarge()
	default:
		return nil
	}
}

// perValue is about what it costs to hold a value besides its text.
const perValue = 64

// each does something with every document of the page.
func (q *query) each(search searcher, do func(storage.Document) error) error {
	if q.limit == 0 {
		return nil
	}
	skip, left := 0, -1
	if q.scans() {
		skip, left = q.offset, q.limit
	}
	for doc, err := range search(q.find) {
		switch {
		case err != nil:
			return err
		case !q.found(doc):
			continue
		case skip > 0:
			skip--
			continue
		}
		if err := do(doc); err != nil {
			return err
		}
		if left--; left == 0 {
			return nil
		}
	}
	return nil
}

// The counts that a query can ask for.
const (
	totalCount  = "total_count"  // of all rows
	filterCount = "filter_count" // of those that meet filter and search
)

// meta is the object of counts that the query asks for, absent when it asks for none. Errors: those of the search.
func (q *query) meta(search searcher) (storage.Value, error) {
	if len(q.counts) == 0 {
		return "", nil
	}
	var fields []storage.Field
	for _, name := range q.counts {
		find, wanted := storage.Query{}, func(storage.Document) bool { return true }
		if name == filterCount {
			find.Filter, wanted = q.find.Filter, q.found
		}
		n, err := count(search(find), wanted)
		if err != nil {
			return "", err
		}
		fields = append(fields, storage.Field{Name: name, Value: storage.IntValue(n)})
	}
	return object(fields...), nil
}

func count(docs iter.Seq2[storage.Document, error], wanted func(storage.Document) bool) (n int64, err error) {
	for doc, err := range docs {
		if err != nil {
			return 0, err
		}
		if wanted(doc) {
			n++
		}
	}
	return n, nil
}
