package directus

import (
	"context"
	"slices"

	"nightwire/realtime"
	"nightwire/realtime/wire"
	"nightwire/security"
	"nightwire/storage"
)

// topic is what a subscription hears and how it is told. Subscriptions to equal topics share one form.
type topic struct {
	dialect    Dialect
	collection string
	query      string        // query.text
	event      storage.Kind  // of the core dialect: "": all
	item       string        // of the core dialect: the one identifier to hear of; "": all
	uid        storage.Value // as frames bear it; absent: they do not
}

// The bounds of what is held for as long as a subscription lasts.
const (
	maxUID   = 1 << 10
	maxQuery = 64 << 10
)

// check refuses a topic that would cost too much to hold, and to write with each event.
func (t topic) check() error {
	switch {
	case len(t.uid) > maxUID:
		return invalidPayload("The uid is too long.")
	case len(t.query) > maxQuery:
		return invalidQuery("Invalid query. It is too long for a subscription.")
	default:
		return nil
	}
}

// subscription is one of a connection's subscriptions. It is the hub's client.
type subscription struct {
	conn    *conn
	topic   topic
	session *realtime.Session
}

var _ realtime.Client = (*subscription)(nil)

// Deliver queues an event.
func (s *subscription) Deliver(f realtime.Frame) { s.conn.wire.Send(wire.Frame(f)) }

// Cut ends the connection.
func (s *subscription) Cut(why error) { s.conn.wire.Cut(why) }

// Rejudge is left to the connection's presence.
func (s *subscription) Rejudge(context.Context) {}

// hear subscribes by an identity's rights.
func (s *subscription) hear(who security.Identity) {
	if s.topic.collection == usersCollection.Name {
		s.session.SubscribeSubjects(who)
		return
	}
	s.session.Subscribe(who, s.topic.collection)
}

// mayHear is nil when the sender may see the collection as a whole. Errors: those of Guard.Check.
func (s items) mayHear(ctx context.Context) error {
	if s.users {
		return s.may(ctx, readUsers)
	}
	return s.may(ctx, s.collection.ListPermission())
}

// subscribe begins a subscription. On hold, its events wait until its session is released. Errors: errGroups, errTooMany,
// those of items.mayHear.
func (c *conn) subscribe(ctx context.Context, s items, t topic, q *query, hold bool) (*subscription, error) {
	if err := s.mayHear(ctx); err != nil {
		return nil, err
	}
	if q.aggregates() {
		return nil, errGroups
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.subscriptions) >= c.server.options.MaxSubscriptions {
		return nil, errTooMany
	}
	if c.over {
		return nil, errUnavailable
	}
	n := &subscription{conn: c, topic: t}
	n.session = c.server.options.Hub.Join(n, c.server.topics.take(t, q))
	if hold {
		n.session.Hold()
	}
	n.hear(c.shown.Who)
	c.subscriptions = append(c.subscriptions, n)
	return n, nil
}

// unsubscribe ends the subscriptions that are meant.
func (c *conn) unsubscribe(meant func(topic) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.subscriptions = slices.DeleteFunc(c.subscriptions, func(s *subscription) bool {
		if !meant(s.topic) {
			return false
		}
		s.session.Leave()
		c.server.topics.give(s.topic)
		return true
	})
}

// leaveAll ends all subscriptions of a connection that has ended.
func (c *conn) leaveAll() {
	c.unsubscribe(func(topic) bool { return true })
	c.mu.Lock()
	defer c.mu.Unlock()
	c.over = true
}

// listens tells whether any subscription of the connection is meant.
func (c *conn) listens(meant func(topic) bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.ContainsFunc(c.subscriptions, func(s *subscription) bool { return meant(s.topic) })
}
