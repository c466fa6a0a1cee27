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
	if _, err := s.update(ctx, identifiers, r.data); err != nil {
		return answer{}, s.unique(err)
	}
	return s.coreUpdated(ctx, identifiers, q)
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
	if _, err := s.update(ctx, []string{identifier}, r.data); err != nil {
		return answer{}, s.unique(err)
	}
	rows, err := s.reread(ctx, []string{identifier}, q)
	if err != nil {
		return answer{}, err
	}
	return only(rows)
}

// coreUpdateEach patches each item of an array with the data that it has there. All of them are looked at before the first
// is written, but each is a write of its own.
func (s items) coreUpdateEach(ctx context.Context, r request, q *query) (answer, error) {
	rows := elements(r.data)
	if len(rows) > s.server.options.MaxList {
		return answer{}, errLongList
	}
	identifiers := make([]string, len(rows))
	for i, row := range rows {
		id := row.Get("id")
		if id == "" {
			return answer{}, invalidPayload(`Each item of "data" needs an "id".`)
		}
		identifier, err := identifierOf(id)
		if err != nil {
			return answer{}, err
		}
		if _, err := documentOf(s.collection, row); err != nil {
			return answer{}, err
		}
		identifiers[i] = identifier
	}
	for i, identifier := range identifiers {
		if _, err := s.update(ctx, []string{identifier}, without(rows[i], "id")); err != nil {
			return answer{}, s.unique(err)
		}
	}
	return s.coreUpdated(ctx, identifiers, q)
}

// coreUpdated answers the items that were updated, whether the query's filter still selects them or not.
func (s items) coreUpdated(ctx context.Context, identifiers []string, q *query) (answer, error) {
	rows, err := s.reread(ctx, identifiers, q)
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

func elements(v storage.Value) (all []storage.Value) {
	for one := range v.Elements() {
		all = append(all, one)
	}
	return all
}

// without is an object without one of its members.
func without(v storage.Value, name string) storage.Value {
	d := storage.Document(v).Edit()
	d.Delete(name)
	return storage.Value(d.Document())
}
