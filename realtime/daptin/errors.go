package daptin

// fault is a refusal in the words of the typed dialect. The document's has none: what is refused there is not answered.
type fault struct{ message string }

// Error is the message.
func (f *fault) Error() string { return f.message }

// The refusals of the protocol itself. Those of the packages below are worded where they are told.
var (
	errMalformed   = &fault{"malformed request"}
	errTooFast     = &fault{"too many requests"}
	errTooMany     = &fault{"too many subscriptions"}
	errFilter      = &fault{"too many filters"}
	errUnavailable = &fault{"service unavailable"}
	errInternal    = &fault{"internal error"}
)
