package realtime

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"nightwire/security"
	"nightwire/storage"
)

// alarms is the audience of all alarms. No client subscribes to it by its name.
var alarms = storage.Collection{Name: storage.AlarmsCollection}

// subjects is the audience of changes of subjects. No client subscribes to it by its name.
var subjects = storage.Collection{Name: storage.SubjectsCollection}

// hearSubjects is what one must hold to hear of them: the right to see them.
const hearSubjects security.Permission = "admin:api:subjects:read"

// audience is who subscribed to one collection, or to one channel of messages. The hub's lock guards it.
type audience struct {
	collection storage.Collection  // of a channel: none
	permission security.Permission // of a channel: none
	members    map[*Session]*subscription
	// list holds the members for the hub to walk without the lock. A change of members drops it, and the hub makes it anew
	// when it needs it, so that a thousand clients who subscribe at once cost one list.
	list []*subscription
}

func newAudience(c storage.Collection, p security.Permission) *audience {
	return &audience{collection: c, permission: p, members: make(map[*Session]*subscription)}
}

// show makes of stored documents what clients see. A message is what it is.
func (a *audience) show(changes []storage.Change) {
	for i := range changes {
		if c := &changes[i]; c.After != "" && c.Kind != storage.Tell {
			c.After = a.collection.Shown(c.After)
		}
	}
}

// grant is an identity that lets a session hear of a collection: while it may read it or, when admitted, as long as the
// identity exists.
type grant struct {
	who      security.Identity
	admitted bool
}

// subscription is one session's subscription to one collection or channel. It is replaced, never changed, when its grants
// change.
type subscription struct {
	session *Session
	grants  []grant                                     // one of them suffices
	judge   func(context.Context, storage.Change) error // of a channel, in place of grants

	// The last judgement belongs to the hub's Run.
	judged judged
	may    bool
}

// judged is what a judgement holds for. The zero value is never asked about.
type judged struct {
	version uint64        // of the Guard
	terms   storage.Value // of the message; of others: none
}

// allowed judges whether the session may hear of a change now. A session that cannot be judged is cut: an event skipped
// would never be missed by anybody.
func (s *subscription) allowed(ctx context.Context, guard Guard, under judged, c storage.Change, p security.Permission) bool {
	if s.judged == under {
		return s.may
	}
	err := s.ask(ctx, guard, c, p)
	if err != nil && !errors.Is(err, security.ErrForbidden) {
		s.session.client.Cut(err)
		return false
	}
	s.judged, s.may = under, err == nil
	return s.may
}

// ask is nil when one of the grants holds now.
func (s *subscription) ask(ctx context.Context, guard Guard, c storage.Change, p security.Permission) (err error) {
	if s.judge != nil {
		return s.judge(ctx, c)
	}
	for _, g := range s.grants {
		if g.admitted {
			return nil
		}
		if err = guard.Check(ctx, g.who, p); !errors.Is(err, security.ErrForbidden) {
			return err
		}
	}
	return err
}

// listeners is the current list of an audience.
func (h *Hub) listeners(a *audience) []*subscription {
	h.mu.Lock()
	defer h.mu.Unlock()
	if a.list == nil && len(a.members) > 0 {
		a.list = make([]*subscription, 0, len(a.members))
		for _, s := range a.members {
			a.list = append(a.list, s)
		}
		slices.SortFunc(a.list, func(s, t *subscription) int { return cmp.Compare(s.session.number, t.session.number) })
	}
	return a.list
}

// set replaces a session's subscription; without grants it ends.
func (a *audience) set(s *Session, grants []grant) {
	if len(grants) > 0 {
		a.put(&subscription{session: s, grants: grants})
		return
	}
	delete(a.members, s)
	a.list = nil
}

func (a *audience) put(s *subscription) { a.members[s.session], a.list = s, nil }

// add adds a grant to a session's subscription, if it is new.
func (a *audience) add(s *Session, g grant) {
	if grants := a.grants(s); !slices.Contains(grants, g) {
		a.set(s, append(grants, g))
	}
}

// drop takes away what an identity grants a session.
func (a *audience) drop(s *Session, who security.Identity) {
	of := func(g grant) bool { return g.who == who }
	if grants := a.grants(s); slices.ContainsFunc(grants, of) {
		a.set(s, slices.DeleteFunc(grants, of))
	}
}

// grants are those by which a session subscribed; none when it did not.
func (a *audience) grants(s *Session) []grant {
	if m := a.members[s]; m != nil {
		return slices.Clone(m.grants)
	}
	return nil
}
