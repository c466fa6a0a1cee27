package v3

import (
	"bufio"
	"iter"
	"net/http"

	"github.com/labstack/echo/v4"

	"nightwire/storage"
)

// renderer writes documents in one form. Errors of the writer show when it is flushed.
type renderer interface {
	begin(*bufio.Writer)
	document(*bufio.Writer, storage.Document)
	end(*bufio.Writer)
}

func (f format) renderer(single bool) renderer {
	switch f.ending {
	case "csv":
		return &csvWriter{}
	case "xml":
		return &xmlWriter{single: single}
	default:
		return &jsonWriter{single: single}
	}
}

// jsonWriter writes documents as they are stored.
type jsonWriter struct {
	single bool
	any    bool
}

func (j *jsonWriter) begin(w *bufio.Writer) {
	_, _ = w.WriteString(`{"status":200,"result":`) // what fails here fails again at the flush
	if !j.single {
		_ = w.WriteByte('[')
	}
}

func (j *jsonWriter) document(w *bufio.Writer, doc storage.Document) {
	if j.any {
		_ = w.WriteByte(',')
	}
	j.any = true
	_, _ = w.WriteString(string(doc))
}

func (j *jsonWriter) end(w *bufio.Writer) {
	if !j.single {
		_ = w.WriteByte(']')
	}
	_ = w.WriteByte('}')
}

// renderOne answers with one document.
func (r *request) renderOne(doc storage.Document) error {
	return r.render(true, func(yield func(storage.Document, error) bool) { yield(doc, nil) })
}

// renderList answers with documents as they come.
func (r *request) renderList(docs iter.Seq2[storage.Document, error]) error {
	return r.render(false, docs)
}

// render answers in the form that the client wants. An error before the first 64 KiB are full becomes an error answer; a
// later one cuts the connection.
func (r *request) render(single bool, docs iter.Seq2[storage.Document, error]) error {
	h := r.Response().Header()
	h.Add("Vary", "Accept")
	f, err := negotiate(r.extension, r.Request().Header.Get("Accept"))
	if err != nil {
		return err
	}
	if fresh(r.Request().Header, h) {
		return r.NoContent(http.StatusNotModified)
	}
	w := bufio.NewWriterSize(r.Response(), 64<<10)
	out := f.renderer(single)
	out.begin(w)
	h.Set(echo.HeaderContentType, f.contentType)
	for doc, err := range docs {
		if err != nil {
			return err
		}
		out.document(w, doc)
	}
	out.end(w)
	_ = w.Flush() // fails only when the client has gone
	return nil
}
