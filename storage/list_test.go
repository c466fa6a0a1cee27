package storage

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// A sorted list holds what the list holds, whatever the types and forms of the values.
func TestSortedList(t *testing.T) {
	values := []Value{"null", "1", "1.0", "-2", "1e3", `"1"`, `"a"`, `""`, "true", "false", "[]", "[1]", `{"a":1}`, "9007199254740993", "0.5", ""}
	for mask := range 1 << len(values[:10]) {
		var list []Value
		for i := range 10 {
			if mask>>i&1 == 1 {
				list = append(list, values[9-i])
			}
		}
		plain := Filter{Op: In, Path: "x", List: list}
		sorted := plain.prepared()
		for _, v := range values {
			if got, want := sorted.accepts(v), plain.accepts(v); got != want {
				t.Fatalf("%q in %q: %v, want %v", v, list, got, want)
			}
		}
	}
}

// A search with a long list over a document with a long array cannot be given up within the document.
func TestLongListMeetsLongArray(t *testing.T) {
	var f Filter
	for i := range 20_000 {
		f.List = append(f.List, StringValue(fmt.Sprint("v", i)))
	}
	f.Op, f.Path = In, "x"
	doc := Document(`{"x":[` + strings.Repeat(`"w",`, 500_000) + `"w"]}`)
	start := time.Now()
	if onlyValid(f).Match(doc) {
		t.Error("matches")
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
}
