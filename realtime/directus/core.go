package directus

import (
	"context"

	"nightwire/storage"
)

// core works on a message in the core dialect. The error is why it could not be decoded, or that there were too many. Types
// that are not known are passed over in silence, as by the original: other parts of a client may use them.
func (c *conn) core(ctx context.Context, r request, err error) {
	if err == nil || r.body != "" {
		err = checkMessage(r.body)
	}
	switch c.life.hears() {
	case shut:
		return
	case handshake:
		if err != nil || r.kind != "auth" {
			c.life.refuse("", errAuthFailed)
			return
		}
	}
	if err != nil {
		c.send(coreFailure("server", faultOf(err), echoable(r.uid)))
		return
	}
	switch r.kind {
	case "auth":
		c.coreAuth(ctx, r)
	case "ping":
		c.send(coreMessage("pong", r.uid))
	case "items":
		c.coreItems(ctx, r)
	case "subscribe":
		c.coreSubscribe(ctx, r)
	case "unsubscribe":
		c.coreUnsubscribe(r)
	}
}

// echoable is a uid that may be sent back.
func echoable(uid storage.Value) storage.Value {
	if checkKey("uid", uid) != nil {
		return ""
	}
	return uid
}

// failed answers a request that could not be granted.
func (c *conn) failed(r request, err error) {
	f := faultOf(err)
	if f == errInternal {
		c.server.options.Log.Error("websocket request failed", "type", r.kind, "collection", r.collection, "error", err)
	}
	uid := r.uid
	if r.kind != "items" {
		uid = stringUID(uid)
	}
	c.send(coreFailure(r.kind, f, uid))
}
