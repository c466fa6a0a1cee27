// Package archive moves everything an engine holds into a file and from there into another engine. It owns the file's format
// and what an import does with a document that is there already; it knows no engine.
//
// The format is text, one JSON object a line. The first line names the format and its version; each further one holds a
// document; the last one says how many there are, so that a file that was cut off is told apart:
//
//	{"format":"nightwire-export","version":1,"from":"sqlite 3.51.0"}
//	{"collection":"entries","id":"64f0a1b2c3d4e5f60718293a","foreign":true,"document":{"sgv":120}}
//	{"collection":"entries","foreign":false,"document":{"identifier":"a","sgv":121,"srvModified":1682938800750}}
//	{"end":true,"documents":2}
//
// id is the database key (_id), where a document has one. foreign is true of documents without an identifier of their own.
// A document is as it is stored, tombstones included, with all its fields in their order.
//
// Read export.go, then import.go.
package archive

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"nightwire/storage"
)

const (
	formatName    = "nightwire-export"
	formatVersion = 1
)

// maxLine is how many bytes a line may have: a document of the greatest size, which as text may be longer than
// in a database.
const maxLine = 64 << 20

// header is the first line.
type header struct {
	Format  string `json:"format"`
	Version int    `json:"version"`
	From    string `json:"from"`
}

// parseHeader refuses what is no export, or one that this program cannot read.
func parseHeader(line []byte) error {
	var h header
	switch err := json.Unmarshal(line, &h); {
	case err != nil || h.Format != formatName:
		return fmt.Errorf("this is no export: its first line is not {\"format\":%q,...}. Files that other programs wrote, such as mongoexport, are not read", formatName)
	case h.Version != formatVersion:
		return fmt.Errorf("this export has version %d of the format and this program knows %d only: use the newer program", h.Version, formatVersion)
	}
	return nil
}

// line is any further one: a document, or the end.
type line struct {
	Collection string          `json:"collection"`
	ID         string          `json:"id"`
	Foreign    bool            `json:"foreign"`
	Document   json.RawMessage `json:"document"`

	End       bool `json:"end"`
	Documents int  `json:"documents"`
}

// entry is a document on its way.
type entry struct {
	collection string
	storage.Dumped
}

// appendTo appends the line of a document.
func (e entry) appendTo(out []byte) []byte {
	out = append(append(out, `{"collection":`...), storage.StringValue(e.collection)...)
	if e.ID != "" {
		out = append(append(out, `,"id":`...), storage.StringValue(e.ID)...)
	}
	out = strconv.AppendBool(append(out, `,"foreign":`...), e.Foreign)
	out = append(append(out, `,"document":`...), e.Document...)
	return append(out, "}\n"...)
}

// parseLine reads a line that is not the first one. Errors: storage.ErrInvalid.
func parseLine(text []byte) (line, entry, error) {
	var l line
	if err := json.Unmarshal(text, &l); err != nil {
		return l, entry{}, storage.Invalid("no line of an export: %v", err)
	}
	if l.End {
		return l, entry{}, nil
	}
	e := entry{l.Collection, storage.Dumped{ID: l.ID, Foreign: l.Foreign}}
	if l.Collection == "" || len(l.Document) == 0 {
		return l, e, storage.Invalid("no line of an export: collection and document are needed")
	}
	doc, err := storage.DecodeDocument(l.Document)
	if err != nil {
		return l, e, err
	}
	e.Document = doc
	switch own := doc.Identifier() != ""; {
	case own == l.Foreign:
		return l, e, storage.Invalid("foreign is %t, and the document has the identifier %.80q", l.Foreign, doc.Identifier())
	case doc.Get("_id") != "":
		return l, e, storage.Invalid("an _id stands beside the document, as id")
	case l.Foreign && l.ID == "":
		return l, e, storage.Invalid("a document without identifier needs an id")
	}
	return l, e, nil
}

// isBad tells whether an error is about one line alone, so that the others can be imported without it.
func isBad(err error) bool {
	return errors.Is(err, storage.ErrInvalid) || errors.Is(err, storage.ErrTaken) || errors.Is(err, storage.ErrTooLarge)
}
