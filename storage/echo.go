package storage

import "context"

// Echoes is the channel of echoes that everybody is to hear.
const Echoes = "users:echo"

// PublishEcho tells any JSON, or nothing (absent), to the listeners of Echoes on all nodes. Errors: ErrTooLarge (MaxMessage),
// ErrUnavailable.
func PublishEcho(ctx context.Context, engine Engine, message Value) error {
	body := &Draft{}
	if message.Type() != Absent {
		body.Set("message", message)
	}
	return engine.Publish(ctx, Message{Channel: Echoes, Body: body.Document()})
}

// EchoOf is the message of the echo that a change is, absent when it has none; ok is false when the change is no echo.
func EchoOf(c Change) (message Value, ok bool) {
	if c.Kind != Tell || c.Collection != Echoes {
		return "", false
	}
	return c.After.Get("message"), true
}
