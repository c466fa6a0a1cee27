package realtime

import (
	"context"

	"nightwire/storage"
)

// SubscribeChannel subscribes to the messages of a channel (storage.Message), which come in order with the changes. Whether
// the session may hear a message is asked of may, once and again whenever rights may have changed or a message bears other
// terms (storage.TermsField) than the one before: nil it may, an error that is security.ErrForbidden it may not now, any
// other cuts the session. A nil may always permits. A second subscription to a channel replaces the first. How many channels
// a session may have is for its protocol to limit. Sessions that have left are ignored.
func (s *Session) SubscribeChannel(channel string, may func(context.Context, storage.Change) error) {
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	if _, joined := s.hub.sessions[s]; !joined {
		return
	}
	a := s.hub.channels[channel]
	if a == nil {
		a = newAudience(storage.Collection{}, "")
		s.hub.channels[channel] = a
	}
	if may == nil {
		may = anybody
	}
	a.put(&subscription{session: s, judge: may})
	if s.channels == nil {
		s.channels = map[string]struct{}{}
	}
	s.channels[channel] = struct{}{}
}

func anybody(context.Context, storage.Change) error { return nil }

// DropChannel ends the subscription to a channel, if there is one.
func (s *Session) DropChannel(channel string) {
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	s.dropChannel(channel)
}

// dropChannel needs the hub's lock. A channel without listeners is forgotten: clients make up their names.
func (s *Session) dropChannel(channel string) {
	delete(s.channels, channel)
	a := s.hub.channels[channel]
	if a == nil {
		return
	}
	if a.set(s, nil); len(a.members) == 0 {
		delete(s.hub.channels, channel)
	}
}
