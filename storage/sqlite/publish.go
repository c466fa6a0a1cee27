package sqlite

import (
	"context"

	"nightwire/storage"
)

// Publish enters a message into the journal, in the same transactions as the writes.
func (e *Engine) Publish(ctx context.Context, m storage.Message) error {
	if err := m.Check(); err != nil {
		return err
	}
	r, err := e.submit(ctx, &request{message: &m, done: make(chan struct{})})
	if err != nil {
		return err
	}
	_, err = r.wait(ctx, e.writer.stopped)
	return err
}

// tell enters a message.
func (t *transaction) tell(m *storage.Message) error {
	first := t.journal.head + 1
	change := storage.Change{
		Kind: storage.Tell, Collection: m.Channel, After: m.Body, By: m.By, Time: t.now(),
		Group: string(t.cursor(first)), Last: true, Answered: m.Answered,
	}
	return t.enter(&change, first)
}
