package storage_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"nightwire/storage"
)

var decodeCases = []struct{ in, want string }{
	{`{}`, `{}`},
	{" { \"a\" : [ 1 , 2.50 ,-0, 1E5 ] }\r\n", `{"a":[1,2.50,-0,1E5]}`},
	{`{"b":1,"a":2}`, `{"b":1,"a":2}`},
	{`{"a":1,"b":2,"a":{"c":[]}}`, `{"a":{"c":[]},"b":2}`},
	{`{"\u0061":1,"a":2}`, `{"a":2}`},
	{`{"x":{"a":1,"a":2},"x":{"a":3,"b":4,"a":5}}`, `{"x":{"a":5,"b":4}}`},
	{`"\u00e9\/\ud834\udd1e\u0001\u001f\n\"\\\b\f\r\t\u007f\u2028"`, "\"é/𝄞\\u0001\\u001f\\n\\\"\\\\\\b\\f\\r\\t\u007f\u2028\""},
	{`"\u000a\u0022\u005c\u0008"`, `"\n\"\\\b"`},
	{`"\ud834x\udd1e\uD834\uD834\uDD1E"`, `"\ud834x\udd1e\ud834𝄞"`},
	{`9223372036854775807`, `9223372036854775807`},
	{`-9223372036854775808`, `-9223372036854775808`},
	{`9223372036854775808.0`, `9223372036854775808.0`},
	{`1e-400`, `1e-400`},
	{`true`, `true`},
	{` null `, `null`},
	{`"a\u0000b"`, `"a\u0000b"`},
	{strings.Repeat("[", 65) + strings.Repeat("]", 65), strings.Repeat("[", 65) + strings.Repeat("]", 65)},
}

// refused texts, with a word of the reason.
var refusedCases = map[string]string{
	``:                                 "JSON",
	`{`:                                "JSON",
	`{"a":1} x`:                        "JSON",
	`{'a':1}`:                          "JSON",
	`01`:                               "JSON",
	`NaN`:                              "JSON",
	"\"a\nb\"":                         "JSON",
	"\"\xff\"":                         "UTF-8",
	`9223372036854775808`:              "64 bits",
	`-9223372036854775809`:             "64 bits",
	`[123456789012345678901234567890]`: "64 bits",
	`1e400`:                            "range",
	`{"a\u0000":1}`:                    "NUL",
	`{"a":[{"\u0000":1}]}`:             "NUL",
	strings.Repeat("[", 66) + strings.Repeat("]", 66): "nested",
}

func TestDecode(t *testing.T) {
	for _, c := range decodeCases {
		if got, err := storage.Decode([]byte(c.in)); err != nil || string(got) != c.want {
			t.Errorf("%s becomes %s (%v), want %s", c.in, got, err, c.want)
		}
	}
	for in, reason := range refusedCases {
		if got, err := storage.Decode([]byte(in)); !errors.Is(err, storage.ErrInvalid) || !strings.Contains(err.Error(), reason) {
			t.Errorf("%.50s becomes %s (%v), want a refusal for %s", in, got, err, reason)
		}
	}
}

func TestDecodeDocument(t *testing.T) {
	for in, ok := range map[string]bool{
		`{}`: true, `{"a":{"$b":1}}`: true, `[]`: false, `"x"`: false, `null`: false, `1`: false,
		`{"$a":1}`: false, `{"b":1,"\u0024a":1}`: false, `{"a$":1}`: true,
		`{"_nw":1}`: false, `{"b":1,"\u005fnw":{}}`: false, `{"_nw.rev":1}`: false, `{"a":{"_nw":1},"_nwx":1,"a._nw":1}`: true,
	} {
		if _, err := storage.DecodeDocument([]byte(in)); (err == nil) != ok || err != nil && !errors.Is(err, storage.ErrInvalid) {
			t.Errorf("%s: %v", in, err)
		}
	}
}

var (
	lawfulRefusal = regexp.MustCompile("nested deeper|beyond 64 bits|out of range|with NUL")
	surrogate     = regexp.MustCompile(`\\u[dD][89a-fA-F]`)
)

// FuzzDecode compares with encoding/json, which differs only in what it makes of lone surrogates.
func FuzzDecode(f *testing.F) {
	for _, c := range decodeCases {
		f.Add([]byte(c.in))
	}
	for in := range refusedCases {
		f.Add([]byte(in))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		got, err := storage.Decode(in)
		valid := utf8.Valid(in) && json.Valid(in)
		switch {
		case err != nil && !errors.Is(err, storage.ErrInvalid):
			t.Fatalf("error %v", err)
		case err != nil && valid && !lawfulRefusal.MatchString(err.Error()):
			t.Fatalf("refused: %v", err)
		case err != nil:
			return
		case !valid:
			t.Fatalf("became %s", got)
		}
		var compact bytes.Buffer
		if err := json.Compact(&compact, []byte(got)); err != nil || compact.String() != string(got) {
			t.Fatalf("became %s, which is not compact (%v)", got, err)
		}
		if again, err := storage.Decode([]byte(got)); err != nil || again != got {
			t.Fatalf("became %s, and that %s (%v)", got, again, err)
		}
		if want, have := parsed(t, in), parsed(t, []byte(got)); !surrogate.Match(in) && !reflect.DeepEqual(have, want) {
			t.Fatalf("became %s: %v, want %v", got, have, want)
		}
		checkParts(t, got, parsed(t, []byte(got)))
	})
}

func parsed(t *testing.T, text []byte) (v any) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// checkParts takes a value apart and compares the parts with those that encoding/json finds.
func checkParts(t *testing.T, v storage.Value, want any) {
	switch want := want.(type) {
	case map[string]any:
		if v.Type() != storage.Object || len(storage.Document(v).Fields()) < len(want) {
			t.Fatalf("%s has other members than %v", v, want)
		}
		if surrogate.MatchString(string(v)) {
			return
		}
		for name, member := range v.Members() {
			checkParts(t, member, want[name])
			if v.Get(name) != member {
				t.Fatalf("member %s of %s is %s", name, v, v.Get(name))
			}
		}
		if d := storage.Document(v); d.Edit().Document() != d {
			t.Fatalf("%s is changed by an empty edit", d)
		}
	case []any:
		i := 0
		for e := range v.Elements() {
			checkParts(t, e, want[i])
			i++
		}
		if v.Type() != storage.Array || i != len(want) {
			t.Fatalf("%s has other elements than %v", v, want)
		}
	case string:
		if v.Type() != storage.String || v.Text() != want {
			t.Fatalf("%s reads %q, want %q", v, v.Text(), want)
		}
		if !surrogate.MatchString(string(v)) && storage.StringValue(want) != v {
			t.Fatalf("%q is written as %s, want %s", want, storage.StringValue(want), v)
		}
	case json.Number:
		if v.Type() != storage.Number || string(v) != want.String() {
			t.Fatalf("%s is not %s", v, want)
		}
	case bool:
		if v.Type() != storage.Bool || v.Truthy() != want {
			t.Fatalf("%s is not %v", v, want)
		}
	case nil:
		if v.Type() != storage.Null {
			t.Fatalf("%s is not null", v)
		}
	}
}
