package v3

import (
	"iter"

	"nightwire/storage"
)

// search is GET /{collection} (spec §3, SEARCH). The permission is judged before the query is read.
func (r *request) search() error {
	if err := r.Documents.MaySearch(r.ctx(), r.asked(), r.collection); err != nil {
		return err
	}
	params := r.parameters()
	q, err := parseQuery(params, r.MaxLimit)
	if err != nil {
		return err
	}
	docs := r.Documents.Search(r.ctx(), r.asked(), r.collection, q)
	return r.renderList(projected(docs, fieldNames(params)))
}

func projected(docs iter.Seq2[storage.Document, error], fields map[string]bool) iter.Seq2[storage.Document, error] {
	if len(fields) == 0 {
		return docs
	}
	return func(yield func(storage.Document, error) bool) {
		for doc, err := range docs {
			if err == nil {
				doc = project(doc, fields)
			}
			if !yield(doc, err) {
				return
			}
		}
	}
}
