package security

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
	"time"
)

var idForm = regexp.MustCompile(`^[0-9a-f]{24}$`)

// List returns all accounts of a kind as a JSON array, by name (spec §5): subjects as {_id,name,accessToken,roles}, roles
// as they were written, the built-in ones without _id. Errors: *Forbidden, ErrUnavailable.
func (g *Guard) List(ctx context.Context, who Identity, kind AccountKind) ([]byte, error) {
	if err := g.Check(ctx, who, verbs[kind].list); err != nil {
		return nil, err
	}
	s, err := g.current(ctx)
	if err != nil {
		return nil, err
	}
	var items [][]byte
	if kind == Roles {
		for _, r := range s.roles {
			items = append(items, r.shown().json())
		}
	} else {
		for _, a := range s.subjects {
			items = append(items, a.shown().json())
		}
	}
	return append(append([]byte{'['}, bytes.Join(items, []byte{','})...), ']'), nil
}

func (r *role) shown() object {
	if r.id == "" {
		return r.fields
	}
	return append(object{{"_id", encodeText(r.id)}}, r.fields...)
}

func (a *account) shown() object {
	o := object{{"_id", encodeText(a.id)}}
	for _, f := range a.fields {
		switch f.name {
		case "name":
			o = append(o, f, field{"accessToken", encodeText(a.token)})
		case "roles":
			o = append(o, f)
		}
	}
	return o
}

// Create keeps a new account and returns it as it was written, with created_at (unless given) and _id after the rest.
// Errors: *Forbidden, *Invalid (no object, no name), ErrUnavailable.
func (g *Guard) Create(ctx context.Context, who Identity, kind AccountKind, body []byte) ([]byte, error) {
	if err := g.Check(ctx, who, verbs[kind].create); err != nil {
		return nil, err
	}
	id, o, err := g.create(ctx, kind, body)
	if err != nil {
		return nil, err
	}
	return append(o, field{"_id", encodeText(id)}).json(), nil
}

func (g *Guard) create(ctx context.Context, kind AccountKind, body []byte) (id string, o object, err error) {
	if o, err = parseObject(body); err != nil {
		return "", nil, err
	}
	// An _id of the client's is not honoured: it would let a permission to create replace what exists.
	if o, err = g.complete(o.without("_id")); err != nil {
		return "", nil, err
	}
	id = newID(g.now())
	return id, o, g.write(ctx, kind, Record{id, o.json()})
}

// Replace keeps the account under the _id in the body, whether it existed or not, and returns it as it was written, with
// created_at unless given. Errors: *Forbidden, *Invalid (no object, no name, no or bad _id), ErrUnavailable.
func (g *Guard) Replace(ctx context.Context, who Identity, kind AccountKind, body []byte) ([]byte, error) {
	if err := g.Check(ctx, who, verbs[kind].update); err != nil {
		return nil, err
	}
	o, err := parseObject(body)
	if err != nil {
		return nil, err
	}
	id, err := idOf(o)
	if err != nil {
		return nil, err
	}
	if o, err = g.complete(o); err != nil {
		return nil, err
	}
	if err := g.write(ctx, kind, Record{id, o.without("_id").json()}); err != nil {
		return nil, err
	}
	return o.json(), nil
}

// Remove deletes an account, if it exists. Errors: *Forbidden, *Invalid (bad id), ErrUnavailable.
func (g *Guard) Remove(ctx context.Context, who Identity, kind AccountKind, id string) error {
	if err := g.Check(ctx, who, verbs[kind].delete); err != nil {
		return err
	}
	id = strings.ToLower(id)
	if !idForm.MatchString(id) {
		return invalid("")
	}
	return g.write(ctx, kind, Record{ID: id})
}

// write keeps an account, or deletes it when the record has no JSON, and tells what happened by that. There is one write at a
// time, so that each one's events are what it changed, and are told in the order of the writes.
func (g *Guard) write(ctx context.Context, kind AccountKind, r Record) error {
	select {
	case g.writing <- struct{}{}:
		defer func() { <-g.writing }()
	case <-ctx.Done():
		return fmt.Errorf("%w: waiting to change accounts: %w", ErrUnavailable, context.Cause(ctx))
	}
	events := g.foresee(ctx, kind, r)
	if err := g.put(ctx, kind, r); err != nil {
		return err
	}
	g.tell(ctx, events...)
	return nil
}

// put is write without a word. The version is raised on failure too: the outcome may be unknown.
func (g *Guard) put(ctx context.Context, kind AccountKind, r Record) error {
	defer g.Raise()
	if r.JSON == nil {
		if err := g.accounts.Delete(ctx, kind, r.ID); err != nil {
			return fmt.Errorf("deleting from %s: %w", kind, err)
		}
		return nil
	}
	if err := g.accounts.Put(ctx, kind, r); err != nil {
		return fmt.Errorf("writing to %s: %w", kind, err)
	}
	return nil
}

// complete checks the name and adds created_at. Without a name an account could neither be listed nor found, and the
// original server does not survive one.
func (g *Guard) complete(o object) (object, error) {
	if strings.TrimSpace(o.text("name")) == "" {
		return nil, invalid("Missing name")
	}
	if o.get("created_at") == nil {
		o = append(o, field{"created_at", encodeText(g.now().UTC().Format("2006-01-02T15:04:05.000Z"))})
	}
	return o, nil
}

// idOf reads the _id of an account that is to be replaced, in the words of Nightscout.
func idOf(o object) (string, error) {
	value := o.get("_id")
	text, isText := decodeText(value)
	switch {
	case value == nil || string(value) == "null" || isText && text == "":
		return "", invalid("Missing _id for update")
	case !isText:
		text = string(value)
	}
	id := strings.ToLower(text)
	if !isText || !idForm.MatchString(id) {
		return "", invalid(fmt.Sprintf("Invalid _id format: %.100s", text))
	}
	return id, nil
}

// newID is a fresh _id: like MongoDB's, it starts with the seconds since 1970, so ids sort by age; the rest is random.
func newID(now time.Time) string {
	b := binary.BigEndian.AppendUint32(make([]byte, 0, 12), uint32(now.Unix()))
	b = b[:12]
	rand.Read(b[4:]) // never fails: it ends the process instead
	return hex.EncodeToString(b)
}
