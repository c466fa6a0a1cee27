package directus

import (
	"fmt"
	"time"

	"nightwire/storage"
)

// errBadQuery is a query that says something which is not allowed or means nothing: INVALID_QUERY on the wire. It is a
// storage.ErrInvalid; the errors that wrap it are *storage.Error, whose Message names the problem.
var errBadQuery = fmt.Errorf("query: %w", storage.ErrInvalid)

func badQuery(format string, args ...any) error {
	return &storage.Error{Kind: errBadQuery, Message: "Invalid query. " + fmt.Sprintf(format, args...)}
}

// queryOptions is what the meaning of a query depends on besides its text.
type queryOptions struct {
	User     string    // name of the asking subject, which stands for $CURRENT_USER
	Now      time.Time // what $NOW stands for; zero: the time of the call
	MaxDepth int       // how deep a filter or a path may be; 0: 10
	MaxList  int       // how many entries a list may have, and how many conditions a filter; 0: 1,000
	Strict   bool      // a query that is no object is refused; otherwise it counts as absent
	Claim    *claim    // of whom the rows are made for; nil: memory is not limited
}

func (o queryOptions) complete() queryOptions {
	setDefault(&o.MaxDepth, 10)
	setDefault(&o.MaxList, 1000)
	if o.Now.IsZero() {
		o.Now = time.Now()
	}
	return o
}

// query is what a client wants to see of a collection. It is not changed once it is parsed and may be used by many at once.
type query struct {
	// text is the query in one form, equal for queries that mean the same: the key under which forms are shared. It is JSON
	// text that parses into the same query. The collection and the limits are not part of it.
	text string
	// find is what the engine is asked for. It holds the page unless the documents are looked through here (scans).
	find storage.Query

	collection storage.Collection
	condition  condition
	search     *search    // nil: none
	selection  *selection // nil: whole rows
	groups     *grouping  // nil: rows are documents
	counts     []string   // of meta
	limit      int        // rows; -1: all
	offset     int
	claim      *claim
}

// parseQuery reads the query of a message; raw is absent when the message has none. Errors: errBadQuery.
func parseQuery(raw storage.Value, c storage.Collection, o queryOptions) (*query, error) {
	if o.Strict && raw.Type() > storage.Null && raw.Type() != storage.Object {
		return nil, badQuery("It has to be an object.")
	}
	p := queryParser{raw: raw, options: o.complete(), query: &query{collection: c, limit: defaultLimit, claim: o.Claim}}
	if err := p.parse(); err != nil {
		return nil, err
	}
	return p.query, nil
}

// filtered tells whether the filter excludes anything. Writes by query must ask.
func (q *query) filtered() bool { return !q.condition.trivial() }

// aggregates tells whether rows are groups of documents, not documents.
func (q *query) aggregates() bool { return q.groups != nil }

// scans tells that the engine cannot judge all of the query, so that its documents are looked through.
func (q *query) scans() bool { return q.search != nil && len(q.collection.Fields) == 0 }

// matches tells whether a document, as it is stored or as Search yields it, meets filter and search. Order and page do not
// matter to it; tombstones are not told apart.
func (q *query) matches(doc storage.Document) bool {
	return q.find.Filter.Match(withKey(q.collection, doc)) && q.found(doc)
}

// found tells whether a document that meets the filter is wanted.
func (q *query) found(doc storage.Document) bool {
	return !q.scans() || q.search.matches(q.collection, doc)
}

// withKey gives a document of a counted collection back the number by which it is compared and which clients of other
// protocols are not shown.
func withKey(c storage.Collection, doc storage.Document) storage.Document {
	if c.IDs != storage.CountedIDs || doc.Get("id") != "" || len(doc) < len(`{}`) {
		return doc
	}
	key := `{"id":` + string(keyOf(c, doc))
	if doc == `{}` {
		return storage.Document(key + "}")
	}
	return storage.Document(key+",") + doc[1:]
}

// project is what the query wants to see of a document: its row, or the fields of it that are named.
func (q *query) project(doc storage.Document) storage.Value {
	row := rowFields(q.collection, doc)
	if q.selection != nil {
		row = q.selection.of(row)
	}
	return object(row...)
}
