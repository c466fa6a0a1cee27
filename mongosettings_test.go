package main

import (
	"maps"
	"strings"
	"testing"
	"time"
)

func TestMongoNames(t *testing.T) {
	original := map[string]string{"entries": "entries", "treatments": "treatments", "profile": "profile", "devicestatus": "devicestatus",
		"food": "food", "settings": "settings", "auth_subjects": "auth_subjects", "auth_roles": "auth_roles"}
	for _, c := range []struct {
		env  map[string]string
		want map[string]string // where it is not the original's
	}{
		{nil, nil},
		{map[string]string{"MONGO_COLLECTION": "sgvs"}, map[string]string{"entries": "sgvs"}},
		{map[string]string{"MONGO_COLLECTION": "sgvs", "ENTRIES_COLLECTION": "first"}, map[string]string{"entries": "first"}},
		{map[string]string{"mongo_treatments_collection": "care"}, map[string]string{"treatments": "care"}},
		{map[string]string{"MONGO_AUTHENTICATION_COLLECTIONS_PREFIX": "who_"}, map[string]string{"auth_subjects": "who_subjects", "auth_roles": "who_roles"}},
		{map[string]string{"MONGO_FOOD_COLLECTION": "profile", "MONGO_PROFILE_COLLECTION": "food"}, map[string]string{"food": "profile", "profile": "food"}},
	} {
		s, err := readSettings(lookupIn(c.env))
		want := maps.Clone(original)
		maps.Copy(want, c.want)
		if err != nil || !maps.Equal(s.mongoNames, want) {
			t.Errorf("%v: %v, %v", c.env, s.mongoNames, err)
		}
	}
	_, err := readSettings(lookupIn(map[string]string{"MONGO_FOOD_COLLECTION": "entries"}))
	if err == nil || !strings.Contains(err.Error(), "food") || !strings.Contains(err.Error(), "entries") {
		t.Errorf("two collections of one name: %v", err)
	}
}

func TestMongoSettings(t *testing.T) {
	const uri = "mongodb+srv://user:hunter2@db/x"
	s, err := readSettings(lookupIn(map[string]string{"STORAGE_URI": uri}))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.checkSecret(); err == nil || !strings.Contains(err.Error(), "API_SECRET") || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("without API_SECRET: %v", err)
	}
	s, err = readSettings(lookupIn(map[string]string{"STORAGE_URI": uri, "API_SECRET": "a long secret", "CHANGES": "own", "HISTORY_HOLDBACK": "250"}))
	if err != nil || s.mongoURI != uri || !s.ownChanges || s.holdback != 250*time.Millisecond || s.checkSecret() != nil {
		t.Errorf("%+v, %v", s, err)
	}
	s, err = readSettings(lookupIn(nil))
	if err != nil || s.mongoURI != "" || s.ownChanges || s.holdback != time.Second {
		t.Errorf("defaults: %+v, %v", s, err)
	}
}
