package users

import (
	"context"
	"errors"

	"nightwire/security"
	"nightwire/storage"
)

// meta reads or writes the meta of a subject, and answers its sender.
func (c *conn) meta(ctx context.Context, r request) {
	username := text(r.body.Get("username"))
	val, err := c.metaOf(ctx, r, trim(username))
	if err != nil {
		out := append([]byte(`{"error":`), storage.StringValue(refusalOf(err, username).Error())...)
		c.send(append(appendJSON(append(out, `,"eventType":`...), r.sent), '}'))
		return
	}
	out := appendJSON([]byte(`{"eventType":`), r.sent)
	if val.Type() != storage.Absent {
		out = appendJSON(append(out, `,"val":`...), val)
	}
	c.send(append(out, '}'))
}

// metaOf does what a meta request asks for. Whether somebody may is judged before it shows that there is such a subject.
// Errors: errNoName, errBadName, security.ErrForbidden, those of storage.Meta.
func (c *conn) metaOf(ctx context.Context, r request, name string) (storage.Value, error) {
	if name == "" {
		return "", errNoName
	}
	err := c.mayMeta(ctx, name)
	var val storage.Value
	if err == nil {
		val, err = c.server.applyMeta(ctx, r.body, name)
	}
	hidden := errors.Is(err, security.ErrForbidden) || errors.Is(err, storage.ErrNotFound)
	if hidden && !letters.MatchString(name) { // subjects may have names that the original's users may not
		return "", errBadName
	}
	return val, err
}

// mayMeta is nil when the client may read and write the meta of the subject of that name.
func (c *conn) mayMeta(ctx context.Context, name string) error {
	if c.server.options.Config.OpenMeta {
		return nil
	}
	return c.server.options.Meta.May(ctx, c.shown.Who, name)
}

// applyMeta sets or gets one property, or all. Which of these is a matter of what is there and what is true (spec §4).
func (s *Server) applyMeta(ctx context.Context, body storage.Value, name string) (storage.Value, error) {
	meta, property, val := s.options.Meta, body.Get("property"), body.Get("val")
	switch {
	case property.Truthy() && val.Type() != storage.Absent:
		return val, meta.SetProperty(ctx, name, text(property), val)
	case property.Truthy():
		return meta.Property(ctx, name, text(property))
	case val.Truthy():
		return val, meta.Replace(ctx, name, val)
	default:
		return meta.Get(ctx, name)
	}
}
