package daptin

import (
	"context"
	"strings"
	"sync"

	"nightwire/realtime"
	"nightwire/realtime/wire"
	"nightwire/storage"
)

// subscription is one of a connection's subscriptions. It is the hub's client.
type subscription struct {
	conn    *conn
	key     formKey
	session *realtime.Session

	mu    sync.Mutex
	ended bool // nothing more is delivered
}

var _ realtime.Client = (*subscription)(nil)

// Deliver queues an event. The hub may be about to tell one while the subscription ends: who has been told so is to hear none.
func (s *subscription) Deliver(f realtime.Frame) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ended {
		s.conn.wire.Send(wire.Frame(f))
	}
}

// Cut ends the connection.
func (s *subscription) Cut(why error) { s.conn.wire.Cut(why) }

// Rejudge is left to the connection's presence.
func (s *subscription) Rejudge(context.Context) {}

// begin lets the events go that came since the subscription was made.
func (s *subscription) begin() { s.session.Release() }

// subscribe begins a subscription to a topic, on hold until it is told to begin. Who has subscribed already gets none, and
// keeps his filter. Errors: errTooMany, errUnavailable, those of Topics.May.
func (c *conn) subscribe(ctx context.Context, topic string, f filter) (*subscription, error) {
	if c.subscribed(topic) {
		return nil, nil
	}
	o := c.server.options
	if err := o.Topics.May(ctx, c.who(), topic, storage.TopicRead); err != nil {
		return nil, err
	}
	topic = strings.Clone(topic) // it is kept, and the message that it is a part of is not to be
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.subscriptions) >= o.MaxSubscriptions {
		return nil, errTooMany
	}
	if c.over {
		return nil, errUnavailable
	}
	s := &subscription{conn: c, key: formKey{c.dialect, topic, f.text}}
	s.session = o.Hub.Join(s, c.server.takeForm(s.key, f))
	s.session.Hold()
	s.hear(o.Topics)
	c.subscriptions[topic] = s
	return s, nil
}

// hear subscribes by the rights of who is connected.
func (s *subscription) hear(topics *storage.Topics) {
	who, name := s.conn.who(), s.key.topic
	switch {
	case name == storage.SubjectsTopic:
		s.session.SubscribeSubjects(who)
	case topics.Table(name):
		s.session.Subscribe(who, name)
	}
	s.session.SubscribeChannel(topics.Channel(name), func(ctx context.Context, c storage.Change) error {
		return topics.Hears(ctx, who, c)
	})
}

// subscribed tells whether the connection has a subscription to a topic.
func (c *conn) subscribed(topic string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.subscriptions[topic] != nil
}

// unsubscribe ends the subscription to a topic, and tells whether there was one.
func (c *conn) unsubscribe(topic string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.subscriptions[topic]
	if s == nil {
		return false
	}
	delete(c.subscriptions, topic)
	s.end()
	return true
}

func (s *subscription) end() {
	s.session.Leave()
	s.mu.Lock()
	s.ended = true
	s.mu.Unlock()
	s.conn.server.giveForm(s.key)
}

// leaveAll ends all subscriptions of a connection that has ended.
func (c *conn) leaveAll() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.subscriptions {
		s.end()
	}
	c.subscriptions, c.over = nil, true
}
