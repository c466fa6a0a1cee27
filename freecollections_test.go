package main

import (
	"reflect"
	"strings"
	"testing"

	"nightwire/storage"
)

func TestFreeCollections(t *testing.T) {
	for value, want := range map[string][]storage.Collection{
		"":  nil,
		" ": nil,
		"test:int(test,status,n),todo": {
			{Name: "test", IDs: storage.CountedIDs, Fields: []string{"test", "status", "n"}}, {Name: "todo", IDs: storage.UUIDs},
		},
		" A-b_9 : uuid ( x , Y ) , c:int ": {
			{Name: "A-b_9", IDs: storage.UUIDs, Fields: []string{"x", "Y"}}, {Name: "c", IDs: storage.CountedIDs},
		},
	} {
		s, err := readSettings(lookupIn(map[string]string{"COLLECTIONS": value}))
		if err != nil || !reflect.DeepEqual(s.free, want) {
			t.Errorf("%q: %+v, %v", value, s.free, err)
		}
		if n := len(s.collections()); n != 6+len(want) {
			t.Errorf("%q: %d collections are served", value, n)
		}
	}
}

func TestBadFreeCollections(t *testing.T) {
	for value, why := range map[string]string{
		",": "name of a collection", "a,": "name of a collection", "1a": "name of a collection", "_a": "name of a collection",
		"a b": "name of a collection", "a(b)": "name of a collection", strings.Repeat("a", 65): "name of a collection", "ä": "name of a collection",
		"a:": "int or uuid", "a:text": "int or uuid", "a:int:b": "int or uuid", "a:int(b": "must end with )", "a:int(b)c": "must end with )",
		"a:int()": "no name", "a:int(b,)": "no name", "a:int(b.c)": "cannot be a column", "a:int($b)": "cannot be a column", "a:int((b))": "cannot be a column",
		"a:int(_and)": "cannot be a column", "a:int(id)": "is there anyway", "a(identifier)": "name of a collection", "a:uuid(srvModified)": "is there anyway",
		"a:int(b,b)": "twice", "a,A": "twice", "entries": "Nightscout's", "Treatments:int": "Nightscout's",
		"changes": "reserved", "alarms": "reserved", "Bulk": "reserved", "version": "reserved", "status": "reserved", "lastModified": "reserved",
		"history": "reserved", "counters": "reserved", "topics": "reserved", "auth_x": "reserved", "nightwire_meta": "reserved", "directus_users": "reserved",
		"user_account": "reserved", "world": "reserved", "sqlite_master": "reserved",
	} {
		refuses(t, "COLLECTIONS", value, "COLLECTIONS")
		_, err := readSettings(lookupIn(map[string]string{"COLLECTIONS": value}))
		if err != nil && !strings.Contains(err.Error(), why) {
			t.Errorf("%q: %v, want %q", value, err, why)
		}
	}
}

// Two collections must not be one in the database.
func TestFreeCollectionsInMongoDB(t *testing.T) {
	_, err := readSettings(lookupIn(map[string]string{"COLLECTIONS": "sgv", "ENTRIES_COLLECTION": "sgv"}))
	if err == nil || !strings.Contains(err.Error(), "sgv") {
		t.Errorf("entries and sgv are one collection: %v", err)
	}
}

func TestFreeCollectionsHavePermissions(t *testing.T) {
	s, err := readSettings(lookupIn(map[string]string{"COLLECTIONS": "todo"}))
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, p := range s.knownPermissions() {
		known[string(p)] = true
	}
	if !known["api:todo:create"] || !known["api:todo:delete"] || !known["api:entries:read"] || !known["api:settings:admin"] {
		t.Errorf("known are %v", known)
	}
}
