package security

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"
)

// AccountEventKind is what happened to a subject.
type AccountEventKind string

// The kinds of event.
const (
	LoggedIn  AccountEventKind = "login"     // a JSON web token was obtained for the subject's access token; renewing one is no login
	LoggedOut AccountEventKind = "logout"    // the subject signed out, lost its last right, or was removed
	Activated AccountEventKind = "activated" // the subject has rights and had none, or was not there
	Removed   AccountEventKind = "removed"   // there is no subject of that name any more; LoggedOut comes before it
)

// AccountEvent is something that happened to the subject of a name. Rights are what its own roles grant; what everybody has
// by the default roles does not count. A subject that is renamed was removed, and another one activated.
type AccountEvent struct {
	Kind AccountEventKind
	Name string // of the subject, as it is written
}

// tellTimeout is how long the events of one call may take to be told.
const tellTimeout = 2 * time.Second

// SignOut tells that a subject has signed out. No token ends by that: JSON web tokens expire by themselves, access tokens
// with their subject. Of whoever knows API_SECRET there is nothing to tell. Errors: ErrUnauthenticated (anonymous, or the
// subject is gone), ErrUnavailable.
func (g *Guard) SignOut(ctx context.Context, who Identity) error {
	if who.kind == secret {
		return nil
	}
	s, err := g.current(ctx)
	if err != nil {
		return err
	}
	a := s.byID[who.subject]
	if a == nil {
		return fmt.Errorf("%w: nobody to sign out", ErrUnauthenticated)
	}
	g.tell(ctx, AccountEvent{LoggedOut, a.name})
	return nil
}

// tell reports events. It is not given up because the client leaves: what happened, happened.
func (g *Guard) tell(ctx context.Context, events ...AccountEvent) {
	if g.happened == nil || len(events) == 0 {
		return
	}
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), tellTimeout)
	defer cancel()
	g.happened(limited, events)
}

// foresee is what will have happened when an account is written (without JSON: deleted). It compares one snapshot with
// itself after that write, so that changes which others make at the same time are told by them alone. While accounts cannot
// be read nothing is foreseen: keeping them must not fail because of that.
func (g *Guard) foresee(ctx context.Context, kind AccountKind, r Record) []AccountEvent {
	if g.happened == nil {
		return nil
	}
	before, err := g.current(ctx)
	if err != nil {
		return nil
	}
	after, err := before.with(g, kind, r)
	if err != nil {
		return nil
	}
	return between(before.standings(), after.standings())
}

// standings are the subjects by name, and whether they have rights of their own.
type standings map[string]bool

func (s *snapshot) standings() standings {
	all := standings{}
	for _, a := range s.subjects {
		all[a.name] = all[a.name] || s.compile(a.roles()).some()
	}
	return all
}

// between are the events that lead from one state to the other, by name: first of subjects that have less then.
func between(before, after standings) (events []AccountEvent) {
	for _, name := range slices.Sorted(maps.Keys(before)) {
		active, there := after[name]
		switch {
		case !there:
			events = append(events, AccountEvent{LoggedOut, name}, AccountEvent{Removed, name})
		case before[name] && !active:
			events = append(events, AccountEvent{LoggedOut, name})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(after)) {
		if after[name] && !before[name] {
			events = append(events, AccountEvent{Activated, name})
		}
	}
	return events
}
