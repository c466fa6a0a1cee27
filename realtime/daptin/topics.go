package daptin

import (
	"context"
	"slices"

	"nightwire/storage"
)

// What both dialects do about topics.

// request is what storage is to know of who asks.
func (c *conn) request() storage.Request { return storage.Request{Who: c.who()} }

// wanted are the topics of a request. Errors: errTooMany, when there are more than anybody can have subscribed to.
func (c *conn) wanted(r request) ([]string, error) {
	topics := r.topics()
	if len(topics) > c.server.options.MaxSubscriptions {
		return nil, errTooMany
	}
	return topics, nil
}

// topicNames are the names of the tables, then those of the user topics that the connection's subject may know of.
func (c *conn) topicNames(ctx context.Context) ([]string, error) {
	names := append(slices.Clone(c.server.options.Hub.Collections()), storage.SubjectsTopic)
	own, err := c.server.options.Topics.List(ctx, c.request())
	for _, topic := range own {
		names = append(names, topic.Name)
	}
	return names, err
}
