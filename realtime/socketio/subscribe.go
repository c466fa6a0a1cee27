package socketio

import (
	"context"
	"errors"

	"github.com/zishang520/socket.io/v2/socket"

	"nightwire/security"
	"nightwire/storage"
)

// subscribeEvent is the one event that clients send.
const subscribeEvent = "subscribe"

// maxCandidates is how many access tokens one message may try.
const maxCandidates = 8

// The texts with which a subscription is refused.
const (
	badToken      = "Missing or bad accessToken"
	noCollections = "Unauthorized to receive any collection"
)

var errTooManyTokens = errors.New("too many bad access tokens")

// granted and refused are the answers to subscribe.
type granted struct {
	Success     bool     `json:"success"`
	Collections []string `json:"collections"`
}

type refused struct {
	Success bool   `json:"success"`
	Message string `json:"message"`
}

// subscribe handles the event: a message, and a callback for the answer (spec §4). Without a callback nothing is answered,
// but the subscription holds. Events wait until the answer is queued.
func (l *listener) subscribe(args ...any) {
	defer l.conn.Peer().(*peer).done()
	l.session.Hold()
	defer l.session.Release()
	var message map[string]any
	if len(args) > 0 {
		message, _ = args[0].(map[string]any)
	}
	answer := l.admit(message)
	if len(args) < 2 || answer == nil {
		return
	}
	if callback, ok := args[1].(socket.Ack); ok {
		callback([]any{answer}, nil)
	}
}

// admit subscribes the socket to what the message asks for. The answer is nil when the connection has been cut.
func (l *listener) admit(message map[string]any) (answer any) {
	ctx, cancel := context.WithTimeout(context.Background(), judgeTimeout)
	defer cancel()
	version := l.server.guard.Version()
	g, err := l.identify(ctx, candidates(message["accessToken"]))
	if errors.Is(err, security.ErrUnauthenticated) {
		return refused{Message: badToken}
	}
	var names []string
	if err == nil {
		names, err = l.permitted(ctx, g.who, l.wanted(message["collections"]))
	}
	if err != nil {
		l.server.log.Warn("subscription refused by cutting the connection", "reason", err, "address", l.conn.Address())
		l.Cut(err)
		return nil
	}
	if len(names) == 0 {
		return refused{Message: noCollections}
	}
	l.remember(g)
	l.session.Subscribe(g.who, names...)
	l.join(names)
	if l.server.guard.Version() != version {
		l.Rejudge(ctx) // the hub may have done so before this token was remembered
	}
	return granted{true, names}
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
	if shown && l.server.attempts.failed(l.conn.Address()) {
		return grant{}, errTooManyTokens
	}
	return grant{}, security.ErrUnauthenticated
}

// wanted are the names of the collections that a message asks for: all, unless it has an array. What is no name is left out.
func (l *listener) wanted(requested any) []string {
	list, ok := requested.([]any)
	if !ok {
		return l.server.hub.Collections()
	}
	var names []string
	for _, one := range list {
		if name, ok := one.(string); ok {
			names = append(names, name)
		}
	}
	return names
}

// permitted are those of the names that the subject may hear of, in the same order and as often. Names are judged once each.
func (l *listener) permitted(ctx context.Context, who security.Identity, names []string) ([]string, error) {
	judged := make(map[string]bool)
	var may []string
	for _, name := range names {
		ok, known := judged[name]
		if !known {
			err := l.session.May(ctx, who, name)
			if err != nil && !errors.Is(err, security.ErrForbidden) && !errors.Is(err, storage.ErrNotFound) {
				return nil, err
			}
			ok = err == nil
			judged[name] = ok
		}
		if ok {
			may = append(may, name)
		}
	}
	return may, nil
}
