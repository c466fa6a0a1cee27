package storage_test

import (
	"regexp"
	"testing"

	"nightwire/storage"
)

// sample is a document of about 400 bytes.
const sample = storage.Document(`{"type":"sgv","sgv":120,"date":1600000000000,"dateString":"2020-09-13T12:26:40.000Z","trend":4,"direction":"Flat",` +
	`"device":"xDrip-DexcomG6","filtered":100000,"unfiltered":101000,"rssi":100,"noise":1,"app":"xdrip","utcOffset":0,` +
	`"created_at":"2020-09-13T12:26:40.000Z","identifier":"00000000-0000-5000-8000-000000000001","srvModified":1600000000001,` +
	`"srvCreated":1600000000001,"subject":"uploader"}`)

var quickFilters = map[string]storage.Filter{
	"eq":      {Op: storage.Eq, Path: "type", Value: `"sgv"`},
	"range":   {All: []storage.Filter{{Op: storage.Gte, Path: "date", Value: "1"}, {Op: storage.Lt, Path: "date", Value: "2000000000000"}}},
	"valid":   {Op: storage.Ne, Path: "isValid", Value: "false"},
	"in":      {Op: storage.In, Path: "subject", List: []storage.Value{`"a"`, `"uploader"`}},
	"regexp":  {Op: storage.Regexp, Path: "device", Pattern: regexp.MustCompile("^xDrip")},
	"missing": {Op: storage.Exists, Path: "a.b.c", Value: "false"},
}

// TestMatchAllocatesNothing: a scan asks millions of times. (The suite of the engines says what matches.)
func TestMatchAllocatesNothing(t *testing.T) {
	for name, f := range quickFilters {
		if !f.Match(sample) {
			t.Errorf("%s does not match", name)
		}
		if n := testing.AllocsPerRun(100, func() { f.Match(sample) }); n > 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func BenchmarkMatch(b *testing.B) {
	for name, f := range quickFilters {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				f.Match(sample)
			}
		})
	}
}
