package storage

import (
	"math"
	"testing"
)

func TestJSNumber(t *testing.T) {
	nan := math.NaN()
	for text, want := range map[string]float64{
		"": 0, " \u00a0\ufeff\n": 0, "1": 1, "-1.5": -1.5, "+.5": .5, "5.": 5, "1e3": 1000, "1E-2": .01, " 7 ": 7,
		"0x1F": 31, "0b101": 5, "0o17": 15, "0x": nan, "0xg": nan, "-0x1": nan, "0x+1": nan, "1_0": nan, "1,5": nan,
		".": nan, "e5": nan, "1e": nan, "abc": nan, "nan": nan, "inf": nan, "0x1p4": nan, "١": nan,
		"Infinity": math.Inf(1), "-Infinity": math.Inf(-1), "infinity": nan, "1e999": math.Inf(1), "007": 7,
	} {
		if got := JSNumber(text); got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
			t.Errorf("%q is %v, want %v", text, got, want)
		}
	}
}

func TestJSText(t *testing.T) {
	for value, want := range map[Value]string{
		"": "undefined", "null": "null", "true": "true", `"a\"b"`: `a"b`, "1.0": "1", "-0": "0", "1e21": "1e+21",
		"1.5e-7": "1.5e-7", "123456789012": "123456789012", "0.000001": "0.000001", `{"a":1}`: "[object Object]",
		`[1,[null,"x"],2]`: "1,,x,2", "[]": "",
	} {
		if got := jsText(value); got != want {
			t.Errorf("%s is %q, want %q", value, got, want)
		}
	}
}
