package mongo

import (
	"log/slog"
	"time"

	"nightwire/storage"
)

// foreign is the change of a document that another program wrote.
func foreign(e event, after record, before storage.Document) storage.Change {
	c := foreignChange(e, after.doc, before)
	c.Kind = storage.Update
	switch {
	case e.kind == inserted:
		c.Kind = storage.Create
	case after.doc.Get("isValid") == "false" && before.Get("isValid") != "false":
		c.Kind = storage.Delete
	}
	if modified := after.doc.Get("srvModified"); !modified.Truthy() {
		d := after.doc.Edit()
		d.Set("srvModified", storage.IntValue(e.at))
		c.After = d.Document()
	} else if ms, ok := modified.Int(); ok && modified != before.Get("srvModified") {
		c.Time = ms
	}
	if after.mark != nil {
		c.Revision = after.mark.Rev
	}
	return c
}

// foreignChange is what all changes by other programs have in common. Each is a group of its own.
func foreignChange(e event, after, before storage.Document) storage.Change {
	identifier := after.Identifier()
	if after == "" {
		identifier = before.Identifier()
	}
	return storage.Change{
		Before: before, After: after, Identifier: identifier, Named: identifier,
		Time: e.at, Group: e.group, Last: true,
	}
}

// untoldEvery is how often the log says how many deletions could not be told.
const untoldEvery = time.Minute

// untold counts the deletions by other programs of documents of which nothing is known, so that nobody can be told which
// document is gone.
type untold struct {
	count  int
	logged time.Time
}

func (u *untold) add(log *slog.Logger, now time.Time) {
	u.count++
	if now.Sub(u.logged) < untoldEvery {
		return
	}
	log.Warn("other programs deleted documents of which only the database key is known; clients were not told", "documents", u.count)
	u.count, u.logged = 0, now
}
