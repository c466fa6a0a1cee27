package sqlite

import (
	"strings"

	"zombiezen.com/go/sqlite"

	"nightwire/storage"
)

// entry is a place in the journal: a change's number, the bytes of all changes up to it, and its time in ms.
type entry struct{ seq, total, time int64 }

// journal is the state of the journal: its newest number (0: nothing ever happened), the bytes of all changes ever
// entered, and its oldest entry.
type journal struct {
	head, total int64
	oldest      entry
}

// excess reports whether the oldest change is to be pruned. The newest one always stays, so that numbers never begin anew.
func (j journal) excess(o Options, now int64) bool { return j.tooMuch(j.oldest, o, now) }

func (j journal) tooMuch(e entry, o Options, now int64) bool {
	return e.seq > 0 && e.seq < j.head && (j.total-e.total > o.JournalBytes || e.time < now-o.JournalAge.Milliseconds())
}

// changeColumns are what readChange reads.
const changeColumns = `seq, time, kind, collection, identifier, named, before, after, sent, by, rev, grp, last`

// enter gives a change its number and writes it into the journal. first is the number of its group's first change.
func (t *transaction) enter(change *storage.Change, first int64) error {
	j := &t.journal
	j.head++
	j.total += int64(len(change.Before)+len(change.After)+2*len(change.Identifier)) + 100
	if j.oldest.seq == 0 {
		j.oldest = entry{j.head, j.total, change.Time}
	}
	change.Cursor = t.cursor(j.head)
	stmt, err := t.conn.Prepare(`INSERT INTO _journal (total, ` + changeColumns + `)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)`)
	if err != nil {
		return err
	}
	stmt.BindInt64(1, j.total)
	stmt.BindInt64(2, j.head)
	stmt.BindInt64(3, change.Time)
	stmt.BindText(4, string(change.Kind))
	stmt.BindText(5, change.Collection)
	stmt.BindText(6, change.Identifier)
	stmt.BindText(7, change.Named)
	stmt.BindText(8, string(change.Before))
	stmt.BindText(9, string(change.After))
	stmt.BindText(10, encodeNames(change.Sent))
	stmt.BindText(11, change.By)
	stmt.BindInt64(12, change.Revision)
	stmt.BindInt64(13, first)
	stmt.BindBool(14, change.Last)
	if err := finish(stmt); err != nil {
		return err
	}
	t.changes = append(t.changes, *change)
	return nil
}

// prune removes changes that are too old or too many, a few more than were entered, so that no commit takes long.
func (t *transaction) prune() error {
	if !t.journal.excess(t.options, t.now()) {
		return nil
	}
	stmt, err := t.conn.Prepare(`SELECT seq, total, time FROM _journal WHERE seq > ?1 ORDER BY seq LIMIT ?2`)
	if err != nil {
		return err
	}
	stmt.BindInt64(1, t.journal.oldest.seq)
	stmt.BindInt64(2, int64(2*len(t.changes)+64))
	now := t.now()
	for t.journal.excess(t.options, now) {
		found, err := stmt.Step()
		if err != nil {
			return err
		}
		if !found {
			break
		}
		t.journal.oldest = entry{stmt.ColumnInt64(0), stmt.ColumnInt64(1), stmt.ColumnInt64(2)}
	}
	if err := stmt.Reset(); err != nil {
		return err
	}
	if stmt, err = t.conn.Prepare(`DELETE FROM _journal WHERE seq < ?1`); err != nil {
		return err
	}
	stmt.BindInt64(1, t.journal.oldest.seq)
	return finish(stmt)
}

func (t *transaction) cursor(seq int64) storage.Cursor { return cursor(t.engine.epoch, seq) }

// readChange reads a row of changeColumns.
func readChange(stmt *sqlite.Stmt, epoch string) (storage.Change, int64) {
	seq := stmt.ColumnInt64(0)
	return storage.Change{
		Cursor:     cursor(epoch, seq),
		Time:       stmt.ColumnInt64(1),
		Kind:       storage.Kind(stmt.ColumnText(2)),
		Collection: stmt.ColumnText(3),
		Identifier: stmt.ColumnText(4),
		Named:      stmt.ColumnText(5),
		Before:     storage.Document(stmt.ColumnText(6)),
		After:      storage.Document(stmt.ColumnText(7)),
		Sent:       decodeNames(stmt.ColumnText(8)),
		By:         stmt.ColumnText(9),
		Revision:   stmt.ColumnInt64(10),
		Group:      string(cursor(epoch, stmt.ColumnInt64(11))),
		Last:       stmt.ColumnBool(12),
	}, seq
}

func encodeNames(names []string) string {
	if len(names) == 0 {
		return ""
	}
	var b strings.Builder
	for i, name := range names {
		b.WriteByte("[,"[min(i, 1)])
		b.WriteString(string(storage.StringValue(name)))
	}
	b.WriteByte(']')
	return b.String()
}

func decodeNames(text string) (names []string) {
	for v := range storage.Value(text).Elements() {
		names = append(names, v.Text())
	}
	return names
}
