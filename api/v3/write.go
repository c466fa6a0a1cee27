package v3

import (
	"net/http"
	"strconv"

	"nightwire/storage"
)

// create is POST /{collection} (spec §3, CREATE).
func (r *request) create() error {
	doc, err := r.document()
	if err != nil {
		return err
	}
	asked, answered := r.awaited()
	defer answered()
	res, err := r.Documents.Create(r.ctx(), asked, r.collection, doc)
	if err != nil {
		return err
	}
	h := r.Response().Header()
	h.Set("Last-Modified", httpDate(res.LastModified))
	h.Set("Location", r.location(res.Identifier))
	status, body := created(res)
	return r.write(status, []byte(body))
}

// created is the answer to the creation of one document.
func created(res storage.Result) (status int, body string) {
	if res.Created {
		return http.StatusCreated, `{"status":201,"identifier":` + quote(res.Identifier) + `,"lastModified":` + itoa(res.LastModified) + `}`
	}
	body = `{"status":200,"lastModified":` + itoa(res.LastModified) + `,"identifier":` + quote(res.Identifier) + `,"isDeduplication":true`
	if res.Deduplicated != "" && res.Deduplicated != res.Identifier {
		body += `,"deduplicatedIdentifier":` + quote(res.Deduplicated)
	}
	return http.StatusOK, body + "}"
}

// update is PUT /{collection}/{identifier} (spec §3, UPDATE).
func (r *request) update() error {
	doc, err := r.document()
	if err != nil {
		return err
	}
	asked, answered := r.conditional()
	defer answered()
	res, err := r.Documents.Update(r.ctx(), asked, r.collection, r.identifier, doc)
	if err != nil {
		return err
	}
	h := r.Response().Header()
	h.Set("Last-Modified", httpDate(res.LastModified))
	if res.Created {
		h.Set("Location", r.location(res.Identifier))
		status, body := created(res)
		return r.write(status, []byte(body))
	}
	return r.write(http.StatusOK, []byte(`{"status":200,"lastModified":`+itoa(res.LastModified)+`}`))
}

// patch is PATCH /{collection}/{identifier} (spec §3, PATCH).
func (r *request) patch() error {
	doc, err := r.document()
	if err != nil {
		return err
	}
	asked, answered := r.conditional()
	defer answered()
	res, err := r.Documents.Patch(r.ctx(), asked, r.collection, r.identifier, doc)
	if err != nil {
		return r.missing(err)
	}
	r.Response().Header().Set("Last-Modified", httpDate(res.LastModified))
	return r.write(http.StatusOK, []byte(`{"status":200}`))
}

// remove is DELETE /{collection}/{identifier} (spec §3, DELETE).
func (r *request) remove() error {
	asked, answered := r.awaited()
	defer answered()
	permanent := r.QueryParam("permanent") == "true"
	if _, err := r.Documents.Delete(r.ctx(), asked, r.collection, r.identifier, permanent); err != nil {
		return r.missing(err)
	}
	return r.write(http.StatusOK, []byte(`{"status":200}`))
}

// conditional is awaited for a write that If-Unmodified-Since may forbid.
func (r *request) conditional() (asked storage.Request, answered func()) {
	asked, answered = r.awaited()
	asked.UnmodifiedSince = dateHeader(r.Request().Header.Get("If-Unmodified-Since"))
	return asked, answered
}

// awaited is asked for a write whose events wait until answered is called, which sends what was answered.
func (r *request) awaited() (asked storage.Request, answered func()) {
	done := make(chan struct{})
	asked = r.asked()
	asked.Answered = done
	return asked, func() {
		defer close(done)
		if r.Response().Committed {
			_ = http.NewResponseController(r.Response()).Flush() // fails only when the client has gone
		}
	}
}

// dateHeader is the time in a header in ms; 0 when there is none or it cannot be read, which counts as none (spec §3).
func dateHeader(text string) int64 {
	ms, _, ok := storage.ParseDate(storage.StringValue(text))
	if !ok {
		return 0
	}
	return ms
}

func quote(s string) string { return string(storage.StringValue(s)) }

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
