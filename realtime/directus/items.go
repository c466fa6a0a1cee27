package directus

import (
	"context"
	"errors"
	"iter"
	"strings"

	"nightwire/security"
	"nightwire/storage"
)

// items is one collection as one message's sender uses it. Every dialect reads and writes through it; rights are judged at
// each use.
type items struct {
	server     *Server
	collection storage.Collection
	request    storage.Request
	users      bool            // the collection of subjects, which can only be read
	wanted     context.Context // ends when nobody wants to see any more what is looked for
	claim      *claim
}

// items is the collection of that name, exactly or else in lower case. The names of the system's collections are
// known only when the operator wants them. Errors: errNoName without a name, errForbidden for a collection that there is not.
func (c *conn) items(name string) (items, error) {
	s := items{server: c.server, request: storage.Request{Who: c.identity()}, wanted: c.wire.Context(), claim: c.claim}
	if name = strings.TrimSpace(name); name == "" {
		return s, errNoName
	}
	for _, name := range []string{name, strings.ToLower(name)} {
		if name == usersCollection.Name && c.server.options.System {
			s.collection, s.users = usersCollection, true
			return s, nil
		}
		var err error
		if s.collection, err = c.server.options.Documents.Collection(name); err == nil {
			return s, nil
		}
	}
	return s, errForbidden
}

// query reads a message's query. Errors: errBadQuery.
func (s items) query(raw storage.Value, strict bool) (*query, error) {
	return parseQuery(raw, s.collection, queryOptions{
		User: s.request.Who.Name(), MaxDepth: s.server.options.MaxFilterDepth, MaxList: s.server.options.MaxList, Strict: strict, Claim: s.claim,
	})
}

// search is the searcher of the query's methods. It is given up when the client leaves. Errors it yields:
// *security.Forbidden, storage.ErrSlow, ErrUnavailable.
func (s items) search(ctx context.Context) searcher {
	return func(q storage.Query) iter.Seq2[storage.Document, error] {
		return func(yield func(storage.Document, error) bool) {
			ctx, cancel := context.WithCancel(ctx)
			defer cancel()
			defer context.AfterFunc(s.wanted, cancel)()
			s.find(ctx, q)(yield)
		}
	}
}

func (s items) find(ctx context.Context, q storage.Query) iter.Seq2[storage.Document, error] {
	if s.users {
		return s.searchUsers(ctx, q)
	}
	return s.server.options.Documents.Search(ctx, s.request, s.collection.Name, q)
}

// read are the rows that a query yields. Errors: those of query.rows.
func (s items) read(ctx context.Context, q *query) ([]storage.Value, error) {
	return q.rows(s.search(ctx))
}

// readKeys are the items with those identifiers, in the order of the primary key; those that are unknown or that the query's
// filter excludes are left out. Page and order of the query do not count. Errors: those of search.
func (s items) readKeys(ctx context.Context, identifiers []string, q *query) ([]storage.Value, error) {
	return s.named(ctx, identifiers, q.matches, q)
}

// reread is what a writer is shown of the items that he named: their rows, whatever the query's filter says of them now, or,
// when he may not read, the ids of those that he wrote. Errors: those of search.
func (s items) reread(ctx context.Context, identifiers []string, w written, q *query) ([]storage.Value, error) {
	rows, err := s.named(ctx, identifiers, func(storage.Document) bool { return true }, q)
	if !errors.Is(err, security.ErrForbidden) {
		return rows, err
	}
	rows = []storage.Value{}
	for _, identifier := range w.identifiers {
		rows = append(rows, object(storage.Field{Name: "id", Value: keyValue(s.collection, identifier)}))
	}
	return rows, nil
}

