package daptin

import (
	"encoding/json"
	"reflect"
	"testing"

	"nightwire/storage"
)

func TestNumbersOfAnySize(t *testing.T) {
	for text, want := range map[string]storage.Value{
		`{"big":12345678901234567000,"s":"\"12345678901234567000"}`: `{"big":1.2345678901234567e+19,"s":"\"12345678901234567000"}`,
		`[-99999999999999999999, 9223372036854775807 ,1]`:           `[-1e+20,9223372036854775807,1]`,
		`1e5`: `1e5`,
	} {
		if v, err := decodeValue([]byte(text)); err != nil || v != want {
			t.Errorf("%s: %s, %v", text, v, err)
		}
	}
	for _, text := range []string{``, `x`, `{"a":1e999}`, `{"a":1}{}`, "\"\xff\""} {
		if v, err := decodeValue([]byte(text)); err == nil {
			t.Errorf("%q: %s", text, v)
		}
	}
}

// What storage takes is the same value here; what it does not, is the value that Go makes of it.
func FuzzDecodeValue(f *testing.F) {
	for _, text := range []string{`{"a":[12345678901234567000,"\\\"9"]}`, `123`, `"\u0039"`, `-`, `[]`, `{"99999999999999999999":-99999999999999999999}`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		v, err := decodeValue(text)
		plain, plainErr := storage.Decode(text)
		if plainErr == nil && (err != nil || v != plain) {
			t.Fatalf("%q: %s, %v", text, v, err)
		}
		if err != nil {
			return
		}
		var ours, want any
		if err := json.Unmarshal([]byte(v), &ours); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, &want); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(ours, want) {
			t.Fatalf("%q is %s", text, v)
		}
	})
}
