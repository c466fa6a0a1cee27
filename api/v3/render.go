package v3

import (
	"bufio"
	"io"
	"iter"
	"net/http"

	"github.com/labstack/echo/v4"

	"nightwire/storage"
)

// acceptable refuses output formats that are not offered.
func (r *request) acceptable() error {
	if r.extension != "" && r.extension != "json" {
		return errFormat
	}
	return nil
}

// renderOne answers with one document.
func (r *request) renderOne(doc storage.Document) error {
	if err := r.acceptable(); err != nil {
		return err
	}
	r.Response().Header().Add("Vary", "Accept")
	return r.write(http.StatusOK, []byte(`{"status":200,"result":`+string(doc)+`}`))
}

// renderList answers with documents as they come. An error before the first 64 KiB are full becomes an error answer; a
// later one cuts the connection.
func (r *request) renderList(docs iter.Seq2[storage.Document, error]) error {
	if err := r.acceptable(); err != nil {
		return err
	}
	h := r.Response().Header()
	h.Add("Vary", "Accept")
	h.Set(echo.HeaderContentType, jsonType)
	w := bufio.NewWriterSize(r.Response(), 64<<10)
	separator := `{"status":200,"result":[`
	for doc, err := range docs {
		if err != nil {
			return err
		}
		if _, err := io.WriteString(w, separator+string(doc)); err != nil {
			return nil // the client has gone
		}
		separator = ","
	}
	if separator != "," {
		_, _ = io.WriteString(w, separator)
	}
	_, _ = io.WriteString(w, "]}")
	_ = w.Flush() // fails only when the client has gone
	return nil
}
