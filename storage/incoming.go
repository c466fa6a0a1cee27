package storage

import (
	"context"
	"slices"
)

// incoming is a whole document on its way into a collection, prepared as far as that needs no look at what is stored.
// The rest happens in the engine's atomic step, which may be repeated: insert and replace leave the incoming as it is.
type incoming struct {
	collection Collection
	doc        *Draft // dated and with an identifier
	id         string // the client's _id, which is never part of a document
	sent       []string
	counts     bool   // its identifier is counted (counting.go)
	by         string // name of the writing subject; "": nobody is named
	maxSize    int
	// The Guard's answers. Both are needed before it is known which of them counts.
	mayCreate, mayUpdate error
}

// receive prepares a client's document. The identifier, when given, overrides the document's.
func (d *Documents) receive(ctx context.Context, r Request, c Collection, doc Document, identifier string) *incoming {
	in := &incoming{collection: c, doc: doc.Edit(), by: r.Who.Name(), maxSize: d.options.MaxSize}
	in.id = withoutID(in.doc)
	in.sent = names(in.doc)
	if slices.Contains(c.Required, "date") {
		d.dateFields(in.doc)
	}
	switch {
	case identifier != "":
		in.doc.Set("identifier", StringValue(identifier))
	case !in.doc.Get("identifier").Truthy():
		identifier = c.newIdentifier(in.doc)
		in.counts = identifier == ""
		in.doc.Set("identifier", StringValue(identifier))
	}
	in.mayCreate = d.check(ctx, r, c, "create")
	in.mayUpdate = d.check(ctx, r, c, "update")
	return in
}

// insert makes it a new document.
func (in *incoming) insert(now int64) (Next, error) {
	if in.mayCreate != nil {
		return Next{}, in.mayCreate
	}
	if err := in.collection.validate(in.doc); err != nil {
		return Next{}, err
	}
	doc := in.stamped(now, IntValue(now))
	return in.next(Create, doc)
}

// replace puts it in the place of a stored document, which Create may do under another identifier (renaming).
func (in *incoming) replace(stored Document, now int64, renaming bool) (Next, error) {
	if in.mayUpdate != nil {
		return Next{}, in.mayUpdate
	}
	if err := checkReadOnly(stored); err != nil {
		return Next{}, err
	}
	if err := in.collection.checkImmutable(in.doc, stored, renaming); err != nil {
		return Next{}, err
	}
	if err := in.collection.validate(in.doc); err != nil {
		return Next{}, err
	}
	created := stored.Get("srvCreated")
	if !created.Truthy() {
		created = IntValue(now)
	}
	doc := in.stamped(now, created)
	if !in.collection.Free() {
		normalizeDuration(doc, "")
	}
	return in.next(Update, doc)
}

// stamped is a copy of the document with the system fields.
func (in *incoming) stamped(now int64, created Value) *Draft {
	doc := &Draft{fields: slices.Clone(in.doc.fields)}
	doc.Set("srvModified", IntValue(now))
	doc.Set("srvCreated", created)
	if in.by != "" {
		doc.Set("subject", StringValue(in.by))
	}
	in.collection.putNumber(doc, doc.Get("identifier").Text())
	return doc
}

func (in *incoming) next(kind Kind, doc *Draft) (Next, error) {
	next := Next{Kind: kind, Document: doc.Document(), Sent: in.sent}
	if kind == Create {
		next.ID = in.id
	}
	return next, checkSize(next.Document, in.maxSize)
}

// checkSize is ErrTooLarge for a document of more bytes than the limit.
func checkSize(doc Document, limit int) error {
	if len(doc) > limit {
		return &Error{Kind: ErrTooLarge, Message: "Request body too large"}
	}
	return nil
}
