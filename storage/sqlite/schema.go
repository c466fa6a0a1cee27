package sqlite

import (
	"fmt"
	"strings"

	"zombiezen.com/go/sqlite"

	"nightwire/storage"
)

// The marks in the header of the file. The first version of the layout had no column number. Its programs would leave that
// empty, and so must not write to tables that have it.
const (
	applicationID = 0x4e777265 // "Nwre"
	schemaVersion = 2
)

// The tables beside those of the collections. Names of collections begin with a letter, so these cannot collide.
//
// _collections holds, besides the names, the newest srvModified given out and which columns are not to be trusted (see
// columns.go); a clock kept there never goes back, whatever is deleted. In _journal, total counts the bytes of all
// changes up to this one, so that the size of any part of the journal is a subtraction; before and after are document
// texts, sent a JSON array of names, grp the seq of the first change of the same request.
var baseTables = []string{
	`CREATE TABLE _meta (epoch TEXT NOT NULL) STRICT`,
	`CREATE TABLE _collections (name TEXT PRIMARY KEY, clock INTEGER NOT NULL, odd INTEGER NOT NULL) STRICT, WITHOUT ROWID`,
	`CREATE TABLE _journal (seq INTEGER PRIMARY KEY, total INTEGER NOT NULL, time INTEGER NOT NULL, kind TEXT NOT NULL,
	collection TEXT NOT NULL, identifier TEXT NOT NULL, named TEXT NOT NULL, before TEXT NOT NULL, after TEXT NOT NULL,
	sent TEXT NOT NULL, by TEXT NOT NULL, rev INTEGER NOT NULL, grp INTEGER NOT NULL, last INTEGER NOT NULL) STRICT`,
}

// table holds the SQL of one collection. Its texts are the keys of each connection's statement cache.
type table struct {
	name   string
	file   string // the table's name in the file
	quoted string
	width  int // how many of the columns it has: columnCount or, when the first version made it, firstColumns

	create       []string // of a table that this program makes
	unstamped    []string // indexes that files of older programs lack
	byIdentifier string
	byID         string
	byForeignID  string
	insert       string
	rewrite      string // all columns
	touch        string // only what every write changes
	remove       string
}

// rowColumns are what lookup reads of a row.
const rowColumns = `n, own, rev, doc`

// newTable is a table as this program makes it.
func newTable(name string) *table {
	t := layout(name, columnCount)
	q := t.quoted
	declared := make([]string, 0, columnCount)
	for _, c := range columns {
		declared = append(declared, c.quoted()+" "+c.declaration())
	}
	t.create = []string{
		"CREATE TABLE " + q + " (n INTEGER PRIMARY KEY, " + strings.Join(declared, ", ") +
			", rev INTEGER NOT NULL, own INTEGER NOT NULL, doc TEXT NOT NULL, id TEXT) STRICT",
		`CREATE UNIQUE INDEX ` + t.index("id") + ` ON ` + q + ` (id) WHERE id IS NOT NULL`,
		`CREATE INDEX ` + t.index("foreign") + ` ON ` + q + ` (own) WHERE own = 0`,
		`CREATE UNIQUE INDEX ` + t.index("identifier") + ` ON ` + q + ` (identifier)`,
		`CREATE INDEX ` + t.index("srvModified") + ` ON ` + q + ` ("srvModified")`,
		`CREATE INDEX ` + t.index("date") + ` ON ` + q + ` ("date")`,
		`CREATE INDEX ` + t.index("created_at") + ` ON ` + q + ` ("created_at")`,
		`CREATE INDEX ` + t.index("eventType") + ` ON ` + q + ` ("eventType", "created_at") WHERE "eventType" IS NOT NULL`,
		`CREATE INDEX ` + t.index("number") + ` ON ` + q + ` ("number")`,
	}
	t.create = append(t.create, t.unstamped...)
	return t
}

// readTable is a table as it is in the file. The name is one of a collection.
func readTable(conn *sqlite.Conn, name string) (*table, error) {
	has, err := ask(conn, fmt.Sprintf(`SELECT count(*) FROM pragma_table_info('%s') WHERE name = '%s'`, fileName(name), columns[number].name))
	if err != nil {
		return nil, fmt.Errorf("reading the layout of %s: %w", name, err)
	}
	if has == "0" {
		return layout(name, firstColumns), nil
	}
	return newTable(name), nil
}

// layout is a table that has so many of the columns. It says nothing of how it is made.
func layout(name string, width int) *table {
	file := fileName(name)
	q := `"` + file + `"`
	t := &table{name: name, file: file, quoted: q, width: width}
	var names, marks, sets []string
	for i, c := range columns[:width] {
		names = append(names, c.quoted())
		marks = append(marks, fmt.Sprintf("?%d", i+1))
		sets = append(sets, fmt.Sprintf("%s = ?%d", c.quoted(), i+1))
	}
	for _, i := range unstampedBy {
		t.unstamped = append(t.unstamped,
			`CREATE INDEX IF NOT EXISTS `+t.index(unstampedIndex(i))+` ON `+q+` (`+columns[i].quoted()+`) WHERE `+isUnstamped)
	}
	t.byIdentifier = `SELECT ` + rowColumns + ` FROM ` + q + ` WHERE identifier = ?1`
	t.byID = `SELECT ` + rowColumns + ` FROM ` + q + ` WHERE id = ?1`
	t.byForeignID = t.byID + ` AND own = 0`
	next := width + 1
	t.insert = fmt.Sprintf(`INSERT INTO %s (%s, rev, own, doc, id) VALUES (%s, ?%d, ?%d, ?%d, ?%d)`,
		q, strings.Join(names, ", "), strings.Join(marks, ", "), next, next+1, next+2, next+3)
	t.rewrite = fmt.Sprintf(`UPDATE %s SET %s, rev = ?%d, own = ?%d, doc = ?%d WHERE n = ?%d`,
		q, strings.Join(sets, ", "), next, next+1, next+2, next+3)
	t.touch = `UPDATE ` + q + ` SET "srvModified" = ?1, rev = ?2, doc = ?3 WHERE n = ?4`
	t.remove = `DELETE FROM ` + q + ` WHERE n = ?1`
	return t
}

// isUnstamped is true of documents that other programs wrote, which have no srvModified. HISTORY reads them by their dates,
// through indexes of their own, which in most collections are empty.
const isUnstamped = `"srvModified" IS NULL`

var unstampedBy = []int{date, createdAt}

func unstampedIndex(column int) string { return "unstamped_" + columns[column].name }

// index is the quoted name of one of the collection's indexes; the dot keeps it apart from names of collections.
func (t *table) index(of string) string { return `"` + t.file + `.` + of + `"` }

// fileName is a name that stays apart from those that differ in capitals only, which are one name to SQLite: each capital
// has a mark before it.
func fileName(name string) string {
	var marked strings.Builder
	for _, c := range []byte(name) {
		if c >= 'A' && c <= 'Z' {
			marked.WriteByte('^')
		}
		marked.WriteByte(c)
	}
	return marked.String()
}

// checkName refuses what cannot be the name of a collection here.
func checkName(name string) error {
	if !storage.ValidName(name) || strings.HasPrefix(name, "sqlite_") {
		return storage.Invalid("Bad collection name %.70q", name)
	}
	return nil
}
