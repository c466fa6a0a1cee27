package v3

import (
	"bufio"
	"strings"

	"nightwire/storage"
)

// csvWriter writes documents as CSV: the names of the first document's fields, then a line for each document. Further
// fields of later documents are left out (spec §1, Rendering).
type csvWriter struct{ names []string }

func (c *csvWriter) begin(*bufio.Writer) {}
func (c *csvWriter) end(*bufio.Writer)   {}

func (c *csvWriter) document(w *bufio.Writer, doc storage.Document) {
	first := c.names == nil
	cells := map[string]string{} // not doc.Get for each name: documents may have very many fields
	for name, v := range storage.Value(doc).Members() {
		cells[name] = csvText(v)
		if first {
			c.names = append(c.names, name)
		}
	}
	if first {
		c.line(w, func(name string) string { return name })
	}
	c.line(w, func(name string) string { return cells[name] })
}

func (c *csvWriter) line(w *bufio.Writer, cell func(name string) string) {
	for i, name := range c.names {
		if i > 0 {
			_ = w.WriteByte(',') // what fails here fails again at the flush
		}
		text := cell(name)
		if strings.ContainsAny(text, ",\"\n\r") {
			text = `"` + strings.ReplaceAll(text, `"`, `""`) + `"`
		}
		_, _ = w.WriteString(text)
	}
	_ = w.WriteByte('\n')
}

func csvText(v storage.Value) string {
	switch v.Type() {
	case storage.Absent, storage.Null:
		return ""
	case storage.Bool:
		if v == "true" {
			return "1"
		}
		return ""
	case storage.Object, storage.Array:
		return string(v)
	default:
		return scalarText(v)
	}
}

// scalarText is a string's characters, a number as JavaScript writes it (integers with all their digits), true or false.
func scalarText(v storage.Value) string {
	switch v.Type() {
	case storage.String:
		return v.Text()
	case storage.Number:
		return v.NumberText()
	default:
		return string(v)
	}
}
