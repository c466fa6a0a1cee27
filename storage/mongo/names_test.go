package mongo

import (
	"testing"

	"nightwire/storage"
)

// Collections that no other program knows bear Nightwire's prefix, and only those are known by it again.
func TestReservedCollectionsAreApart(t *testing.T) {
	e := &Engine{}
	for collection, want := range map[string]string{
		storage.AlarmsCollection: "nightwire_alarms", storage.CountersCollection: "nightwire_counters",
		storage.TopicsCollection: "nightwire_topics", storage.MetaCollection: "nightwire_user_meta", storage.SubjectsCollection: "auth_subjects", "entries": "entries",
	} {
		physical := e.physical(collection)
		if physical != want || e.logical(physical) != collection {
			t.Errorf("%s is called %s, which is %q", collection, physical, e.logical(physical))
		}
	}
	if got := e.logical("nightwire_meta"); got != "" {
		t.Errorf("nightwire_meta is %q", got)
	}
}
