package storage_test

import (
	"math"
	"slices"
	"testing"

	"nightwire/storage"
)

func TestNumbers(t *testing.T) {
	for _, c := range []struct {
		v     storage.Value
		n     int64
		whole bool
		f     float64
	}{
		{"0", 0, true, 0}, {"-0", 0, true, 0}, {"-0.0", 0, true, 0}, {"1.0", 1, true, 1}, {"1e3", 1000, true, 1000}, {"1.5", 0, false, 1.5},
		{"9007199254740993", 9007199254740993, true, 9007199254740992}, {"9223372036854775807", math.MaxInt64, true, 1 << 63},
		{"9223372036854775808.0", 0, false, 1 << 63}, {"-9223372036854775808.0", math.MinInt64, true, -1 << 63}, {"1e300", 0, false, 1e300},
	} {
		if n, ok := c.v.Int(); n != c.n || ok != c.whole {
			t.Errorf("%s as integer: %d, %v", c.v, n, ok)
		}
		if f := c.v.Float(); f != c.f {
			t.Errorf("%s as double: %v", c.v, f)
		}
	}
	for _, v := range []storage.Value{"", "null", `"1"`, "true", "[1]"} {
		if _, ok := v.Int(); ok || !math.IsNaN(v.Float()) {
			t.Errorf("%s is a number", v)
		}
	}
}

func TestTruthy(t *testing.T) {
	for _, v := range []storage.Value{"", "null", "false", "0", "-0.0", "0e5", `""`} {
		if v.Truthy() {
			t.Errorf("%s is true", v)
		}
	}
	for _, v := range []storage.Value{"true", "1", "-0.1", `"0"`, `"false"`, "[]", "{}"} {
		if !v.Truthy() {
			t.Errorf("%s is false", v)
		}
	}
}

// ordered are values in MongoDB's order; those of one line are equal.
var ordered = [][]storage.Value{
	{"", "null"},
	{"-1e300"}, {"-9223372036854775808"}, {"-9223372036854775807"}, {"-1.5"}, {"-0", "0", "0.0", "-0.0"}, {"0.5"}, {"1", "1.0", "10e-1"},
	{"9007199254740992", "9007199254740992.0"}, {"9007199254740993"}, {"9223372036854775807"}, {"9223372036854775808.0"}, {"1e300"},
	{`""`}, {`"\u0001"`}, {`"A"`}, {`"a"`}, {`"a\"b"`}, {`"ab"`}, {`"é"`}, {`"𝄞"`},
	{"{}"}, {`{"a":null}`}, {`{"a":1}`, `{"a":1.0}`}, {`{"a":1,"b":1}`}, {`{"a":2}`}, {`{"b":1}`}, {`{"a":"x"}`}, {`{"a":[]}`}, {`{"a":true}`},
	{"[]"}, {"[null]"}, {"[1]"}, {"[1,2]"}, {"[2]"}, {`["a"]`}, {"[[1]]"},
	{"false"}, {"true"},
}

func TestCompare(t *testing.T) {
	for i, equals := range ordered {
		for j, others := range ordered {
			for _, a := range equals {
				for _, b := range others {
					want := max(-1, min(1, i-j))
					if got := storage.Compare(a, b); got != want {
						t.Errorf("Compare(%s, %s) is %d, want %d", a, b, got, want)
					}
					if same := a == b || a != "" && b != "" && i == j; a.Equal(b) != same {
						t.Errorf("%s equals %s: %v", a, b, !same)
					}
				}
			}
		}
	}
}

func TestEdit(t *testing.T) {
	original := storage.Document(`{"a":1,"b\"c":{"d":[1,"}"]},"e":null}`)
	d := original.Edit()
	d.Set("a", "2")
	d.Set("new", `"x"`)
	d.Delete("e")
	d.Delete("none")
	if got := d.Document(); got != `{"a":2,"b\"c":{"d":[1,"}"]},"new":"x"}` {
		t.Errorf("edited: %s", got)
	}
	if d.Get("new") != `"x"` || d.Get("e") != "" || original.Get("e") != "null" || original.Get(`b"c`).Get("d") != `[1,"}"]` {
		t.Error("a field is not what it was set to")
	}
	d.Delete("a")
	d.Delete(`b"c`)
	d.Delete("new")
	if got := d.Document(); got != "{}" {
		t.Errorf("without fields: %s", got)
	}
	if got := slices.Collect(storage.Value(`[1,[2,3],{"a":[4]},"5,]"]`).Elements()); !slices.Equal(got, []storage.Value{"1", "[2,3]", `{"a":[4]}`, `"5,]"`}) {
		t.Errorf("elements %v", got)
	}
}
