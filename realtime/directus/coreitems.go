package directus

import (
	"context"

	"nightwire/storage"
)

var errNoCollection = &fault{status: 403, code: "INVALID_COLLECTION", message: "The provided collection does not exists or is not accessible."}

// coreItems works on a message about items, and answers it. The events of its writes come after the answer.
func (c *conn) coreItems(ctx context.Context, r request) {
	var answered chan struct{} // nobody waits unless this connection may hear of its own write
	if c.listens(func(t topic) bool { return t.collection != usersCollection.Name }) {
		answered = make(chan struct{})
		defer close(answered)
	}
	a, err := c.coreAction(ctx, r, answered)
	if err != nil {
		c.failed(r, err)
		return
	}
	c.answer(coreMessage("items", r.uid, storage.Field{Name: "data", Value: a.data}, storage.Field{Name: "meta", Value: a.meta}))
}

// answer is what an action gives; meta is absent unless it was asked for.
type answer struct{ data, meta storage.Value }

// coreActions are the actions by name.
var coreActions = map[string]func(items, context.Context, request, *query) (answer, error){
	"create": items.coreCreate,
	"read":   items.coreRead,
	"update": items.coreUpdate,
	"delete": items.coreDelete,
}

func (c *conn) coreAction(ctx context.Context, r request, answered <-chan struct{}) (answer, error) {
	action := r.body.Get("action")
	if err := checkItems(r, action); err != nil {
		return answer{}, err
	}
	s, err := c.coreCollection(r)
	if err != nil {
		return answer{}, err
	}
	s.request.Answered = answered
	q, err := s.query(r.query, true)
	if err != nil {
		return answer{}, err
	}
	return coreActions[action.Text()](s, ctx, r, q)
}

// checkItems demands what every message about items has.
func checkItems(r request, action storage.Value) error {
	if err := checkOneOf("action", action, "create", "read", "update", "delete"); err != nil {
		return err
	}
	if err := checkString("collection", r.body.Get("collection")); err != nil {
		return err
	}
	return checkKey("id", r.id)
}

// coreCollection is the collection of a message. Errors: errNoCollection.
func (c *conn) coreCollection(r request) (items, error) {
	s, err := c.items(r.collection)
	if err != nil {
		return s, errNoCollection
	}
	return s, nil
}

// coreCreate stores one item or many, and answers them as the query shows them.
func (s items) coreCreate(ctx context.Context, r request, q *query) (answer, error) {
	if err := s.mayWrite(ctx, "create"); err != nil {
		return answer{}, err
	}
	rows, all, err := rowsOf(r.data)
	if err != nil {
		return answer{}, err
	}
	w, err := s.create(ctx, rows)
	if err != nil {
		return answer{}, s.unique(err)
	}
	if rows, err = s.reread(ctx, w.identifiers, w, q); err != nil {
		return answer{}, err
	}
	if !all {
		return only(rows)
	}
	return answer{data: array(rows)}, nil
}

// only is the answer that is one item; errForbidden when there is none.
func only(rows []storage.Value) (answer, error) {
	if len(rows) == 0 {
		return answer{}, errForbidden
	}
	return answer{data: rows[0]}, nil
}

// coreRead reads one item, some, or what the query selects.
func (s items) coreRead(ctx context.Context, r request, q *query) (answer, error) {
	if r.id != "" {
		return s.coreReadOne(ctx, r, q)
	}
	var rows []storage.Value
	var err error
	if r.ids != "" {
		rows, err = s.coreReadSome(ctx, r, q)
	} else {
		rows, err = s.read(ctx, q)
	}
	if err != nil {
		return answer{}, err
	}
	return s.counted(ctx, answer{data: array(rows)}, q)
}

func (s items) coreReadOne(ctx context.Context, r request, q *query) (answer, error) {
	identifier, err := identifierOf(r.id)
	if err != nil {
		return answer{}, err
	}
	rows, err := s.readKeys(ctx, []string{identifier}, q)
	if err != nil {
		return answer{}, err
	}
	a, err := only(rows)
	if err != nil {
		return a, err
	}
	return s.counted(ctx, a, q)
}

func (s items) coreReadSome(ctx context.Context, r request, q *query) ([]storage.Value, error) {
	identifiers, err := s.identifiers(r.ids)
	if err != nil {
		return nil, err
	}
	return s.readKeys(ctx, identifiers, q)
}

// counted is the answer with the counts that the query asks for.
func (s items) counted(ctx context.Context, a answer, q *query) (_ answer, err error) {
	a.meta, err = q.meta(s.search(ctx))
	return a, err
}
