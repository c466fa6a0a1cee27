package daptin

import (
	"context"

	"nightwire/realtime/wire"
)

// typedMethods are the verbs of the typed dialect. The published document's spellings, and a list of topics, are more than the
// original has (spec §12, trap 4).
var typedMethods = map[string]func(*conn, context.Context, request){
	"subscribe":            (*conn).typedSubscribe,
	"unsubscribe":          (*conn).typedUnsubscribe,
	"list-topicName":       (*conn).typedList,
	"list-topic":           (*conn).typedList,
	"create-topicName":     (*conn).typedCreate,
	"create-topic":         (*conn).typedCreate,
	"destroy-topicName":    (*conn).typedDestroy,
	"destroy-topic":        (*conn).typedDestroy,
	"new-message":          (*conn).typedPublish,
	"set-topic-permission": (*conn).typedSetPermission,
	"get-topic-permission": (*conn).typedGetPermission,
	"ping":                 (*conn).typedPing,
}

// typed works on a request in the typed dialect. Err is what was wrong with it already: errMalformed, errTooFast.
func (c *conn) typed(ctx context.Context, r request, err error) {
	method := typedMethods[r.method]
	if r.odd && err == nil {
		err = errMalformed
	}
	switch {
	case err != nil:
		c.refuse(r, wording{}.of(err, ""))
	case method == nil:
		c.refuse(r, "no such method")
	default:
		method(c, ctx, r)
	}
}

// greet sends the session frame. It is the first of a typed connection, or comes before the first answer. Groups that cannot
// be found out now are left out: no right depends on them.
func (c *conn) greet() {
	ctx, cancel := context.WithTimeout(context.Background(), judgeTimeout)
	defer cancel()
	roles, err := c.server.options.Guard.RolesOf(ctx, c.who())
	if err != nil {
		c.server.options.Log.Warn("roles of a session cannot be read", "subject", c.who().Name(), "error", err)
	}
	groups := make([]string, len(roles))
	for i, role := range roles {
		groups[i] = roleReference(role)
	}
	c.wire.Send(opening(c.number, reference(c.who().Name()), groups))
}

// pong is the answer to ping. It bears no id.
var pong = wire.Text([]byte(`{"type":"pong"}`))

func (c *conn) typedPing(context.Context, request) { c.wire.Send(pong) }

// typedSubscribe subscribes to topics, each of which is answered (spec §5). An answer comes before the first event of its
// topic, and no event after it is missed. Who names a topic twice is granted it once.
func (c *conn) typedSubscribe(ctx context.Context, r request) {
	topics, ok := c.namedTopics(r)
	if !ok {
		return
	}
	f, err := parseFilter(r.attributes.Get("filters"))
	if err != nil {
		c.refuseAbout(r, wordings["subscribe"], "", err)
		return
	}
	granted := map[string]bool{}
	for _, topic := range topics {
		s, err := c.subscribe(ctx, topic, f)
		switch {
		case err != nil:
			c.refuseAbout(r, wordings["subscribe"], topic, err)
			continue
		case s != nil:
			c.grant(r, data{"topic": topic})
			s.begin()
		case r.awaited() && !granted[topic]:
			c.grant(r, data{"topic": topic})
		}
		granted[topic] = true
	}
}

func (c *conn) typedUnsubscribe(_ context.Context, r request) {
	topics, ok := c.namedTopics(r)
	if !ok {
		return
	}
	for _, topic := range once(topics) {
		if c.unsubscribe(topic) || r.awaited() {
			c.grant(r, data{"topic": topic})
		}
	}
}

// namedTopics are the topics of a request. When there are none, or too many, ok is false and it has been answered.
func (c *conn) namedTopics(r request) (topics []string, ok bool) {
	topics, err := c.wanted(r)
	if err != nil {
		c.refuseAbout(r, wording{}, "", err)
		return nil, false
	}
	if len(topics) == 0 {
		c.refuseIfAwaited(r, "missing or invalid topicName")
	}
	return topics, len(topics) > 0
}

// once leaves out repetitions and keeps the order.
func once(names []string) []string {
	seen := make(map[string]bool, len(names))
	all := names[:0:0]
	for _, name := range names {
		if !seen[name] {
			seen[name] = true
			all = append(all, name)
		}
	}
	return all
}
