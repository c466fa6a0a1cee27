package storage

import (
	"context"

	"nightwire/security"
)

// Publication is a message that was published on a topic or table.
type Publication struct {
	Topic   string // its name
	Source  string // name of the subject who published it; "": the operator
	Message Value  // any JSON
}

// Publish tells a message, which may be any JSON, to the listeners of a topic or table on all nodes, the publisher among
// them. A message bears the terms of its topic, and is heard by those whom these permit it (Hears). Errors: ErrNotFound,
// security.ErrForbidden, ErrTooLarge (MaxMessage), ErrUnavailable.
func (t *Topics) Publish(ctx context.Context, r Request, name string, message Value) error {
	body := &Draft{}
	if table, ok := t.tables[name]; ok {
		if err := authenticated(r.Who); err != nil {
			return err
		}
		if err := table.judge(ctx, t.guard, r.Who, TopicExecute); err != nil {
			return err
		}
	} else {
		topic, err := t.find(ctx, name)
		if err != nil {
			return err
		}
		if err := t.judge(ctx, r.Who, topic, TopicExecute); err != nil {
			return err
		}
		body.Set(TermsField, Value(topic.terms().Document()))
	}
	if message.Type() == Absent {
		message = "null"
	}
	body.Set("message", message)
	return t.engine.Publish(ctx, Message{
		Channel: t.Channel(name), Body: body.Document(), By: r.Who.Name(), Answered: r.Answered,
	})
}

// Published is the publication that a change is; ok is false when it is none.
func Published(c Change) (p Publication, ok bool) {
	if c.Kind != Tell {
		return p, false
	}
	name, _, ok := channelled(c.Collection)
	return Publication{name, c.By, c.After.Get("message")}, ok
}

// Hears tells whether somebody may hear a publication: nil or what May would fail with for TopicRead, on the terms that the
// message bears. It does not ask the engine.
func (t *Topics) Hears(ctx context.Context, who security.Identity, c Change) error {
	name, isTable, ok := channelled(c.Collection)
	if !ok || c.Kind != Tell {
		return ErrNotFound
	}
	if !isTable {
		return t.judge(ctx, who, onTerms(name, Document(c.After.Get(TermsField))), TopicRead)
	}
	if err := authenticated(who); err != nil {
		return err
	}
	return t.tables[name].judge(ctx, t.guard, who, TopicRead)
}
