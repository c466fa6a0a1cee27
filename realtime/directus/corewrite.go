package directus

import (
	"context"

	"nightwire/storage"
)

// coreUpdate patches one item, some, or those that the query selects; an array of data patches each with its own.
func (s items) coreUpdate(ctx context.Context, r request, q *query) (answer, error) {
	if err := s.mayWrite(ctx, "update"); err != nil {
		return answer{}, err
	}
	if r.data.Type() == storage.Array && r.id == "" && r.ids == "" {
		return s.coreUpdateEach(ctx, r, q)
	}
	if r.data.Type() != storage.Object {
		return answer{}, errNoObject
	}
	if r.id != "" {
		return s.coreUpdateOne(ctx, r)
	}
	identifiers, err := s.targets(ctx, r, q)
	if err != nil {
		return answer{}, err
	}
	w, err := s.update(ctx, identifiers, r.data)
	if err != nil {
		return answer{}, s.unique(err)
	}
	return s.coreUpdated(ctx, r, identifiers, w, q)
}

// coreUpdateOne answers the whole item: the query is ignored, as by the original.
func (s items) coreUpdateOne(ctx context.Context, r request) (answer, error) {
	identifier, err := identifierOf(r.id)
	if err != nil {
		return answer{}, err
	}
	q, err := s.query("", true)
	if err != nil {
		return answer{}, err
	}
	w, err := s.update(ctx, []string{identifier}, r.data)
	if err != nil {
		return answer{}, s.unique(err)
	}
	rows, err := s.reread(ctx, []string{identifier}, w, q)
	if err != nil {
		return answer{}, err
	}
	return only(rows)
}

// coreUpdateEach patches each item of an array with the data that it has there. All of them are looked at before the first
// is written, but each is a write of its own.
func (s items) coreUpdateEach(ctx context.Context, r request, q *query) (answer, error) {
	identifiers, patches, err := s.patches(r.data)
	if err != nil {
		return answer{}, err
	}
	var all written
	for i, identifier := range identifiers {
		w, err := s.update(ctx, []string{identifier}, patches[i])
		if err != nil {
			return answer{}, s.unique(err)
		}
		all.identifiers = append(all.identifiers, w.identifiers...)
	}
	return s.coreUpdated(ctx, r, identifiers, all, q)
}

// patches are what an array of items says of each of them. Errors: *fault, storage.ErrInvalid.
func (s items) patches(data storage.Value) (identifiers []string, patches []storage.Value, err error) {
	for row := range data.Elements() {
		if len(identifiers) == s.server.options.MaxList {
			return nil, nil, errLongList
		}
		if row.Get("id") == "" {
			return nil, nil, invalidPayload(`Each item of "data" needs an "id".`)
		}
		identifier, err := identifierOf(row.Get("id"))
		if err == nil {
			_, err = documentOf(s.collection, row)
		}
		if err != nil {
			return nil, nil, err
		}
		identifiers, patches = append(identifiers, identifier), append(patches, without(row, "id"))
	}
	return identifiers, patches, nil
}

// coreUpdated answers the items that were named, whether the query's filter still selects them or not.
func (s items) coreUpdated(ctx context.Context, r request, named []string, w written, q *query) (answer, error) {
	all, err := s.query(without(r.query, "filter", "search"), true)
	if err != nil {
		return answer{}, err
	}
	rows, err := s.reread(ctx, named, w, all)
	if err != nil {
		return answer{}, err
	}
	return s.counted(ctx, answer{data: array(rows)}, q)
}

// coreDelete deletes one item, some, or those that the query selects, and answers their ids.
func (s items) coreDelete(ctx context.Context, r request, q *query) (answer, error) {
	if err := s.mayWrite(ctx, "delete"); err != nil {
		return answer{}, err
	}
	if r.id != "" {
		identifier, err := identifierOf(r.id)
		if err != nil {
			return answer{}, err
		}
		_, err = s.remove(ctx, []string{identifier})
		return answer{data: r.id}, err
	}
	identifiers, err := s.targets(ctx, r, q)
	if err != nil {
		return answer{}, err
	}
	a := answer{data: r.ids}
	if r.ids == "" {
		a.data = array(s.keys(identifiers))
	}
	_, err = s.remove(ctx, identifiers)
	return a, err
}

// targets are the items that a write names by ids or by its query. A query has to exclude something: a filter that was
// forgotten must not cost a collection.
func (s items) targets(ctx context.Context, r request, q *query) ([]string, error) {
	switch {
	case r.ids != "":
		return s.identifiers(r.ids)
	case r.query == "":
		return nil, errNoTarget(r)
	case !q.filtered():
		return nil, invalidQuery("Invalid query. A write by query needs a filter.")
	}
	s.wanted = ctx // what is to be written does not depend on who is there to hear of it
	docs, err := q.documents(s.search(ctx))
	identifiers := make([]string, len(docs))
	for i, doc := range docs {
		identifiers[i] = doc.Identifier()
	}
	return identifiers, err
}

// errNoTarget refuses a write that names nothing to be written.
func errNoTarget(r request) error {
	verb := "a DELETE"
	if r.body.Get("action") == `"update"` {
		verb = "an UPDATE"
	}
	return invalidPayload("Either 'ids', 'id' or 'query' is required for " + verb + " request.")
}

func (s items) keys(identifiers []string) []storage.Value {
	keys := make([]storage.Value, len(identifiers))
	for i, identifier := range identifiers {
		keys[i] = keyValue(s.collection, identifier)
	}
	return keys
}

// without is an object without some of its members; what is no object stays as it is.
func without(v storage.Value, names ...string) storage.Value {
	if v.Type() != storage.Object {
		return v
	}
	d := storage.Document(v).Edit()
	for _, name := range names {
		d.Delete(name)
	}
	return storage.Value(d.Document())
}
