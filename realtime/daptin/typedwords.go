package daptin

import (
	"context"
	"errors"
	"slices"

	"nightwire/security"
	"nightwire/storage"
)

// wording is how a verb of the typed dialect words what storage refuses. Empty texts are not its own.
type wording struct {
	named     bool // the texts end with ": " and the topic
	forbidden string
	missing   string
	reserved  string
	taken     string
	invalid   string // "": what storage says
}

// wordings are those of the verbs about topics (spec §5).
var wordings = map[string]wording{
	"subscribe":   {named: true, forbidden: "permission denied", missing: "topic not found"},
	"create":      {forbidden: "permission denied", reserved: "cannot create topic with reserved name", taken: "topic already exists"},
	"destroy":     {forbidden: "permission denied", missing: "topic not found", reserved: "cannot delete system topic"},
	"new-message": {named: true, forbidden: "permission denied", missing: "topic does not exist"},
	"set-topic-permission": {
		forbidden: "only owner or admin can change permissions", missing: "topic not found",
		reserved: "cannot modify system topic permissions", invalid: "invalid permission value",
	},
	"get-topic-permission": {forbidden: "permission denied", missing: "topic not found"},
}

// of is the text for an error about a topic. Of internal errors it says no more than that.
func (w wording) of(err error, topic string) string {
	text := w.own(err)
	switch {
	case text == "":
		return shownText(err)
	case w.named:
		return text + ": " + topic
	default:
		return text
	}
}

// own is the verb's own text for an error; "" when it has none.
func (w wording) own(err error) string {
	switch {
	case errors.Is(err, security.ErrForbidden):
		return w.forbidden
	case errors.Is(err, storage.ErrNotFound):
		return w.missing
	case errors.Is(err, storage.ErrReserved):
		return w.reserved
	case errors.Is(err, storage.ErrTaken):
		return w.taken
	case errors.Is(err, storage.ErrInvalid):
		return w.invalid
	default:
		return ""
	}
}

// shownText is what a client may be told of an error that no verb has words of its own for.
func shownText(err error) string {
	var own *fault
	var shown *storage.Error
	switch {
	case errors.As(err, &own):
		return own.message
	case isUnavailable(err):
		return errUnavailable.message
	case (errors.Is(err, storage.ErrInvalid) || errors.Is(err, storage.ErrTooLarge)) && errors.As(err, &shown):
		return shown.Message
	default:
		return errInternal.message
	}
}

// isUnavailable tells errors that pass from faults.
func isUnavailable(err error) bool {
	return slices.ContainsFunc([]error{
		storage.ErrUnavailable, security.ErrUnavailable, context.DeadlineExceeded, context.Canceled,
	}, func(kind error) bool { return errors.Is(err, kind) })
}
