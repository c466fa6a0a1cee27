package directus

import (
	"context"

	"nightwire/storage"
)

// extension works on a message in the dialects of the extension. The error is why it could not be decoded, or that there
// were too many.
func (c *conn) extension(ctx context.Context, r request, err error) {
	if err == nil {
		err = c.handle(ctx, r)
	}
	if err != nil {
		c.fail(r, err)
	}
}

// respond answers a request.
func (c *conn) respond(r request, data storage.Value) {
	c.answer(object(
		storage.Field{Name: "type", Value: `"RESPONSE"`},
		storage.Field{Name: "data", Value: data},
		storage.Field{Name: "uid", Value: r.echoed()},
	))
}

// fail refuses a request. Nothing fails in silence, as much of it did in the original (spec §8).
func (c *conn) fail(r request, err error) {
	f := faultOf(err)
	if f.status >= 500 && c.wire.Context().Err() == nil { // else nobody waits any more, and it was given up
		c.server.options.Log.Error("websocket request failed", "error", err, "type", r.verb(), "collection", r.collection)
	}
	c.send(object(
		storage.Field{Name: "type", Value: `"ERROR"`},
		storage.Field{Name: "data", Value: c.described(f)},
		storage.Field{Name: "uid", Value: r.echoed()},
	))
}

// described is a refusal in the connection's dialect.
func (c *conn) described(f *fault) storage.Value {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dialect == V3 {
		return storage.StringValue(f.message)
	}
	return object(
		storage.Field{Name: "status", Value: storage.IntValue(int64(f.status))},
		storage.Field{Name: "code", Value: storage.StringValue(f.code)},
		storage.Field{Name: "extensions", Value: f.extensions},
	)
}

// handle works on a request of a known type.
func (c *conn) handle(ctx context.Context, r request) error {
	off := c.server.options.Off
	switch verb := r.verb(); {
	case verb == "GET" && !off.Get:
		return c.get(ctx, r)
	case verb == "POST" && !off.Post:
		return c.post(ctx, r)
	case verb == "PATCH" && !off.Patch:
		return c.patch(ctx, r)
	case verb == "DELETE" && !off.Delete:
		return c.delete(ctx, r)
	case verb == "SUBSCRIBE" && !off.Subscribe:
		return c.listen(ctx, r)
	case verb == "UNSUBSCRIBE" && !off.Subscribe:
		c.unlisten(r)
		return nil
	default:
		return errUnknownType
	}
}

// get answers the rows of a query, always as an array (spec §3.2).
func (c *conn) get(ctx context.Context, r request) error {
	s, err := c.items(r.collection)
	if err != nil {
		return err
	}
	if err := s.mayHear(ctx); err != nil {
		return err
	}
	q, err := s.query(r.query, false)
	if err != nil {
		return err
	}
	rows, err := s.read(ctx, q)
	if err != nil {
		return err
	}
	c.respond(r, array(rows))
	return nil
}
