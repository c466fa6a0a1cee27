package socketio

import (
	"context"
	"errors"

	"github.com/zishang520/socket.io/v2/socket"

	"nightwire/security"
	"nightwire/storage"
)

// noCollections is the text with which a subscription to nothing is refused.
const noCollections = "Unauthorized to receive any collection"

// granted is the answer to a subscription to collections.
type granted struct {
	Success     bool     `json:"success"`
	Collections []string `json:"collections"`
}

// enterStorage sets up a socket that has just joined /storage.
func (s *Server) enterStorage(sock *socket.Socket) {
	l := s.enterAs(sock, s.changes, (*listener).admitStorage)
	s.enter(sock, l.session.Leave)
}

// admitStorage subscribes a socket to the collections that the message asks for.
func (l *listener) admitStorage(message map[string]any) (answer any) {
	ctx, cancel := context.WithTimeout(context.Background(), judgeTimeout)
	defer cancel()
	version := l.server.guard.Version()
	g, err := l.identify(ctx, candidates(message["accessToken"]))
	var names []string
	if err == nil {
		names, err = l.permitted(ctx, g.who, l.wanted(message["collections"]))
	}
	if err != nil {
		return l.unadmitted(err)
	}
	if len(names) == 0 {
		return refused{Message: noCollections}
	}
	l.remember(g)
	l.session.Subscribe(g.who, names...)
	l.join(names)
	l.rejudgeSince(ctx, version)
	return granted{true, names}
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

// join joins rooms, so that the library sees the subscriptions. No event goes that way.
func (l *listener) join(names []string) {
	for _, name := range names {
		l.socket.Join(socket.Room(name))
	}
	if !l.socket.Connected() {
		l.socket.Nsp().Adapter().DelAll(l.socket.Id())
	}
}
