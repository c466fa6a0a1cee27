package directus

import "context"

// listen begins a subscription, in silence (spec §3.6). One with a uid or a query is of the later extension (§8).
func (c *conn) listen(ctx context.Context, r request) error {
	s, err := c.items(r.collection)
	if err != nil {
		return err
	}
	t := topic{dialect: c.spoken(), collection: s.collection.Name, uid: r.echoed()}
	raw := r.query
	if t.uid != "" || raw.Truthy() {
		t.dialect = V3
	}
	if t.dialect == Legacy {
		raw = ""
	}
	if err := s.mayHear(ctx); err != nil {
		return err
	}
	q, err := s.query(raw, false)
	if err != nil {
		return err
	}
	t.query = q.text
	if err := t.check(); err != nil {
		return err
	}
	if t.uid != "" && c.listens(func(known topic) bool { return known == t }) {
		return nil // once is enough
	}
	_, err = c.subscribe(ctx, s, t, q, false)
	return err
}

// unlisten ends the subscriptions with that uid, without one all; it is not answered (spec §4.6).
func (c *conn) unlisten(r request) {
	uid := r.echoed()
	c.unsubscribe(func(t topic) bool { return uid == "" || t.uid == uid })
}
