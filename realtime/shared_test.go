package realtime

import "testing"

func TestShared(t *testing.T) {
	var s Shared[string, *int]
	made := 0
	take := func(key string) *int {
		return s.Take(key, func() *int { made++; return new(int) })
	}
	a, b := take("x"), take("x")
	if a != b || made != 1 || take("y") == a || made != 2 || s.Len() != 2 {
		t.Errorf("made %d, of which %d are left", made, s.Len())
	}
	if s.Give("x") || !s.Give("y") || s.Len() != 1 {
		t.Error("forgotten too early, or too late")
	}
	for key, v := range s.All() {
		if key != "x" || v != a {
			t.Errorf("%s is left", key)
		}
	}
	if !s.Give("x") || s.Len() != 0 {
		t.Error("not forgotten")
	}
	if c := take("x"); c == a || made != 3 {
		t.Error("not made anew")
	}
}
