package realtime

import (
	"context"
	"errors"
	"testing"

	"nightwire/security"
	"nightwire/storage"
)

// Alarms are heard by right or, when admitted, until dropped; they are no collection that a client could name.
func TestAlarmsAreAnAudienceOfTheirOwn(t *testing.T) {
	play(t, func(s *scene) {
		named, namely := s.join(otto, "alarms", "entries")
		if err := namely.May(context.Background(), otto, "alarms"); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("alarms can be named: %v", err)
		}
		byRight, right := s.join(anna)
		right.SubscribeAlarms(anna, false)
		admitted, admission := s.join(otto)
		admission.SubscribeAlarms(otto, true)
		admission.SubscribeAlarms(otto, false)

		s.feed.write(nil, change("alarms", "1"))
		s.heard(named)
		s.heard(byRight)
		s.heard(admitted, "create alarms 1")

		s.rights.set(anna, storage.HearAlarms, "api:status:read")
		s.rights.Raise()
		s.feed.write(nil, change("alarms", "2"))
		s.heard(named)
		s.heard(byRight, "create alarms 2")
		s.heard(admitted, "create alarms 2")

		admission.Drop(otto)
		right.Leave()
		right.SubscribeAlarms(security.Operator(), true) // too late
		s.feed.write(nil, change("alarms", "3"), change("entries", "4"))
		s.heard(named, "create entries 4")
		s.heard(byRight)
		s.heard(admitted)
	})
}

// A form that has nothing to say of a change says nothing.
func TestNothingToTell(t *testing.T) {
	play(t, func(s *scene) {
		r := new(recorder)
		session := s.hub.Join(r, NewForm(func(c storage.Change) Frame {
			if c.Identifier == "silent" {
				return nil
			}
			return Frame(c.Identifier)
		}))
		session.Subscribe(anna, "entries")
		s.feed.write(nil, change("entries", "silent"), change("entries", "spoken"))
		s.heard(r, "spoken")
		session.Leave()
	})
}
