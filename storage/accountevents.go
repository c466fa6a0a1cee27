package storage

import (
	"context"

	"nightwire/security"
)

// AccountEvents is the channel of what happens to subjects (security.AccountEvent). Its messages bear the subject's name as
// their terms, so that a listener may be judged for each (TermsField).
const AccountEvents = "users:events"

// PublishAccountEvents tells events to the listeners of AccountEvents on all nodes, one after the other. It ends with the
// first one that cannot be told. Errors: those of Engine.Publish.
func PublishAccountEvents(ctx context.Context, engine Engine, events []security.AccountEvent) error {
	for _, e := range events {
		name := StringValue(e.Name)
		body := &Draft{}
		body.Set("event", StringValue(string(e.Kind)))
		body.Set("username", name)
		body.Set(TermsField, name)
		if err := engine.Publish(ctx, Message{Channel: AccountEvents, Body: body.Document()}); err != nil {
			return err
		}
	}
	return nil
}

// AccountEventOf is the event that a change is; ok is false when it is none.
func AccountEventOf(c Change) (e security.AccountEvent, ok bool) {
	if c.Kind != Tell || c.Collection != AccountEvents {
		return e, false
	}
	return security.AccountEvent{
		Kind: security.AccountEventKind(c.After.Get("event").Text()), Name: c.After.Get("username").Text(),
	}, true
}
