package sqlite

import (
	"zombiezen.com/go/sqlite"

	"nightwire/storage"
)

// column is a top-level field that a table holds in a column of its own besides the document's text. A column
// holds only values of the expected type; anything else is NULL there. A field that is neither of that type nor null nor
// missing makes the column odd, once and for all for its collection: NULL then no longer means null, so queries stop using
// it.
type column struct {
	path string // in documents
	name string // in the file
	kind storage.Type
}

// The columns; places are indexes into columns, and bits of an oddSet in the file. Tables that the first version of the
// layout made have those before number only, and there number is odd (see adopt).
const (
	identifier = iota
	srvModified
	date
	createdAt
	eventType
	number // the documents' id; the column id is the side column of their _id
	columnCount

	firstColumns = number
)

var columns = [columnCount]column{
	{"identifier", "identifier", storage.String},
	{"srvModified", "srvModified", storage.Number},
	{"date", "date", storage.Number},
	{"created_at", "created_at", storage.String},
	{"eventType", "eventType", storage.String},
	{"id", "number", storage.Number},
}

func (c column) quoted() string { return `"` + c.name + `"` }

func (c column) declaration() string {
	switch {
	case c.name == "identifier":
		return "TEXT NOT NULL"
	case c.kind == storage.Number:
		return "ANY" // integers and doubles, each exactly
	default:
		return "TEXT"
	}
}

// columnOf is the place of the column that holds the values of a path, -1 for none.
func columnOf(path string) int {
	for i, c := range columns {
		if c.path == path {
			return i
		}
	}
	return -1
}

// oddSet is a set of columns, one bit each.
type oddSet int64

func (o oddSet) has(column int) bool { return o>>column&1 != 0 }

// values are a document's values for the columns.
type values [columnCount]storage.Value

func valuesOf(doc storage.Document) (v values, odd oddSet) {
	for name, field := range storage.Value(doc).Members() {
		i := columnOf(name)
		if i < 0 {
			continue
		}
		switch field.Type() {
		case columns[i].kind:
			v[i] = field
		case storage.Null:
		default:
			odd |= 1 << i
		}
	}
	return v, odd
}

// unchanged reports whether all columns but srvModified, which every write changes, are the same.
func (v values) unchanged(w values) bool {
	v[srvModified], w[srvModified] = "", ""
	return v == w
}

// bind binds a value of a column, NULL when absent.
func bind(stmt *sqlite.Stmt, param int, v storage.Value) {
	switch v.Type() {
	case storage.Number:
		if n, ok := v.Int(); ok {
			stmt.BindInt64(param, n)
		} else {
			stmt.BindFloat(param, v.Float())
		}
	case storage.String:
		stmt.BindText(param, v.Text())
	default:
		stmt.BindNull(param)
	}
}