// named are the rows of the documents with those identifiers that are wanted, in the order of the primary key.
func (s items) named(ctx context.Context, identifiers []string, wanted func(storage.Document) bool, q *query) ([]storage.Value, error) {
	if len(identifiers) == 0 {
		return nil, s.mayHear(ctx)
	}
	these := storage.Filter{Op: storage.In, Path: "identifier", List: texts(identifiers)}
	var rows []storage.Value
	left := q.budget()
	for doc, err := range s.search(ctx)(storage.Query{Filter: these, Sort: s.order()}) {
		if err != nil {
			return nil, err
		}
		if !wanted(doc) {
			continue
		}
		row := q.project(doc)
		if err := left.spend(len(row)); err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// order is that of the primary key.
func (s items) order() []storage.SortKey {
	if s.collection.IDs == storage.CountedIDs {
		return []storage.SortKey{{Path: "id"}}
	}
	return []storage.SortKey{{Path: "identifier"}}
}

// written is what came of a write.
type written struct {
	identifiers []string // of the items that were written, in the order of the message
	group       string   // of the last change; "": nothing was written
}

func writtenBy(results []storage.Result) (w written) {
	for _, r := range results {
		w.identifiers = append(w.identifiers, r.Identifier)
		w.group = r.Change.Group
	}
	return w
}

// create stores new items. Errors: *fault, those of Documents.Insert.
func (s items) create(ctx context.Context, rows []storage.Value) (written, error) {
	if len(rows) > s.server.options.MaxList {
		return written{}, errLongList
	}
	if err := s.mayWrite(ctx, "create"); err != nil || len(rows) == 0 {
		return written{}, err
	}
	docs := make([]storage.Document, len(rows))
	for i, row := range rows {
		doc, err := documentOf(s.collection, row)
		if err != nil {
			return written{}, err
		}
		docs[i] = doc
	}
	results, err := s.server.options.Documents.Insert(ctx, s.request, s.collection.Name, docs)
	return writtenBy(results), err
}

// update patches the items with those identifiers; unknown ones are left out. Absent data changes nothing. Errors: *fault,
// those of Documents.PatchAll.
func (s items) update(ctx context.Context, identifiers []string, data storage.Value) (written, error) {
	if err := s.mayWrite(ctx, "update"); err != nil {
		return written{}, err
	}
	if !data.Truthy() {
		return written{}, nil
	}
	if data.Type() != storage.Object {
		return written{}, errNoObject
	}
	patch, err := documentOf(s.collection, data)
	if err != nil || len(identifiers) == 0 || patch == "{}" {
		return written{}, err
	}
	results, err := s.server.options.Documents.PatchAll(ctx, s.request, s.collection.Name, identifiers, patch)
	return writtenBy(results), err
}

// remove deletes the items with those identifiers; unknown ones are left out. Errors: those of Documents.DeleteAll.
func (s items) remove(ctx context.Context, identifiers []string) (written, error) {
	if err := s.mayWrite(ctx, "delete"); err != nil || len(identifiers) == 0 {
		return written{}, err
	}
	results, err := s.server.options.Documents.DeleteAll(ctx, s.request, s.collection.Name, identifiers)
	return writtenBy(results), err
}

// mayWrite judges a right before the message's data are looked at, so that nobody learns from their faults. Documents judges
// it again.
func (s items) mayWrite(ctx context.Context, right string) error {
	if s.users {
		return errForbidden
	}
	return s.may(ctx, security.Permission("api:"+s.collection.Name+":"+right))
}

func (s items) may(ctx context.Context, p security.Permission) error {
	return s.server.options.Guard.Check(ctx, s.request.Who, p)
}

// identifiers are what the ids of a message name, each once. Errors: *fault, storage.ErrInvalid.
func (s items) identifiers(ids storage.Value) ([]string, error) {
	if ids.Type() != storage.Array {
		return nil, errNoList
	}
	var list []string
	for id := range ids.Elements() {
		identifier, err := identifierOf(id)
		if err != nil {
			return nil, err
		}
		if len(list) == s.server.options.MaxList {
			return nil, errLongList
		}
		list = append(list, identifier)
	}
	return unique(list), nil
}

// unique is the list with each entry once, at its first place.
func unique(list []string) (once []string) {
	seen := make(map[string]bool, len(list))
	for _, one := range list {
		if !seen[one] {
			once = append(once, one)
		}
		seen[one] = true
	}
	return once
}

func texts(list []string) []storage.Value {
	values := make([]storage.Value, len(list))
	for i, one := range list {
		values[i] = storage.StringValue(one)
	}
	return values
}
