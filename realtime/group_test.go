package realtime

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"nightwire/security"
	"nightwire/storage"
)

// group are changes written together; each is named by kind, collection and identifier.
func group(name string, changes ...string) []storage.Change {
	var all []storage.Change
	for _, c := range changes {
		f := strings.Fields(c)
		all = append(all, storage.Change{Kind: storage.Kind(f[0]), Collection: f[1], Identifier: f[2], After: "{}", Group: name})
	}
	all[len(all)-1].Last = true
	return all
}

// identifiers makes one frame of all changes.
func identifiers(changes []storage.Change) []Frame {
	frame := changes[0].Kind + ":"
	for _, c := range changes {
		frame += storage.Kind(" " + c.Identifier)
	}
	return []Frame{Frame(frame)}
}

// What was written together is told together, by collection and kind, and not before all of it is there.
func TestGroupsStayTogether(t *testing.T) {
	play(t, func(s *scene) {
		single, _ := s.join(anna, "entries")
		s.form = NewGroupForm(identifiers)
		whole, _ := s.join(anna, "entries")
		g := group("g", "create entries 1", "create entries 2", "create food 3", "create entries 4", "update entries 5", "update entries 6")
		s.feed.write(nil, g[:5]...)
		s.heard(whole, "create: 1 2", "create: 4")
		s.heard(single, "create entries 1", "create entries 2", "create entries 4")
		s.feed.write(nil, g[5])
		s.heard(whole, "update: 5 6")
		s.heard(single, "update entries 5", "update entries 6")
		s.feed.write(nil, slices.Concat(group("h", "delete entries 1"), group("i", "delete entries 2", "delete entries 4"))...)
		s.heard(whole, "delete: 1", "delete: 2 4")
	})
}

// A group without end does not fill the memory.
func TestGroupsAreBounded(t *testing.T) {
	play(t, func(s *scene) {
		s.form = NewGroupForm(func(changes []storage.Change) []Frame { return []Frame{fmt.Append(nil, len(changes))} })
		a, _ := s.join(anna, "entries")
		many := make([]string, 2*maxRunChanges+3)
		for i := range many {
			many[i] = "create entries x"
		}
		s.feed.write(nil, group("g", many...)...)
		s.heard(a, "1000", "1000", "3")
		large := group("h", "create entries 1", "create entries 2", "create entries 3", "create entries 4", "create entries 5")
		for i := range large {
			large[i].Before = storage.Document(strings.Repeat("x", maxRunBytes/3))
		}
		s.feed.write(nil, large...)
		s.heard(a, "3", "2")
	})
}

// A form may be silent about some or all of a group.
func TestSilentForms(t *testing.T) {
	play(t, func(s *scene) {
		s.form = NewGroupForm(func(changes []storage.Change) []Frame {
			if changes[0].Kind == storage.Delete {
				return nil
			}
			return []Frame{nil, Frame(changes[1].Identifier)}
		})
		a, _ := s.join(anna, "entries")
		s.feed.write(nil, slices.Concat(group("g", "delete entries 1", "delete entries 2"), group("h", "create entries 3", "create entries 4"))...)
		s.heard(a, "4")
	})
}

