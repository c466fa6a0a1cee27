package security

import (
	"errors"
	"fmt"
)

// The ways in which security refuses. Every error of this package wraps one of these, or is internal.
var (
	// ErrUnauthenticated is a missing, unknown or expired token or secret.
	ErrUnauthenticated = errors.New("unauthenticated")
	// ErrExpired is an ErrUnauthenticated: a token that was good once. It is no guess, so it adds no delay.
	ErrExpired = fmt.Errorf("%w: expired", ErrUnauthenticated)
	// ErrForbidden is a permission that the identity does not hold; see Forbidden.
	ErrForbidden = errors.New("forbidden")
	// ErrInvalid is an account that breaks a rule; its message may be shown to the client.
	ErrInvalid = errors.New("invalid account")
	// ErrUnavailable is that accounts cannot be read or written now.
	ErrUnavailable = errors.New("accounts unavailable")
)

// Forbidden is ErrForbidden with the permission that is missing.
type Forbidden struct{ Permission Permission }

// Error names the missing permission, in the words that Nightscout's clients are shown.
func (f *Forbidden) Error() string { return "Missing permission " + string(f.Permission) }

// Unwrap makes it an ErrForbidden.
func (f *Forbidden) Unwrap() error { return ErrForbidden }

// Invalid is ErrInvalid with a text for the client. An empty message is shown as an empty object, as Nightscout does.
type Invalid struct{ Message string }

// Error is the text for the client.
func (i *Invalid) Error() string { return i.Message }

// Unwrap makes it an ErrInvalid.
func (i *Invalid) Unwrap() error { return ErrInvalid }

func invalid(message string) error { return &Invalid{message} }
