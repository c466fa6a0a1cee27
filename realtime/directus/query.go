package directus

import (
	"errors"
	"fmt"
	"iter"
	"time"

	"nightwire/storage"
)

// errBadQuery is a query that says something which is not allowed or means nothing: INVALID_QUERY on the wire. It is a
// storage.ErrInvalid; the errors that wrap it are *storage.Error, whose Message names the problem.
var errBadQuery = fmt.Errorf("query: %w", storage.ErrInvalid)

func badQuery(format string, args ...any) error {
	return &storage.Error{Kind: errBadQuery, Message: fmt.Sprintf(format, args...)}
}

// queryOptions is what the meaning of a query depends on besides its text.
type queryOptions struct {
	User     string    // name of the asking subject, which stands for $CURRENT_USER
	Now      time.Time // what $NOW stands for; zero: the time of the call
	MaxDepth int       // how deep a filter or a path may be; 0: 10
	MaxList  int       // how many entries a list may have, and how many conditions a filter; 0: 1,000
	Strict   bool      // a query that is no object is refused; otherwise it counts as absent
}

// query is what a client wants to see of a collection. It is not changed once it is parsed and may be used by many at once.
type query struct {
	// text is the query in one form, equal for queries that mean the same: the key under which forms are shared. It is JSON
	// text that parses into the same query. The collection and the limits are not part of it.
	text string
	// find is what the engine is asked for. It holds the page unless the documents are looked through here (q.scans).
	find storage.Query

	collection storage.Collection
}

// searcher finds documents: Documents.Search for one requester and collection, with his context.
type searcher func(storage.Query) iter.Seq2[storage.Document, error]

// parseQuery reads the query of a message; raw is absent when the message has none. Errors: errBadQuery.
func parseQuery(raw storage.Value, c storage.Collection, o queryOptions) (*query, error) {
	return nil, errors.New("not built yet")
}

// rows are what the query yields: one row per document, or the groups of an aggregate; rows are JSON objects. Errors:
// errBadQuery for more groups than are allowed, storage.ErrTooLarge for a result over the limit, those of the search.
func (q *query) rows(search searcher) ([]storage.Value, error) { return nil, errors.New("not built yet") }

// documents are the documents that the query selects (filter, search, order, page), whatever it wants to see of them.
// Errors: as rows.
func (q *query) documents(search searcher) ([]storage.Document, error) {
	return nil, errors.New("not built yet")
}

// meta is the object of counts that the query asks for, absent when it asks for none. Errors: those of the search.
func (q *query) meta(search searcher) (storage.Value, error) { return "", errors.New("not built yet") }

// filtered tells whether the filter excludes anything. Writes by query must ask.
func (q *query) filtered() bool { return false }

// matches tells whether a document, as it is stored or as Search yields it, meets filter and search. Order and page do not
// matter to it; tombstones are not told apart.
func (q *query) matches(doc storage.Document) bool { return false }

// project is what the query wants to see of a document: its row, or the fields of it that are named.
func (q *query) project(doc storage.Document) storage.Value { return "" }
