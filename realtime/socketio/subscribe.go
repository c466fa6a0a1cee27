package socketio

import (
	"context"
	"errors"

	"github.com/zishang520/socket.io/v2/socket"

	"nightwire/security"
)

// subscribeEvent is what clients send first, in either namespace.
const subscribeEvent = "subscribe"

// maxCandidates is how many access tokens one message may try.
const maxCandidates = 8

// badToken is the text with which unknown clients are refused.
const badToken = "Missing or bad accessToken"

var errTooManyTokens = errors.New("too many bad access tokens")

// refused is the answer to a subscription in vain.
type refused struct {
	Success bool   `json:"success"`
	Message string `json:"message"`
}

// subscribe handles the event: a message, and a callback for the answer (spec §4). Without a callback nothing is answered,
// but the subscription holds. Events wait until the answer is queued. What admit answers is nil when it has cut the connection.
func (l *listener) subscribe(admit func(*listener, map[string]any) any, args []any) {
	defer l.conn.Peer().(*peer).done()
	l.session.Hold()
	defer l.session.Release()
	var message map[string]any
	if len(args) > 0 {
		message, _ = args[0].(map[string]any)
	}
	answer := admit(l, message)
	if len(args) < 2 || answer == nil {
		return
	}
	if callback, ok := args[1].(socket.Ack); ok {
		callback([]any{answer}, nil)
	}
}

// candidates are the access tokens that a message shows: one, or an array of them.
func candidates(shown any) []string {
	switch v := shown.(type) {
	case string:
		return []string{v}
	case []any:
		var tokens []string
		for _, one := range v[:min(len(v), maxCandidates)] {
			if token, ok := one.(string); ok {
				tokens = append(tokens, token)
			}
		}
		return tokens
	default:
		return nil
	}
}

// identify finds the subject of the first good token. An address that shows too many bad ones is cut off, once it has its
// answer.
func (l *listener) identify(ctx context.Context, tokens []string) (grant, error) {
	shown := false
	for _, token := range tokens {
		if token == "" {
			continue
		}
		who, err := l.server.guard.ByAccessToken(ctx, token)
		if err == nil || !errors.Is(err, security.ErrUnauthenticated) {
			return grant{token, who}, err
		}
		shown = true
	}
	if !shown {
		return grant{}, security.ErrUnauthenticated
	}
	return grant{}, l.failed()
}

// failed counts a bad credential. The error is ErrUnauthenticated, or that there were too many of them.
func (l *listener) failed() error {
	if l.server.attempts.failed(l.conn.Address()) {
		return errTooManyTokens
	}
	return security.ErrUnauthenticated
}

// unadmitted is the answer when a subscription failed: a refusal, or nil and the end of the connection.
func (l *listener) unadmitted(err error) any {
	if errors.Is(err, security.ErrUnauthenticated) {
		return refused{Message: badToken}
	}
	l.server.log.Warn("subscription refused by cutting the connection", "reason", err, "address", l.conn.Address())
	l.Cut(err)
	return nil
}
