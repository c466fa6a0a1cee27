package directus

import (
	"context"
	"errors"

	"nightwire/security"
	"nightwire/storage"
)

// fault is a refusal in all its wire forms: the legacy dialect sends status and code, v3 the message, core code and message.
type fault struct {
	status     int
	code       string
	message    string
	extensions storage.Value // of the legacy dialect; absent: none
}

// Error is the message.
func (f *fault) Error() string { return f.message }

func invalidPayload(message string) *fault {
	return &fault{status: 400, code: "INVALID_PAYLOAD", message: message}
}

func invalidQuery(message string) *fault {
	return &fault{status: 400, code: "INVALID_QUERY", message: message}
}

// The refusals of the protocol itself.
var (
	errForbidden   = &fault{status: 403, code: "FORBIDDEN", message: "You don't have permission to access this."}
	errMalformed   = invalidPayload("Unable to parse the incoming message.")
	errUnknownType = invalidPayload("Invalid message type! Either get, post, patch, delete or subscribe expected")
	errNoName      = invalidPayload("Collection is required")
	errNoData      = invalidPayload(`"data" has to be an object or an array of objects.`)
	errNoObject    = invalidPayload(`"data" has to be an object.`)
	errNoList      = invalidPayload(`"ids" has to be an array.`)
	errLongList    = invalidPayload("The list is too long.")
	errGroups      = invalidQuery("Invalid query. A subscription is to items, not to groups of them.")
	errTooFast     = &fault{status: 429, code: "REQUESTS_EXCEEDED", message: "Too many requests, retry later."}
	errTooMany     = &fault{status: 403, code: "LIMIT_EXCEEDED", message: "Subscriptions limit exceeded."}
	errInternal    = &fault{status: 500, code: "INTERNAL_SERVER_ERROR", message: "An unexpected error occurred."}
	errUnavailable = &fault{status: 503, code: "SERVICE_UNAVAILABLE", message: "Service unavailable."}
	errCredentials = &fault{status: 401, code: "INVALID_CREDENTIALS", message: "Invalid user credentials."}
)

// faults are the refusals of the packages below. The first row that an error is holds.
var faults = []struct {
	is    error
	fault *fault
	told  bool // the error's own text is for the client
}{
	// Unknown collections and items are answered as those that one may not see.
	{is: security.ErrForbidden, fault: errForbidden},
	{is: storage.ErrNotFound, fault: errForbidden},
	{is: storage.ErrGone, fault: errForbidden},
	{is: storage.ErrReadOnly, fault: errForbidden},
	{is: storage.ErrTaken, fault: &fault{status: 400, code: "RECORD_NOT_UNIQUE", message: `Field "id" has to be unique.`}},
	{is: storage.ErrConflict, fault: &fault{status: 409, code: "CONFLICT", message: "The item was changed meanwhile."}},
	{is: storage.ErrPrecondition, fault: &fault{status: 412, code: "PRECONDITION_FAILED", message: "The item was changed meanwhile."}},
	{is: storage.ErrTooLarge, fault: &fault{status: 413, code: "CONTENT_TOO_LARGE", message: "The item is too large."}},
	{is: storage.ErrUngrouped, fault: invalidPayload("The items cannot be written in one step."), told: true},
	{is: errBadQuery, fault: invalidQuery("Invalid query."), told: true},
	{is: storage.ErrReserved, fault: invalidPayload("Invalid payload."), told: true},
	{is: storage.ErrInvalid, fault: invalidPayload("Invalid payload."), told: true},
	{is: storage.ErrSlow, fault: errUnavailable, told: true},
	{is: storage.ErrGap, fault: errUnavailable},
	{is: storage.ErrUnavailable, fault: errUnavailable},
	{is: security.ErrUnavailable, fault: errUnavailable},
	{is: security.ErrInvalid, fault: invalidPayload("Invalid payload."), told: true},
	{is: security.ErrExpired, fault: &fault{status: 401, code: "TOKEN_EXPIRED", message: "Token expired."}},
	{is: security.ErrUnauthenticated, fault: errCredentials},
	{is: context.DeadlineExceeded, fault: errUnavailable},
	{is: context.Canceled, fault: errUnavailable},
}

// faultOf is how an error is told to the client. Of internal errors nothing is told.
func faultOf(err error) *fault {
	var own *fault
	if errors.As(err, &own) {
		return own
	}
	for _, row := range faults {
		if !errors.Is(err, row.is) {
			continue
		}
		f := *row.fault
		if text := shownText(err); row.told && text != "" {
			f.message = text
		}
		return &f
	}
	return errInternal
}

// shownText is the text of an error that was made for the client.
func shownText(err error) string {
	var shown *storage.Error
	if errors.As(err, &shown) {
		return shown.Message
	}
	var invalid *security.Invalid
	if errors.As(err, &invalid) {
		return invalid.Message
	}
	return ""
}

// unique says of an item that another one has the id of, which ones they are.
func (s *items) unique(err error) error {
	if !errors.Is(err, storage.ErrTaken) {
		return err
	}
	f := *faultOf(err)
	f.extensions = object(
		storage.Field{Name: "collection", Value: storage.StringValue(s.collection.Name)},
		storage.Field{Name: "field", Value: `"id"`},
	)
	return &f
}
