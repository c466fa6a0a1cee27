package sqlite

import (
	"context"

	"nightwire/storage"
)

// Publish enters a message into the journal.
func (e *Engine) Publish(context.Context, storage.Message) error { return storage.ErrUnavailable }
