package v2

import (
	"encoding/json"
	"errors"
	"net/http"

	"nightwire/api"
	"nightwire/security"
)

// What this face refuses by itself.
var (
	errNoRoute   = errors.New("no such route")
	errMalformed = errors.New("malformed body")
	errTooLarge  = errors.New("body too large")
)

// outcome is the wire form of a kind of error.
type outcome struct {
	kind        error
	status      int
	message     string
	description string // "": none, unless the error brings one
}

// outcomes is the one table from errors to answers (spec §5, with docs/design.md §9: what a client sends is never a 500). The
// original tells nobody whether a credential or a permission is missing.
var outcomes = []outcome{
	{security.ErrUnavailable, http.StatusServiceUnavailable, "Service Unavailable", "Accounts cannot be read or written now"},
	{security.ErrExpired, http.StatusUnauthorized, "Unauthorized", "Invalid/Missing"},
	{security.ErrUnauthenticated, http.StatusUnauthorized, "Unauthorized", "Invalid/Missing"},
	{security.ErrForbidden, http.StatusUnauthorized, "Unauthorized", "Invalid/Missing"},
	{security.ErrInvalid, http.StatusBadRequest, "Mongo Error", ""},
	{errMalformed, http.StatusBadRequest, "Bad Request", "Malformed body"},
	{errTooLarge, http.StatusRequestEntityTooLarge, "Payload Too Large", "Body over 1 MiB"},
	{errNoRoute, http.StatusNotFound, "Not Found", ""},
}

var internal = outcome{nil, http.StatusInternalServerError, "Internal Server Error", ""}

func outcomeOf(err error) outcome {
	for _, o := range outcomes {
		if errors.Is(err, o.kind) {
			return o
		}
	}
	return internal
}

// failure is the body of a refusal.
type failure struct {
	Status      int    `json:"status"`
	Message     string `json:"message"`
	Description any    `json:"description,omitempty"`
}

// fail answers with an error.
func (r *request) fail(err error) error {
	if errors.Is(err, errLeft) || r.Request().Context().Err() != nil {
		return nil // the client has gone
	}
	o := outcomeOf(err)
	body := failure{Status: o.status, Message: o.message}
	if o.description != "" {
		body.Description = o.description
	}
	var invalid *security.Invalid
	switch {
	case errors.As(err, &invalid):
		body.Description = describe(invalid)
	case o.status == http.StatusServiceUnavailable:
		r.Log.Warn("cannot answer now", "request", api.RequestID(r.Context), "error", err)
		r.Response().Header().Set("Retry-After", "5")
	case o.status == http.StatusInternalServerError:
		r.Log.Error("request failed", "request", api.RequestID(r.Context), "error", err)
	}
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	if err := r.write(o.status, text); !errors.Is(err, errLeft) {
		return err
	}
	return nil
}

// describe is the text of an invalid account, or the empty object that the original shows for some.
func describe(i *security.Invalid) any {
	if i.Message == "" {
		return struct{}{}
	}
	return i.Message
}
