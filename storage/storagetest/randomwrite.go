package storagetest

import (
	"fmt"

	"nightwire/storage"
)

// The names of documents. What has an identifier of its own may have one of databaseIDs besides; what has none has one of
// foreignIDs. They do not overlap, so that a query's order is complete.
func (c chooser) ownID() string { return fmt.Sprintf("a%d", c.IntN(20)) }
func (c chooser) databaseID() string {
	return fmt.Sprintf(pick(c, "i%d", "5f00000000000000000000b%d"), c.IntN(8))
}
func (c chooser) foreignID() string {
	return fmt.Sprintf(pick(c, "f%d", "5f00000000000000000000a%d"), c.IntN(6))
}

func (c chooser) anyID() string { return pick(c, c.ownID(), c.databaseID(), c.foreignID()) }

func (c chooser) key() storage.Key {
	key := storage.Key{ForeignID: c.IntN(2) == 0}
	if c.IntN(4) > 0 {
		key.Identifier = c.anyID()
	}
	if c.IntN(2) == 0 {
		key.ID = c.anyID()
	}
	if c.IntN(4) == 0 { // by "name", which no two documents share, so that which is found first makes no difference
		key.Fallback = []storage.Field{{Name: "name", Value: storage.StringValue(c.foreignID())}}
		if c.IntN(3) == 0 {
			key.Fallback = append(key.Fallback, storage.Field{Name: "eventType", Value: pick[storage.Value](c, `"a"`, `"b"`, "null")})
		}
	}
	return key
}

// randomWrite is a write and what it is, for people.
func (p *pair) randomWrite() (w storage.Write, what string) {
	p.clock++
	w = storage.Write{Collection: pick(p.chooser, comparedCollections...), Key: p.key(), By: pick(p.chooser, "", "me")}
	if p.IntN(6) == 0 {
		w.Named = p.anyID()
	}
	doc, sent := p.randomDocument(p.ownID()), pick(p.chooser, nil, []string{"x", "é"})
	switch p.IntN(5) {
	case 0:
		what = "refusal"
		w.Decide = func(*storage.Stored, int64) (storage.Next, error) { return storage.Next{}, storage.ErrReadOnly }
	case 1:
		id := p.foreignID()
		what = "foreign " + id
		w.Decide = decideForeign(doc, id, sent)
	default:
		own := next{kind: pick(p.chooser, storage.Update, storage.Update, storage.Update, storage.Update, storage.Delete, storage.Prune), soft: p.IntN(2) == 0, doc: doc, sent: sent}
		if p.IntN(4) == 0 {
			own.id = p.databaseID()
		}
		what = fmt.Sprintf("own, %s, _id %q", own.kind, own.id)
		w.Decide = own.decide
	}
	return w, fmt.Sprintf("write to %s by %+v, %s: %s", w.Collection, w.Key, what, doc)
}

func (p *pair) randomDocument(identifier string) storage.Document {
	d := storage.Document("{" + p.fields(true) + "}").Edit()
	d.Set("identifier", storage.StringValue(identifier))
	d.Set("srvModified", storage.IntValue(p.clock))
	return d.Document()
}

// next makes what is found, or nothing, a document with an identifier of its own, or deletes it.
type next struct {
	kind storage.Kind // of what becomes of a stored document
	soft bool         // a deletion leaves a document
	doc  storage.Document
	id   string
	sent []string
}

func (n next) decide(stored *storage.Stored, _ int64) (storage.Next, error) {
	switch {
	case stored == nil:
		return storage.Next{Kind: storage.Create, Document: n.doc, ID: n.id, Sent: n.sent}, nil
	case n.kind == storage.Update || n.kind == storage.Delete && n.soft:
		return storage.Next{Kind: n.kind, Document: n.doc, Sent: n.sent}, nil
	default:
		return storage.Next{Kind: n.kind}, nil
	}
}

// decideForeign makes a document without an identifier of its own, or changes one and leaves it so.
func decideForeign(doc storage.Document, id string, sent []string) func(*storage.Stored, int64) (storage.Next, error) {
	return func(stored *storage.Stored, _ int64) (storage.Next, error) {
		d, kind, id := doc.Edit(), storage.Create, id
		d.Delete("identifier")
		if stored != nil {
			if kind = storage.Update; !stored.Foreign {
				return storage.Next{}, storage.ErrReadOnly
			}
			id = stored.Document.Identifier()
		}
		d.Set("name", storage.StringValue(id))
		return storage.Next{Kind: kind, Document: d.Document(), ID: id, Sent: sent}, nil
	}
}
