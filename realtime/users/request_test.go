package users

import (
	"encoding/json"
	"testing"

	"nightwire/storage"
)

func TestText(t *testing.T) {
	for v, want := range map[storage.Value]string{
		"": "", "null": "", `"a\n"`: "a\n", "5": "5", "5.0": "5", "1e21": "1e+21", "true": "true", "{}": "[object Object]",
		"[]": "", `["a",null,[1,{}]]`: "a,,1,[object Object]",
	} {
		if got := text(v); got != want {
			t.Errorf("%s: %q", v, got)
		}
	}
}

func TestTrim(t *testing.T) {
	if got := trim("\ufeff \u00a0\t\u2028x y\u2029\r\n\u3000"); got != "x y" {
		t.Errorf("%q", got)
	}
	if got := trim("\u0085x"); got != "\u0085x" {
		t.Errorf("%q", got)
	}
}

// Whatever a client sends, decoding ends well, and an echo of it is JSON that stays as it is when it is echoed again. (It may
// not be decoded again: 1e20 is written as an integer that is too large.)
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"eventType":10,"message":{"b":[1.50,-0,"\u2028\ud800"],"1":null},"broadcast":1}`, `{"eventType":[["9"]],"val":0}`,
		`{"eventType":"10"}`, `{"eventType":1e1,"message":18446744073709551616}`, "\ufeff{}", `[]`, `{"eventType":10,"":{"":""}}`,
		`{"eventType":10,"message":{"a":1,"a":2,"\u0061":3}}`, `{"eventType":10,"message":[9007199254740993,1E400,4e-400]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, message []byte) {
		r := decode(message)
		if r.event != 0 && r.event != echo && r.event != metaRequest {
			t.Fatalf("event %d", r.event)
		}
		out := echoed(r.body.Get("message"))
		var frame map[string]json.RawMessage
		if err := json.Unmarshal(out, &frame); err != nil {
			t.Fatalf("%q: %v", out, err)
		}
		if string(frame["eventType"]) != "10" || len(frame) > 2 {
			t.Fatalf("%q", out)
		}
		again := decode(out)
		if again.event == echo && string(echoed(again.body.Get("message"))) != string(out) {
			t.Fatalf("%q becomes %q", out, echoed(again.body.Get("message")))
		}
	})
}
