package v3

import (
	"errors"
	"net/http"

	"nightwire/storage"
)

// read is GET /{collection}/{identifier} (spec §3, READ).
func (r *request) read() error {
	doc, err := r.Documents.Read(r.ctx(), r.asked(), r.collection, r.identifier)
	if err != nil {
		return r.missing(err)
	}
	fields := fieldNames(r.parameters())
	if modified, ok := doc.Get("srvModified").Int(); ok {
		r.Response().Header().Set("Last-Modified", httpDate(modified))
		if since := dateHeader(r.Request().Header.Get("If-Modified-Since")); since > 0 && modified/1000 <= since/1000 {
			return r.NoContent(http.StatusNotModified)
		}
	}
	return r.renderOne(project(doc, fields))
}

// missing turns the absence of a document whose name ends like a file of an unknown type into the refusal of that type.
func (r *request) missing(err error) error {
	if r.unknown && errors.Is(err, storage.ErrNotFound) {
		return errFormat
	}
	return err
}

// project keeps the named top-level fields, in stored order; no names mean all.
func project(doc storage.Document, fields map[string]bool) storage.Document {
	if len(fields) == 0 {
		return doc
	}
	d := storage.Document("{}").Edit()
	for name, v := range storage.Value(doc).Members() {
		if fields[name] {
			d.Set(name, v)
		}
	}
	return d.Document()
}
