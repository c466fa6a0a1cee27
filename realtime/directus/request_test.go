package directus

import (
	"strings"
	"testing"
	"unicode/utf8"

	"nightwire/storage"
)

func TestDecode(t *testing.T) {
	for _, bad := range []string{"", " ", "{", "{not json", "[]", "[1]", "null", "5", `"str"`, "\xff", "{}{}", `{"a":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + "}"} {
		if _, err := decode([]byte(bad)); err != errMalformed {
			t.Errorf("%.20q: %v", bad, err)
		}
	}
	r, err := decode([]byte(` { "type" : " Get ", "collection":" test ", "id":1, "ids":[2], "data":{}, "query":null, "uid":{"a":1}, "x":1, "type":"post " } `))
	if err != nil || r.verb() != "POST" || r.collection != " test " || r.id != "1" || r.ids != "[2]" || r.data != "{}" || r.query != "null" || r.uid != `{"a":1}` {
		t.Errorf("%+v %v", r, err)
	}
	if r, err := decode([]byte(`{"type":5,"collection":["test"]}`)); err != nil || r.kind != "" || r.collection != "" {
		t.Errorf("%+v %v", r, err)
	}
}

// Only uids that are true to JavaScript come back.
func TestEchoedUID(t *testing.T) {
	for uid, want := range map[storage.Value]storage.Value{
		`"u1"`: `"u1"`, "7": "7", `{"a":1}`: `{"a":1}`, "[]": "[]", "true": "true",
		"0": "", "-0": "", "0.0": "", `""`: "", "null": "", "false": "", "": "",
	} {
		if got := (request{uid: uid}).echoed(); got != want {
			t.Errorf("%s: %s", uid, got)
		}
	}
}

func TestObjectLeavesOutWhatIsAbsent(t *testing.T) {
	got := object(storage.Field{Name: "a", Value: "1"}, storage.Field{Name: "b"}, storage.Field{Name: "c<", Value: `"&\u0000"`})
	if got != `{"a":1,"c<":"&\u0000"}` {
		t.Error(got)
	}
	if array(nil) != "[]" || array([]storage.Value{"1", "{}"}) != "[1,{}]" {
		t.Error("arrays")
	}
}

func FuzzDecode(f *testing.F) {
	for _, seed := range []string{`{"type":"get","collection":"test","uid":1}`, `{"type":"subscribe","event":"create","uid":"\ud800"}`, `[`, `{"a":1e999}`, `{"":"\u0000"}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, message string) {
		r, err := decode([]byte(message))
		if err != nil {
			if err != errMalformed {
				t.Fatalf("%v", err)
			}
			return
		}
		again, err := decode([]byte(r.body))
		if err != nil || again != r {
			t.Fatalf("%q reads as %+v, again as %+v (%v)", message, r, again, err)
		}
		answer := object(storage.Field{Name: "uid", Value: r.echoed()}, storage.Field{Name: "type", Value: storage.StringValue(r.verb())})
		if v, err := storage.Decode([]byte(answer)); err != nil || v != answer || !utf8.ValidString(string(answer)) {
			t.Fatalf("answer %s is not canonical: %v", answer, err)
		}
		r.showsCore()
	})
}
