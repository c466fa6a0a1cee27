package daptin

import (
	"encoding/json"
	"reflect"
	"testing"

	"nightwire/storage"
)

// What encoding/json makes of a map is what we make of a value.
func TestTextsAreThoseOfGo(t *testing.T) {
	for _, text := range []string{
		`null`, `true`, `[]`, `{}`, `[1,[],{}]`, `{"b":1,"a":{"d":[null,{"z":1,"y":2}],"c":""}}`, `"<&>\u2028\u2029\u0000\b\f\n\r\t\"\\/é😀"`,
		`{"<":"\ud83d\ude00","\ud800":"\udc00x"}`, `[0,-0,1.0,1.50,1e2,1e21,1E-7,123456.789,-5,1e300,0.1e1]`, `{"10":1,"9":2,"":3,"Z":4,"a":5}`,
	} {
		v, err := storage.Decode([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		var any any
		if err := json.Unmarshal([]byte(text), &any); err != nil {
			t.Fatal(err)
		}
		want, err := json.Marshal(any)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(compact(v)); got != string(want) {
			t.Errorf("\ngot  %s\nwant %s", got, want)
		}
	}
	if got := string(compact("9007199254740993")); got != "9007199254740993" {
		t.Errorf("a large integer becomes %s", got)
	}
}

func FuzzText(f *testing.F) {
	f.Add([]byte(`{"b":[1.5,"<"],"a":null}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		v, err := storage.Decode(text)
		if err != nil {
			return
		}
		var got, want any
		if err := json.Unmarshal(compact(v), &got); err != nil {
			t.Fatalf("%s: %v", compact(v), err)
		}
		if err := json.Unmarshal([]byte(v), &want); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s became %s", v, compact(v))
		}
		if again, err := storage.Decode([]byte(comparison(v))); err != nil || comparison(again) != comparison(v) {
			t.Errorf("the comparison of %s is not its own: %v", v, err)
		}
	})
}
