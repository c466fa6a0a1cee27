package realtime

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"nightwire/security"
	"nightwire/storage"
)

func message(channel, body string) storage.Change {
	return storage.Change{Kind: storage.Tell, Collection: channel, After: storage.Document(body)}
}

// told makes frames that show what a message holds.
func (s *scene) told() {
	s.form = NewForm(func(c storage.Change) Frame {
		return Frame(string(c.Kind) + " " + c.Collection + " " + string(c.After))
	})
}

// A message reaches every session of its channel, in order with the changes, as it was published, and nobody else.
func TestMessagesReachTheirChannel(t *testing.T) {
	play(t, func(s *scene) {
		s.told()
		a, first := s.join(anna, "entries")
		b, second := s.join(otto)
		outside, _ := s.join(otto, "entries", "food")
		first.SubscribeChannel("live:one", nil)
		second.SubscribeChannel("live:one", nil)
		second.SubscribeChannel("live:one", nil)
		second.SubscribeChannel("live:two", nil)
		stamped := `{"srvModified":1}` // a document would be shown with srvCreated
		s.feed.write(nil, message("live:one", "{}"), change("entries", "1"), message("live:two", stamped), message("live:three", "{}"),
			message("entries", "{}"), message("live:one", stamped))
		s.heard(a, "message live:one {}", "create entries {}", "message live:one "+stamped)
		s.heard(b, "message live:one {}", "message live:two "+stamped, "message live:one "+stamped)
		s.heard(outside, "create entries {}")

		second.DropChannel("live:one")
		second.DropChannel("live:unknown")
		first.Leave()
		first.SubscribeChannel("live:one", nil) // too late
		s.feed.write(nil, message("live:one", "{}"), message("live:two", "{}"))
		s.heard(a)
		s.heard(b, "message live:two {}")
		second.Leave()
		s.hub.mu.Lock()
		defer s.hub.mu.Unlock()
		if len(s.hub.channels) > 0 {
			t.Errorf("channels without listeners are kept: %v", s.hub.channels)
		}
	})
}

// A session's own judgement holds until rights may have changed.
func TestMessagesAreJudgedBySessions(t *testing.T) {
	play(t, func(s *scene) {
		s.told()
		verdict, asked := error(nil), 0
		a, session := s.join(anna)
		session.SubscribeChannel("live:one", func(context.Context, storage.Change) error { asked++; return verdict })
		s.feed.write(nil, message("live:one", `{"n":1}`), message("live:one", `{"n":2}`))
		s.heard(a, `message live:one {"n":1}`, `message live:one {"n":2}`)
		if asked != 1 {
			t.Errorf("asked %d times under one version", asked)
		}
		verdict = &security.Forbidden{Permission: "x"}
		s.rights.Raise()
		s.feed.write(nil, message("live:one", `{"n":3}`))
		s.heard(a)
		verdict = nil
		s.rights.Raise()
		s.feed.write(nil, message("live:one", `{"n":4}`))
		s.heard(a, `message live:one {"n":4}`)
		verdict = security.ErrUnavailable
		s.rights.Raise()
		s.feed.write(nil, message("live:one", `{"n":5}`))
		s.heard(a)
		if ends := a.ends(); len(ends) != 1 || !errors.Is(ends[0], security.ErrUnavailable) {
			t.Errorf("cut %v", ends)
		}
	})
}

// Who listens is judged anew whenever a message bears other terms than the one before, and is shown that message.
func TestMessagesAreJudgedByTheirTerms(t *testing.T) {
	play(t, func(s *scene) {
		s.told()
		asked := 0
		a, session := s.join(anna)
		session.SubscribeChannel("live:one", func(_ context.Context, c storage.Change) error {
			asked++
			if c.After.Get(storage.TermsField).Text() == "closed" {
				return security.ErrForbidden
			}
			return nil
		})
		open, closed, free := message("live:one", `{"terms":"open"}`), message("live:one", `{"terms":"closed"}`), message("live:one", "{}")
		s.feed.write(nil, open, open, closed, closed, free, closed, open)
		s.heard(a, `message live:one {"terms":"open"}`, `message live:one {"terms":"open"}`, "message live:one {}", `message live:one {"terms":"open"}`)
		if asked != 5 {
			t.Errorf("asked %d times about 5 terms in a row", asked)
		}
	})
}

// A message about accounts changes none; its sender is answered first; and it is held back like any change.
func TestMessagesAreTreatedLikeChanges(t *testing.T) {
	play(t, func(s *scene) {
		s.told()
		a, session := s.join(anna)
		session.SubscribeChannel("auth_subjects:logins", nil)
		before := s.rights.Version()
		answered := make(chan struct{})
		m := message("auth_subjects:logins", "{}")
		m.Answered = answered
		s.feed.write(nil, m)
		time.Sleep(answerPatience / 2)
		s.heard(a)
		close(answered)
		s.heard(a, "message auth_subjects:logins {}")
		if s.rights.Version() != before {
			t.Error("a message made everybody be judged again")
		}
		session.Hold()
		s.feed.write(nil, message("auth_subjects:logins", "{}"))
		s.heard(a)
		session.Release()
		synctest.Wait()
		s.heard(a, "message auth_subjects:logins {}")
	})
}
