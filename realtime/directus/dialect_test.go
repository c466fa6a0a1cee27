package directus

import "testing"

// Only what no client of the extension sends shows the core dialect, and only in core's own spelling.
func TestWhatShowsCore(t *testing.T) {
	for message, want := range map[string]bool{
		`{"type":"auth"}`: true, `{"type":"items"}`: true, `{"type":"ping"}`: true, `{"type":"pong"}`: true,
		`{"type":"subscribe","event":"create"}`: true, `{"type":"subscribe","item":1}`: true,
		`{"type":"subscribe","uid":"1"}`: false, `{"type":"Subscribe","event":"create"}`: false, `{"type":"AUTH"}`: false,
		`{"type":" ping"}`: false, `{"type":"get","event":"create"}`: false, `{"type":"unsubscribe"}`: false, `{}`: false,
	} {
		if r, err := decode([]byte(message)); err != nil || r.showsCore() != want {
			t.Errorf("%s: %v (%v)", message, !want, err)
		}
	}
}

// The dialect is sticky; one that the URL names cannot be changed.
func TestDialectOfConnection(t *testing.T) {
	h := newHouse(t, Options{Public: true})
	c := h.dial("")
	c.settled()
	c.ask(`{"type":"ping"}`, `{"type":"pong"}`)
	c.send(`{"type":"get","collection":"test"}`) // unknown to core, which is silent about it
	c.ask(`{"type":"ping","uid":1}`, `{"type":"pong","uid":1}`)

	pinned := h.dial("?dialect=legacy")
	pinned.ask(`{"type":"ping"}`, refusal(400, "INVALID_PAYLOAD"))
	h.dial("?dialect=v3").ask(`{"type":"ping"}`, `{"type":"ERROR","data":"`+errUnknownType.message+`"}`)

	without := newHouse(t, Options{Public: true, NoCore: true})
	without.dial("").ask(`{"type":"ping"}`, refusal(400, "INVALID_PAYLOAD"))
	if got := without.status("?dialect=core", nil); got != 400 {
		t.Errorf("core is off: %d", got)
	}
}
