package directus

import (
	"context"
	"slices"
	"time"

	"nightwire/security"
	"nightwire/storage"
)

// coreSubscribe begins a subscription, in the place of one with the same uid. The answer is the state of its items, and the
// events go on from there.
func (c *conn) coreSubscribe(ctx context.Context, r request) {
	if err := c.coreListen(ctx, r); err != nil {
		c.failed(r, err)
	}
}

func (c *conn) coreListen(ctx context.Context, r request) error {
	s, t, err := c.coreTopic(r)
	if err != nil {
		return err
	}
	q, err := s.query(r.query, true)
	if err != nil {
		return err
	}
	if err := s.mayHear(ctx); err != nil {
		return err
	}
	if q.aggregates() {
		return invalidQuery("Invalid query. There are no events of an aggregate.")
	}
	t.query = q.text
	if err := t.check(); err != nil {
		return err
	}
	if t.uid != "" {
		c.unsubscribe(func(known topic) bool { return known.dialect == Core && known.uid == t.uid })
	}
	n, err := c.subscribe(ctx, s, t, q, true)
	if err != nil {
		return err
	}
	if err := n.begin(ctx, s, q); err != nil {
		c.drop(n)
		return err
	}
	return nil
}

// coreTopic is what a subscribe message asks for.
func (c *conn) coreTopic(r request) (items, topic, error) {
	event, item := r.body.Get("event"), r.body.Get("item")
	if err := checkString("collection", r.body.Get("collection")); err != nil {
		return items{}, topic{}, err
	}
	if event != "" {
		if err := checkOneOf("event", event, "create", "update", "delete"); err != nil {
			return items{}, topic{}, err
		}
	}
	if err := checkKey("item", item); err != nil {
		return items{}, topic{}, err
	}
	s, err := c.coreCollection(r)
	t := topic{dialect: Core, collection: s.collection.Name, event: storage.Kind(event.Text()), uid: stringUID(r.uid)}
	if item != "" && err == nil {
		t.item, err = identifierOf(item)
	}
	return s, t, err
}

// begin answers a subscription that is on hold, and lets its events go.
func (n *subscription) begin(ctx context.Context, s items, q *query) error {
	if n.topic.event != "" {
		n.conn.send(coreSubscription("init", "", "", n.topic.uid))
		n.session.Release()
		return nil
	}
	docs, err := s.snapshot(ctx, n.topic, q)
	if err != nil {
		return err
	}
	meta, err := q.meta(s.search(ctx))
	if err != nil {
		return err
	}
	data := make([]storage.Value, len(docs))
	for i, doc := range docs {
		data[i] = q.project(doc)
	}
	shown := array(data)
	if n.topic.item != "" {
		shown = data[0]
	}
	n.conn.answer(coreSubscription("init", shown, meta, n.topic.uid))
	n.session.ReleaseSince(seen(docs))
	return nil
}

// snapshot are the documents that a topic is about. Errors: errForbidden for an item that there is not, those of search.
func (s items) snapshot(ctx context.Context, t topic, q *query) ([]storage.Document, error) {
	if t.item == "" {
		return q.documents(s.search(ctx))
	}
	wanted := storage.Query{Filter: storage.Filter{Op: storage.Eq, Path: "identifier", Value: storage.StringValue(t.item)}, Limit: 1}
	for doc, err := range s.search(ctx)(wanted) {
		if err != nil {
			return nil, err
		}
		if q.matches(doc) {
			return []storage.Document{doc}, nil
		}
	}
	return nil, errForbidden
}

// settling is how old a document's last change may be and its event still to come. It is more than the hub may be behind.
const settling = 5 * time.Minute

// seen tells of a change whether the documents show it already. Of a large collection only what was changed lately is kept.
func seen(docs []storage.Document) func(storage.Change) bool {
	modified := make(map[string]int64)
	since := time.Now().Add(-settling).UnixMilli()
	for _, doc := range docs {
		if at, ok := doc.Get("srvModified").Int(); ok && at > since {
			modified[doc.Identifier()] = at
		}
	}
	return func(change storage.Change) bool {
		at, ok := modified[change.Identifier]
		return ok && change.Time <= at
	}
}

// drop ends one subscription.
func (c *conn) drop(n *subscription) {
	c.mu.Lock()
	defer c.mu.Unlock()
	at := slices.Index(c.subscriptions, n)
	if at < 0 {
		return
	}
	c.subscriptions = slices.Delete(c.subscriptions, at, at+1)
	n.session.Leave()
	c.server.topics.give(n.topic)
}

// coreUnsubscribe ends the subscriptions with that uid, without one all, and says so: also of those that never were.
func (c *conn) coreUnsubscribe(r request) {
	uid := stringUID(r.uid)
	c.unsubscribe(func(t topic) bool { return uid == "" || t.uid == uid })
	c.send(coreSubscription("unsubscribe", "", "", uid))
}

// resume lets subscriptions that were on hold go on by the connection's new identity. What it may not hear is forgotten.
func (c *conn) resume(lapsed security.Identity) {
	ctx, cancel := context.WithTimeout(context.Background(), judgeTimeout)
	defer cancel()
	who := c.identity()
	for _, n := range c.listening() {
		n.hear(who) // first, so that no event is missed
		if lapsed != who {
			n.session.Drop(lapsed)
		}
		n.resume(ctx)
	}
}

func (n *subscription) resume(ctx context.Context) {
	s, err := n.conn.items(n.topic.collection)
	if err == nil {
		err = s.mayHear(ctx)
	}
	if err != nil {
		n.session.Discard()
		return
	}
	n.session.Release()
}
