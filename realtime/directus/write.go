package directus

import (
	"context"
	"time"

	"nightwire/storage"
)

// eventPatience is how long a writer's answer waits for his own event.
const eventPatience = 100 * time.Millisecond

// write lets a handler write. In the legacy dialect the writer hears his own event before his answer, in the later ones
// after it; whoever does not listen to the collection waits for nothing.
// The right to write is judged before anything of the message's data, so that nobody learns from their faults.
func (c *conn) write(ctx context.Context, r request, right string, work func(s *items) (w written, answer func() error, err error)) error {
	s, err := c.items(r.collection)
	if err == nil {
		err = s.mayWrite(ctx, right)
	}
	if err != nil {
		return err
	}
	hears := func(d Dialect) bool {
		return c.listens(func(t topic) bool { return t.collection == s.collection.Name && t.dialect == d })
	}
	eventFirst := hears(Legacy)
	if !eventFirst && (hears(V3) || hears(Core)) {
		answered := make(chan struct{})
		defer close(answered)
		s.request.Answered = answered
	}
	w, answer, err := work(&s)
	if err != nil {
		return s.unique(err)
	}
	if eventFirst && w.group != "" {
		c.awaitEvent(w.group)
	}
	return answer()
}

// awaitEvent waits until a group of changes was told, or was not for too long.
func (c *conn) awaitEvent(group string) {
	timer := time.NewTimer(eventPatience)
	defer timer.Stop()
	select {
	case <-c.server.options.Hub.Told(group):
	case <-timer.C:
	case <-c.wire.Done():
	}
}

// post creates one item or many (spec §3.3).
func (c *conn) post(ctx context.Context, r request) error {
	return c.write(ctx, r, "create", func(s *items) (written, func() error, error) {
		q, err := s.query(r.query, false)
		if err != nil {
			return written{}, nil, err
		}
		if r.data.Type() == storage.String && r.data.Truthy() {
			r.data = "{}" // the original takes a text for an item without any of the collection's fields
		}
		rows, many, err := rowsOf(r.data)
		if err != nil {
			return written{}, nil, err
		}
		w, err := s.create(ctx, rows)
		return w, func() error { return c.answerItems(ctx, r, s, w.identifiers, w, q, many) }, err
	})
}

// rowsOf are the rows of a message's data: one, or an array of them.
func rowsOf(data storage.Value) (rows []storage.Value, many bool, err error) {
	switch data.Type() {
	case storage.Object:
		return []storage.Value{data}, false, nil
	case storage.Array:
		for row := range data.Elements() {
			rows = append(rows, row)
		}
		return rows, true, nil
	default:
		return nil, false, errNoData
	}
}

// answerItems answers the items with those identifiers as the query shows them: all of them or, of one, itself.
func (c *conn) answerItems(ctx context.Context, r request, s *items, identifiers []string, w written, q *query, many bool) error {
	rows, err := s.reread(ctx, identifiers, w, q)
	switch {
	case err != nil:
		return err
	case many:
		c.respond(r, array(rows))
	case len(rows) == 0:
		return errForbidden
	default:
		c.respond(r, rows[0])
	}
	return nil
}

// patch changes one item or many (spec §3.4); without data nothing is changed.
func (c *conn) patch(ctx context.Context, r request) error {
	return c.write(ctx, r, "update", func(s *items) (written, func() error, error) {
		q, err := s.query(r.query, false)
		if err != nil {
			return written{}, nil, err
		}
		identifiers, many, err := s.meant(r)
		if err != nil {
			return written{}, nil, err
		}
		w, err := s.update(ctx, identifiers, r.data)
		return w, func() error { return c.answerItems(ctx, r, s, identifiers, w, q, many) }, err
	})
}

// delete removes one item or many, and answers what was sent: unknown ids are as good as deleted (spec §3.5).
func (c *conn) delete(ctx context.Context, r request) error {
	return c.write(ctx, r, "delete", func(s *items) (written, func() error, error) {
		identifiers, many, err := s.meant(r)
		if err != nil {
			return written{}, nil, err
		}
		sent := r.id
		if many {
			sent = r.ids
		}
		w, err := s.remove(ctx, identifiers)
		return w, func() error { c.respond(r, sent); return nil }, err
	})
}

// meant are the identifiers that a PATCH or DELETE names: ids win over id. Errors: *fault, storage.ErrInvalid.
func (s *items) meant(r request) (identifiers []string, many bool, err error) {
	switch {
	case r.ids.Truthy():
		identifiers, err = s.identifiers(r.ids)
		return identifiers, true, err
	case r.id != "" && r.id != "null":
		identifier, err := identifierOf(r.id)
		return []string{identifier}, false, err
	default:
		return nil, false, invalidPayload("Either 'ids' or 'id' is required for a " + r.verb() + " request")
	}
}
