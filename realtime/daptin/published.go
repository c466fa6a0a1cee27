package daptin

import (
	"context"
	"errors"

	"nightwire/storage"
)

// published are the methods of the published document, under the names that later versions gave them too. Only lists are
// answered (spec §4).
var published = map[string]func(*conn, context.Context, request) error{
	"list-topic":        (*conn).docList,
	"list-topicName":    (*conn).docList,
	"create-topic":      (*conn).docCreate,
	"create-topicName":  (*conn).docCreate,
	"destroy-topic":     (*conn).docDestroy,
	"destroy-topicName": (*conn).docDestroy,
	"subscribe":         (*conn).docSubscribe,
	"unsubscribe":       (*conn).docUnsubscribe,
	"new-message":       (*conn).docMessage,
}

// doc works on a request in the dialect of the published document. What cannot be done is not answered.
func (c *conn) doc(ctx context.Context, r request, err error) {
	if verb := published[r.method]; err == nil && verb != nil {
		err = verb(c, ctx, r)
	}
	if err != nil {
		c.server.options.Log.Debug("request not answered", "method", r.method, "error", err, "subject", c.who().Name())
	}
}

// docList answers with all topics.
func (c *conn) docList(ctx context.Context, _ request) error {
	names, err := c.topicNames(ctx)
	if err != nil {
		return err
	}
	out := []byte(`{"MessageSource":"system","EventType":"response","ObjectType":"topic-list","EventData":{"topics":[`)
	for _, name := range names {
		out = append(append(out, quoted(name)...), ',')
	}
	c.send(storage.Value(append(closed(out, ']'), "}}"...)))
	return nil
}

// docCreate makes a topic for everybody: this dialect knows no permissions.
func (c *conn) docCreate(ctx context.Context, r request) error {
	return c.server.options.Topics.Create(ctx, c.request(), r.name(), storage.TopicEverybodys)
}

func (c *conn) docDestroy(ctx context.Context, r request) error {
	return c.server.options.Topics.Destroy(ctx, c.request(), r.name())
}

func (c *conn) docSubscribe(ctx context.Context, r request) error {
	f, err := parseFilter(r.attributes.Get("filters"))
	if err != nil {
		return err
	}
	topics, err := c.wanted(r)
	for _, topic := range topics {
		s, refused := c.subscribe(ctx, topic, f)
		err = errors.Join(err, refused)
		if s != nil {
			s.begin()
		}
	}
	return err
}

func (c *conn) docUnsubscribe(_ context.Context, r request) error {
	for _, topic := range r.topics() {
		c.unsubscribe(topic)
	}
	return nil
}

// docMessage publishes an object; anything else is told as null.
func (c *conn) docMessage(ctx context.Context, r request) error {
	message := r.attributes.Get("message")
	if message.Type() != storage.Object {
		message = "null"
	}
	return c.server.options.Topics.Publish(ctx, c.request(), r.topic(), message)
}
