package sqlite

import (
	"fmt"
	"slices"
	"strings"

	"zombiezen.com/go/sqlite"

	"nightwire/storage"
)

// plan is how a query reads a table: through which index, which part of it, and in which order. It yields all documents
// that match and perhaps more; storage.Filter.Match has the last word. It uses no more than one column's conditions, so
// that the texts of statements, which every connection caches, stay few.
type plan struct {
	index  string // "" reads the whole table
	where  []string
	values []storage.Value
	order  int  // column by which the rows come, -1: no order of use
	desc   bool // in descending order
}

// planFor chooses. Where nothing can match, nothing is read. Then an identifier is looked up. Then documents without srvModified, which are few or are read in
// the order of their dates, are found by it. Then rows in the order of the first sort key are best, when
// its index is narrowed too, because reading can stop at the limit; then any narrowed index; then the order alone.
func planFor(q storage.Query, odd oddSet) plan {
	var b [columnCount]bounds
	gather(&b, &q.Filter, odd)
	order, desc := -1, false
	if len(q.Sort) > 0 {
		if i := columnOf(q.Sort[0].Path); i >= 0 && !odd.has(i) {
			order, desc = i, q.Sort[0].Desc
		}
	}
	never := slices.IndexFunc(b[:], func(b bounds) bool { return b.never })
	switch {
	case never >= 0:
		return b[never].plan(never, -1, false)
	case b[identifier].pointed():
		return b[identifier].plan(identifier, -1, false)
	case b[srvModified].null && slices.Contains(unstampedBy, order):
		p := b[order].plan(order, order, desc)
		p.index, p.where = unstampedIndex(order), append(p.where, isUnstamped)
		return p
	case b[srvModified].null:
		return plan{index: columns[srvModified].name, where: []string{isUnstamped}, order: -1}
	case order >= 0 && b[order].ranged():
		return b[order].plan(order, order, desc)
	case order == createdAt && b[eventType].equal != "":
		return b[eventType].plan(eventType, createdAt, desc)
	}
	if i := narrowest(&b); i >= 0 {
		return b[i].plan(i, -1, false)
	}
	if order >= 0 && order != eventType {
		return plan{index: columns[order].name, order: order, desc: desc}
	}
	return plan{order: -1}
}

// narrowest is the column whose conditions are likely to leave the fewest documents, -1 when there are none.
func narrowest(b *[columnCount]bounds) int {
	best, score := -1, 0
	for _, i := range []int{number, date, createdAt, srvModified, eventType, identifier} {
		if s := b[i].score(i); s > score {
			best, score = i, s
		}
	}
	return best
}

// prepare makes the statement that reads the given columns, with one more condition unless it is empty. A rank is the
// value that rows are ordered by, as the last column.
func (p plan) prepare(conn *sqlite.Conn, t *table, read, and string) (*sqlite.Stmt, error) {
	var sql strings.Builder
	sql.WriteString("SELECT " + read)
	if p.order >= 0 {
		sql.WriteString(", " + columns[p.order].quoted())
	}
	sql.WriteString(" FROM " + t.quoted)
	if p.index != "" {
		sql.WriteString(" INDEXED BY " + t.index(p.index))
	}
	word := " WHERE "
	for _, condition := range append(p.where[:len(p.where):len(p.where)], and) {
		if condition != "" {
			sql.WriteString(word + condition)
			word = " AND "
		}
	}
	if p.order >= 0 {
		sql.WriteString(" ORDER BY " + columns[p.order].quoted())
		if p.desc {
			sql.WriteString(" DESC")
		}
	}
	stmt, err := conn.Prepare(sql.String())
	if err != nil {
		return nil, fmt.Errorf("planning a query of %s: %w", t.name, err)
	}
	for i, v := range p.values {
		if v.Type() == storage.Array {
			stmt.BindText(i+1, string(v))
		} else {
			bind(stmt, i+1, v)
		}
	}
	return stmt, nil
}
