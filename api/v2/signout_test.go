package v2_test

import (
	"context"
	"testing"

	"nightwire/security"
)

// Whoever shows that he is a subject, in any way, signs out; the answer is empty, and the event is told before it.
func TestSignOut(t *testing.T) {
	var told []security.AccountEvent
	s := serve(t, 0, func(o *security.Options) {
		o.Happened = func(_ context.Context, events []security.AccountEvent) { told = append(told, events...) }
	})
	id, token := s.subject("The Reader", "denied")
	jwt := s.jwt(token)
	form := []string{"Content-Type", "application/x-www-form-urlencoded"}
	told = nil
	for _, c := range []struct {
		name, path, body string
		headers          []string
		status, events   int
	}{
		{"access token in api-secret", "", "", []string{"api-secret", token}, 204, 1},
		{"access token in the query", "?token=" + token, "", nil, 204, 1},
		{"access token in the body", "/", "token=" + token, form, 204, 1},
		{"JWT", "", "", []string{"Authorization", "Bearer " + jwt}, 204, 1},
		{"again", "", "", []string{"Authorization", "Bearer " + jwt}, 204, 1},
		{"API secret", "", "", admin, 204, 0},
		{"nothing", "", "", nil, 401, 0},
		{"bad token", "?token=bad", "", nil, 401, 0},
	} {
		told = nil
		got := s.call("POST", root+"/signout"+c.path, c.body, c.headers...)
		if got.status != c.status || got.status == 204 && got.body != "" || got.status == 401 && got.body != unauthorized {
			t.Errorf("%s: %d %s", c.name, got.status, got.body)
		}
		if len(told) != c.events || len(told) > 0 && told[0] != (security.AccountEvent{Kind: security.LoggedOut, Name: "The Reader"}) {
			t.Errorf("%s: told %v", c.name, told)
		}
	}
	if got := s.call("GET", root+"/signout", "", admin...); got.status != 404 {
		t.Errorf("GET: %d", got.status)
	}
	if err := s.guard.Remove(t.Context(), security.Operator(), security.Subjects, id); err != nil {
		t.Fatal(err)
	}
	if got := s.call("POST", root+"/signout", "", "Authorization", "Bearer "+jwt); got.status != 401 {
		t.Errorf("JWT of a subject that is gone: %d", got.status)
	}
	s.accounts.fail = security.ErrUnavailable
	s.guard.Raise()
	if got := s.call("POST", root+"/signout", "", "Authorization", "Bearer "+jwt); got.status != 503 {
		t.Errorf("accounts away: %d", got.status)
	}
}
