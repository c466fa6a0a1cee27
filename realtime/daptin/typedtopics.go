package daptin

import (
	"context"

	"nightwire/storage"
)

// typedList lists the topics. The original has no such method.
func (c *conn) typedList(ctx context.Context, r request) {
	names, err := c.topicNames(ctx)
	if err != nil {
		c.refuseAbout(r, wording{}, "", err)
		return
	}
	c.grant(r, data{"topics": names})
}

// typedCreate creates a topic that its owner alone may use, until he permits others.
func (c *conn) typedCreate(ctx context.Context, r request) {
	name := r.name()
	if name == "" {
		c.refuseIfAwaited(r, "missing or invalid name")
		return
	}
	if err := c.server.options.Topics.Create(ctx, c.request(), name, storage.TopicOwners); err != nil {
		c.refuseAbout(r, wordings["create"], name, err)
		return
	}
	c.grant(r, data{"topicName": name, "created": true})
}

func (c *conn) typedDestroy(ctx context.Context, r request) {
	name := r.name()
	if name == "" {
		c.refuseIfAwaited(r, "missing or invalid name")
		return
	}
	if err := c.server.options.Topics.Destroy(ctx, c.request(), name); err != nil {
		c.refuseAbout(r, wordings["destroy"], name, err)
		return
	}
	c.grant(r, data{"topicName": name, "destroyed": true})
}

// typedPublish publishes a message, which must be an object. Its success is not answered: the message itself comes back to
// those who have subscribed.
func (c *conn) typedPublish(ctx context.Context, r request) {
	topic, message := r.topic(), r.attributes.Get("message")
	switch {
	case topic == "":
		c.refuse(r, "missing or invalid topicName")
	case message.Type() != storage.Object:
		c.refuse(r, "missing or invalid message")
	default:
		if err := c.server.options.Topics.Publish(ctx, c.request(), topic, message); err != nil {
			c.refuseAbout(r, wordings["new-message"], topic, err)
		}
	}
}

func (c *conn) typedSetPermission(ctx context.Context, r request) {
	topic, value := r.topic(), r.attributes.Get("permission")
	switch {
	case topic == "":
		c.refuse(r, "missing or invalid topicName")
		return
	case value == "":
		c.refuse(r, "missing permission value")
		return
	}
	bits, ok := value.Int()
	if !ok {
		c.refuse(r, "invalid permission value")
		return
	}
	err := c.server.options.Topics.SetPermission(ctx, c.request(), topic, storage.TopicPermission(bits))
	if err != nil {
		c.refuseAbout(r, wordings["set-topic-permission"], topic, err)
		return
	}
	c.grant(r, data{"topicName": topic, "permission": bits})
}

// typedGetPermission tells who may do what with a topic. Of a table it says that everything is permitted, whatever roles
// make of it: they have no bits.
func (c *conn) typedGetPermission(ctx context.Context, r request) {
	topic := r.topic()
	if topic == "" {
		c.refuse(r, "missing or invalid topicName")
		return
	}
	granted, err := c.permissionOf(ctx, topic)
	if err != nil {
		c.refuseAbout(r, wordings["get-topic-permission"], topic, err)
		return
	}
	c.grant(r, granted)
}

func (c *conn) permissionOf(ctx context.Context, name string) (data, error) {
	topics := c.server.options.Topics
	if topics.Table(name) {
		err := topics.May(ctx, c.who(), name, storage.TopicPeek)
		return data{"topicName": name, "permission": storage.TopicEverybodys, "type": "system"}, err
	}
	topic, err := topics.Get(ctx, c.request(), name)
	return data{
		"topicName": name, "owner": reference(topic.Owner), "permission": topic.Permission, "type": "user",
	}, err
}