// A snapshot and what was held back meanwhile tell everything once, also where a frame is shown in part.
func TestReleaseSince(t *testing.T) {
	play(t, func(s *scene) {
		single, first := s.join(anna, "entries")
		s.form = NewGroupForm(identifiers)
		whole, second := s.join(anna, "entries")
		first.Hold()
		second.Hold()
		for i, name := range []string{"a", "b", "c"} {
			g := group(name, "create entries "+name+"1", "create entries "+name+"2")
			g[0].Time, g[1].Time = int64(2*i), int64(2*i+1)
			s.feed.write(nil, g...)
		}
		synctest.Wait()
		snapshot := func(c storage.Change) bool {
			if c.Collection != "entries" || c.Kind != storage.Create || c.Group == "" || c.Identifier == "" {
				t.Errorf("asked about %+v", c)
			}
			return c.Time <= 2
		}
		first.ReleaseSince(snapshot)
		second.ReleaseSince(snapshot)
		s.heard(single, "create entries b2", "create entries c1", "create entries c2")
		s.heard(whole, "create: b2", "create: c1 c2")
		// The hub was behind the snapshot.
		late, next := group("d", "create entries d1"), group("e", "create entries e1")
		next[0].Time = 7
		s.feed.write(nil, slices.Concat(late, next)...)
		s.heard(single, "create entries e1")
		s.heard(whole, "create: e1")
		torn := group("f", "create entries f1", "create entries f2")
		torn[0].Time, torn[1].Time = 2, 8
		s.feed.write(nil, torn...)
		s.heard(single, "create entries f2")
		s.heard(whole, "create: f2")
		// What is kept back later is judged alike.
		first.Hold()
		s.feed.write(nil, slices.Concat(late, next)...)
		synctest.Wait()
		first.Release()
		s.heard(single, "create entries e1")
		s.heard(whole, "create: e1")
		time.Sleep(longestLag + time.Second)
		s.feed.write(nil, late...)
		s.heard(single, "create entries d1")
		s.heard(whole, "create: d1")
	})
}

func TestDiscard(t *testing.T) {
	play(t, func(s *scene) {
		a, session := s.join(anna, "entries")
		session.Hold()
		s.feed.write(nil, group("a", "create entries 1")...)
		synctest.Wait()
		session.Discard()
		s.heard(a)
		s.feed.write(nil, group("b", "create entries 2")...)
		s.heard(a, "create entries 2")
	})
}

func TestTold(t *testing.T) {
	play(t, func(s *scene) {
		is := func(c <-chan struct{}, want bool) {
			t.Helper()
			synctest.Wait()
			select {
			case <-c:
				if !want {
					t.Error("told")
				}
			default:
				if want {
					t.Error("not told")
				}
			}
		}
		g := group("g", "create entries 1", "create entries 2")
		early, other := s.hub.Told("g"), s.hub.Told("other")
		s.feed.write(nil, g[0])
		is(early, false)
		s.feed.write(nil, g[1])
		is(early, true)
		is(s.hub.Told("g"), true)
		is(s.hub.Told(""), true)
		is(other, false)
		for i := range maxTold {
			s.feed.write(nil, group(fmt.Sprint(i), "create food 1")...)
		}
		synctest.Wait()
		is(s.hub.Told("g"), false) // forgotten
		is(s.hub.Told("0"), true)
		is(other, false)
		for i := range maxTold {
			s.hub.Told(fmt.Sprint("never ", i))
		}
		is(other, true) // let go
		lost := s.hub.Told("lost")
		s.feed.write(storage.ErrGap)
		is(lost, true)
		time.Sleep(shortestPause)
		if n := len(s.hub.told.waited) + len(s.hub.told.recent); n > maxTold {
			t.Errorf("%d remembered", n)
		}
	})
}

// Subjects are heard of by those who may see them, and under no name.
func TestSubjectsAreAnAudienceOfTheirOwn(t *testing.T) {
	play(t, func(s *scene) {
		s.rights.set(otto, "admin:api:subjects:read", "api:status:read")
		named, _ := s.join(otto, "auth_subjects")
		may, first := s.join(otto)
		first.SubscribeSubjects(otto)
		mayNot, second := s.join(anna)
		second.SubscribeSubjects(anna)
		s.feed.write(nil, change("auth_subjects", "1"), change("auth_roles", "2"))
		s.heard(named)
		s.heard(may, "create auth_subjects 1")
		s.heard(mayNot)
		s.rights.set(otto, "api:status:read")
		s.rights.set(anna, "*", hearSubjects, "api:status:read")
		s.feed.write(nil, change("auth_subjects", "3"))
		s.heard(may)
		s.heard(mayNot, "create auth_subjects 3")
		first.Leave()
		first.SubscribeSubjects(security.Operator()) // too late
		s.feed.write(nil, change("auth_subjects", "4"))
		s.heard(may)
	})
}
