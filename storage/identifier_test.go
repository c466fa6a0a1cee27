package storage

import (
	"strings"
	"testing"

	"github.com/google/uuid"
)

func TestComputedIdentifier(t *testing.T) {
	for doc, want := range map[Document]string{
		`{"device":"g1","date":1680000000000}`:                          "90f75315-1cc6-5a2a-9879-7c9a45308b6b",
		`{"device":"g1","date":1680000000000,"eventType":""}`:           "90f75315-1cc6-5a2a-9879-7c9a45308b6b",
		`{"device":"g1","date":1680000000000,"eventType":"Meal Bolus"}`: "7bd53eab-ff43-5967-87f5-adf89676c438",
		`{"date":1680000000001}`:                                        "64908e88-37f5-5416-97c1-9535c1bb2969",
		`{"device":null,"date":1680000000002}`:                          "d5d19de6-8060-5536-bf4b-a0e34cd57542",
		`{"device":"zařízení ✓","date":1680000000003}`:                  "5b0271c0-5a2f-5b5e-8133-2f24f443e32b",
		`{"device":"Libre3","date":1768563315863}`:                      "96457a5e-56ab-5fb5-bac4-75300b1965a5",
		`{"date":1705403220000,"eventType":"Temp Basal"}`:               "c0ed7211-38a3-50ae-ae87-7046a4fb82e7",
	} {
		if got := computedIdentifier(doc.Edit()); got != want {
			t.Errorf("%s: %s, want %s", doc, got, want)
		}
	}
}

func TestValidIdentifier(t *testing.T) {
	for text, want := range map[string]bool{
		"a": true, " a b/c?d": true, "čau": true, "../x": true, "x.json": true, "history": true,
		strings.Repeat("a", MaxIdentifier): true, strings.Repeat("a", MaxIdentifier+1): false,
		"": false, " \t\u00a0": false, "a\x00": false, "a\xff": false,
	} {
		if got := validIdentifier(text); got != want {
			t.Errorf("%.20q: %t", text, got)
		}
	}
}

func FuzzComputedIdentifier(f *testing.F) {
	f.Add(`{"device":"g1","date":1680000000000}`)
	f.Add(`{"device":[1,{"a":[]}],"date":"x","eventType":{}}`)
	f.Fuzz(func(t *testing.T, text string) {
		doc, err := DecodeDocument([]byte(text))
		if err != nil {
			return
		}
		id := computedIdentifier(doc.Edit())
		parsed, err := uuid.Parse(id)
		if err != nil || parsed.Version() != 5 || !validIdentifier(id) {
			t.Fatalf("%s: %s", doc, id)
		}
	})
}
