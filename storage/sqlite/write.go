package sqlite

import (
	"fmt"

	"zombiezen.com/go/sqlite"

	"nightwire/storage"
)

// write performs one read-modify-write. The change it returns is not in the journal yet.
func (t *transaction) write(w storage.Write) (storage.Change, error) {
	c, table := t.collection(w.Collection), t.table(w.Collection)
	var old row
	var stored *storage.Stored
	if c.exists {
		found, err := false, error(nil)
		if old, found, err = lookup(t.conn, table, c.odd, w.Key); err != nil {
			return storage.Change{}, err
		}
		if found {
			stored = &old.Stored
		}
	}
	now := c.tick(t.now())
	next, err := t.decide(w, stored, now)
	if err != nil {
		return storage.Change{}, refusal{err}
	}
	change := storage.Change{
		Kind: next.Kind, Collection: w.Collection, Named: w.Named, Before: old.Document,
		Sent: next.Sent, By: w.By, Time: now, Revision: old.Revision + 1, Answered: w.Answered,
	}
	c.clock, c.ticked = now, true
	if change.After, err = t.put(table, &c, old, next); err != nil {
		return storage.Change{}, err
	}
	t.collections[w.Collection] = c
	if change.Identifier = change.After.Identifier(); change.After == "" {
		change.Identifier = old.Document.Identifier()
	}
	if change.Named == "" {
		change.Named = change.Identifier
	}
	return change, nil
}

// put stores what was decided, and returns the document as stored ("" when it was removed).
func (t *transaction) put(table *table, c *collection, old row, next storage.Next) (storage.Document, error) {
	if next.Document == "" {
		if old.n == 0 {
			return "", refusal{storage.ErrNotFound}
		}
		return "", t.remove(table, old)
	}
	doc, own, err := identified(next, old)
	if err != nil {
		return "", refusal{err}
	}
	v, odd := valuesOf(doc)
	if !c.exists {
		if err := t.createTable(table); err != nil {
			return "", err
		}
		c.exists = true
	}
	c.odd |= odd
	if old.n == 0 {
		return doc, t.insert(table, v, own, doc, next.ID)
	}
	return doc, t.update(table, v, own, doc, old)
}

// createTable makes a collection, which stays even if the write that needed it is refused after all.
func (t *transaction) createTable(table *table) error {
	if err := script(t.conn, table.create...); err != nil {
		return fmt.Errorf("making collection %s: %w", table.name, err)
	}
	c := t.collection(table.name)
	c.exists = true
	t.collections[table.name] = c
	return nil
}

// identified settles a document's identifier: one that is stored without shows its _id, and does not count as having its
// own.
func identified(next storage.Next, old row) (doc storage.Document, own bool, err error) {
	v := next.Document.Get("identifier")
	switch {
	case v.Type() == storage.String && v.Text() != "":
		return next.Document, true, nil
	case v.Truthy():
		return "", false, storage.Invalid("identifier must be a string")
	}
	id := storage.StringValue(next.ID)
	if old.Foreign {
		id = old.Document.Get("identifier")
	} else if next.ID == "" {
		return "", false, storage.Invalid("a document needs an identifier or an _id")
	}
	draft := next.Document.Edit()
	draft.Set("identifier", id)
	return draft.Document(), false, nil
}

func (t *transaction) insert(table *table, v values, own bool, doc storage.Document, id string) error {
	stmt, err := t.conn.Prepare(table.insert)
	if err != nil {
		return err
	}
	table.bindRow(stmt, v, 1, own, doc)
	if id != "" {
		stmt.BindText(table.width+4, id)
	}
	return refusalOf(finish(stmt))
}

func (t *transaction) update(table *table, v values, own bool, doc storage.Document, old row) error {
	was, _ := valuesOf(old.Document)
	if own == !old.Foreign && v.unchanged(was) {
		return t.touch(table, v, doc, old)
	}
	stmt, err := t.conn.Prepare(table.rewrite)
	if err != nil {
		return err
	}
	table.bindRow(stmt, v, old.Revision+1, own, doc)
	stmt.BindInt64(table.width+4, old.n)
	return refusalOf(finish(stmt))
}

// touch spares the indexes of what is as it was, which is most of the work of an update.
func (t *transaction) touch(table *table, v values, doc storage.Document, old row) error {
	stmt, err := t.conn.Prepare(table.touch)
	if err != nil {
		return err
	}
	bind(stmt, 1, v[srvModified])
	stmt.BindInt64(2, old.Revision+1)
	stmt.BindText(3, string(doc))
	stmt.BindInt64(4, old.n)
	return refusalOf(finish(stmt))
}

func (t *transaction) remove(table *table, old row) error {
	stmt, err := t.conn.Prepare(table.remove)
	if err != nil {
		return err
	}
	stmt.BindInt64(1, old.n)
	if err := finish(stmt); err != nil {
		return fmt.Errorf("removing a document: %w", err)
	}
	return nil
}

// bindRow binds what insert and rewrite have in common.
func (t *table) bindRow(stmt *sqlite.Stmt, v values, rev int64, own bool, doc storage.Document) {
	for i := range t.width {
		bind(stmt, i+1, v[i])
	}
	stmt.BindInt64(t.width+1, rev)
	stmt.BindBool(t.width+2, own)
	stmt.BindText(t.width+3, string(doc))
}
