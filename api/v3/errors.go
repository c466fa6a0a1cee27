package v3

import (
	"context"
	"errors"
	"net/http"
	"slices"

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
	fixed   bool   // the message is always this one, whatever the error brings
	index   *int   // of the document of a bulk write that is to blame; nil for all other errors
}

// outcomes is the one table from errors to answers (spec §0, docs/design.md §9). The first kind that matches counts.
var outcomes = []outcome{
	{kind: storage.ErrSlow, status: http.StatusServiceUnavailable, message: "The search took too long"},
	{kind: storage.ErrUnavailable, status: http.StatusServiceUnavailable, message: "Database not available", fixed: true},
	{kind: security.ErrUnavailable, status: http.StatusServiceUnavailable, message: "Database not available", fixed: true},
	{kind: security.ErrUnauthenticated, status: http.StatusUnauthorized, message: "Bad access token or JWT"},
	{kind: security.ErrForbidden, status: http.StatusForbidden},
	{kind: errNotAcceptable, status: http.StatusNotAcceptable, message: "Unsupported output format requested"},
	{kind: storage.ErrInvalid, status: http.StatusBadRequest, message: "Bad or missing request body"},
	{kind: security.ErrInvalid, status: http.StatusBadRequest, message: "Bad or missing request body"},
	{kind: storage.ErrNotFound, status: http.StatusNotFound},
	{kind: storage.ErrGone, status: http.StatusGone},
	{kind: storage.ErrPrecondition, status: http.StatusPreconditionFailed},
	{kind: storage.ErrReadOnly, status: http.StatusUnprocessableEntity, message: "Trying to modify read-only document"},
	{kind: storage.ErrTooLarge, status: http.StatusRequestEntityTooLarge, message: "Request body too large"},
	{kind: storage.ErrTaken, status: http.StatusBadRequest, message: "Another document has this identifier or _id"},
	{kind: storage.ErrConflict, status: http.StatusServiceUnavailable, message: "Too many writers of this document, try again", fixed: true},
	{kind: storage.ErrGap, status: http.StatusGone},
}

// outcomeOf finds the wire form of an error; what is in no row is internal.
func outcomeOf(err error) outcome {
	i := slices.IndexFunc(outcomes, func(o outcome) bool { return errors.Is(err, o.kind) })
	if i < 0 {
		return outcome{kind: err, status: http.StatusInternalServerError, message: "Internal Server Error"}
	}
	o := outcomes[i]
	var shown *storage.Error
	var forbidden *security.Forbidden
	switch {
	case errors.As(err, &forbidden):
		o.message = forbidden.Error()
	case errors.As(err, &shown) && shown.Message != "" && !o.fixed:
		o.message = shown.Message
	}
	return o
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
	o := r.noted(err)
	if o.status == http.StatusServiceUnavailable {
		r.Response().Header().Set("Retry-After", "5")
	}
	var refused *storage.Refused
	if errors.As(err, &refused) {
		o.index = &refused.Index
	}
	return r.write(o.status, errorBody(o))
}

// noted is the wire form of an error, which is logged when it is not the client's.
func (r *request) noted(err error) outcome {
	o := outcomeOf(err)
	switch o.status {
	case http.StatusInternalServerError:
		r.Log.Error("request failed", "request", r.requestID(), "error", err)
	case http.StatusServiceUnavailable:
		r.Log.Warn("cannot answer now", "request", r.requestID(), "error", err)
	}
	return o
}

func errorBody(o outcome) []byte {
	body := `{"status":` + itoa(int64(o.status))
	if o.message != "" {
		body += `,"message":` + quote(o.message)
	}
	if o.index != nil {
		body += `,"index":` + itoa(int64(*o.index))
	}
	return []byte(body + "}")
}
