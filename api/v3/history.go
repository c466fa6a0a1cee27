package v3

import (
	"iter"
	"slices"

	"nightwire/storage"
)

var errTimestamp = storage.Invalid("Bad or missing Last-Modified header/parameter")

// history is GET /{collection}/history and /history/{timestamp} (spec §3, HISTORY).
func (r *request) history() error {
	if err := r.Documents.MaySearch(r.ctx(), r.asked(), r.collection); err != nil {
		return err
	}
	text, inclusive := r.since, false
	if text == "" {
		text, inclusive = r.Request().Header.Get("Last-Modified"), true
	}
	since, _, ok := storage.ParseDate(storage.StringValue(text))
	switch {
	case !ok && r.unknown:
		return errFormat
	case !ok:
		return errTimestamp
	}
	if inclusive {
		since -= since % 1000
	}
	params := r.parameters()
	limit, err := parseLimit(params, r.MaxLimit)
	if err != nil {
		return err
	}
	docs, err := collect(r.Documents.History(r.ctx(), r.asked(), r.collection, since, inclusive, limit))
	if err != nil {
		return err
	}
	if len(docs) > 0 {
		newest, _ := docs[len(docs)-1].Get("srvModified").Int() // History found the document by it
		h := r.Response().Header()
		h.Set("Last-Modified", httpDate(newest))
		h.Set("ETag", `W/"`+itoa(newest)+`"`)
	}
	return r.renderList(projected(each(docs), fieldNames(params)))
}

func collect(docs iter.Seq2[storage.Document, error]) ([]storage.Document, error) {
	var all []storage.Document
	for doc, err := range docs {
		if err != nil {
			return nil, err
		}
		all = append(all, doc)
	}
	return all, nil
}

func each(docs []storage.Document) iter.Seq2[storage.Document, error] {
	return func(yield func(storage.Document, error) bool) {
		for doc := range slices.Values(docs) {
			if !yield(doc, nil) {
				return
			}
		}
	}
}
