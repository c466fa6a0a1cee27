package v3

import (
	"context"
	"errors"
	"net/http"

	"nightwire/security"
	"nightwire/storage"
)

// errNotAcceptable is an output format that is not offered.
var errNotAcceptable = errors.New("not acceptable")

// errNoToken is a request without a usable Authorization header.
var errNoToken = &storage.Error{Kind: security.ErrUnauthenticated, Message: "Missing or bad access token or JWT"}

// outcome is the wire form of a kind of error.
type outcome struct {
	kind    error
	status  int
	message string // when the error brings none of its own; "" for an answer without message
}

// outcomes is the one table from errors to answers (spec §0, design §9). The first kind that matches counts.
var outcomes = []outcome{
	{storage.ErrUnavailable, http.StatusServiceUnavailable, "Database not available"},
	{security.ErrUnavailable, http.StatusServiceUnavailable, "Database not available"},
	{security.ErrUnauthenticated, http.StatusUnauthorized, "Bad access token or JWT"},
	{security.ErrForbidden, http.StatusForbidden, ""},
	{errNotAcceptable, http.StatusNotAcceptable, "Unsupported output format requested"},
	{storage.ErrInvalid, http.StatusBadRequest, "Bad or missing request body"},
	{security.ErrInvalid, http.StatusBadRequest, "Bad or missing request body"},
	{storage.ErrNotFound, http.StatusNotFound, ""},
	{storage.ErrGone, http.StatusGone, ""},
	{storage.ErrPrecondition, http.StatusPreconditionFailed, ""},
	{storage.ErrReadOnly, http.StatusUnprocessableEntity, "Trying to modify read-only document"},
	{storage.ErrTooLarge, http.StatusRequestEntityTooLarge, "Request body too large"},
	{storage.ErrConflict, http.StatusServiceUnavailable, "Too many writers of this document, try again"},
	{storage.ErrGap, http.StatusGone, ""},
}

// outcomeOf finds the wire form of an error; what is in no row is internal.
func outcomeOf(err error) outcome {
	for _, o := range outcomes {
		if errors.Is(err, o.kind) {
			var shown *storage.Error
			var forbidden *security.Forbidden
			switch {
			case errors.As(err, &forbidden):
				o.message = forbidden.Error()
			case errors.As(err, &shown) && shown.Message != "" && o.status != http.StatusServiceUnavailable:
				o.message = shown.Message
			}
			return o
		}
	}
	return outcome{err, http.StatusInternalServerError, "Internal Server Error"}
}

// fail answers with an error.
func (r *request) fail(err error) error {
	if errors.Is(err, context.Canceled) && r.ctx().Err() != nil {
		return nil // the client has gone
	}
	if r.Response().Committed {
		r.Log.Error("answer cut short", "request", r.requestID(), "error", err)
		panic(http.ErrAbortHandler) // so that the client sees a broken answer, not a short one
	}
	o := outcomeOf(err)
	switch {
	case o.status == http.StatusInternalServerError:
		r.Log.Error("request failed", "request", r.requestID(), "error", err)
	case o.status == http.StatusServiceUnavailable:
		r.Log.Warn("cannot answer now", "request", r.requestID(), "error", err)
		r.Response().Header().Set("Retry-After", "5")
	}
	return r.write(o.status, errorBody(o))
}

func errorBody(o outcome) []byte {
	body := `{"status":` + itoa(int64(o.status))
	if o.message != "" {
		body += `,"message":` + string(storage.StringValue(o.message))
	}
	return []byte(body + "}")
}
