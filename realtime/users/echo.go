package users

import (
	"context"
	"errors"
	"strconv"
	"time"

	"nightwire/storage"
)

// echoSize is how many bytes of an echo count as one more echo: one socket is not to fill the queues of all.
const echoSize = 32 << 10

// echo sends a message back, or to everybody, its sender among them.
func (c *conn) echo(ctx context.Context, r request) {
	o := c.server.options
	message := r.body.Get("message")
	if !c.echoes.AllowN(time.Now(), min(1+len(message)/echoSize, o.EchoBurst)) {
		c.server.losses.note(tooFast)
		return
	}
	if !r.body.Get("broadcast").Truthy() {
		c.send(echoed(message))
		return
	}
	switch err := storage.PublishEcho(ctx, o.Engine, message); {
	case errors.Is(err, storage.ErrTooLarge):
		c.server.losses.note(tooLarge)
	case err != nil:
		o.Log.Warn("echo cannot be told", "error", err)
	}
}

// echoed is the event of an echo.
func echoed(message storage.Value) []byte {
	out := begin(make([]byte, 0, len(message)+32), echo)
	if message.Type() != storage.Absent {
		out = appendJSON(append(out, `,"message":`...), message)
	}
	return append(out, '}')
}

// begin begins an event with its type.
func begin(out []byte, e eventType) []byte {
	return strconv.AppendInt(append(out, `{"eventType":`...), int64(e), 10)
}
