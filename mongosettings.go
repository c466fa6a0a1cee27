package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"nightwire/security"
	"nightwire/storage"
)

// maxHoldback is more than the clocks of machines that anybody looks after differ.
const maxHoldback = time.Minute

// mongoName is the setting of a collection's name in MongoDB.
func mongoName(collection, name string, others ...string) setting {
	return setting{name, others, collection, "what the collection " + collection + " is called in MongoDB",
		func(s *settings, v string) error { return setMongoName(s, collection, v) }}
}

// setMongoURI looks at the scheme alone; the rest is judged when the database is opened. The error shows nothing of it.
func setMongoURI(to *string, v string) error {
	if v != "" && !strings.HasPrefix(v, "mongodb://") && !strings.HasPrefix(v, "mongodb+srv://") {
		return errors.New("must begin with mongodb:// or mongodb+srv://")
	}
	*to = v
	return nil
}

func setMongoName(s *settings, collection, v string) error {
	if len(v) > 100 || strings.ContainsAny(v, "$\x00") || strings.HasPrefix(v, "system.") || strings.HasPrefix(v, "nightwire_") {
		return errors.New("must be the name of a collection in MongoDB: at most 100 bytes, no $, not beginning with system. or nightwire_")
	}
	if s.mongoNames == nil {
		s.mongoNames = map[string]string{}
	}
	s.mongoNames[collection] = v
	return nil
}

func setPrefix(s *settings, v string) error {
	for _, collection := range []string{storage.SubjectsCollection, storage.RolesCollection} {
		if err := setMongoName(s, collection, v+strings.TrimPrefix(collection, "auth_")); err != nil {
			return err
		}
	}
	return nil
}

func setHoldback(to *time.Duration, v string) error {
	if err := setMilliseconds(to, v); err != nil {
		return err
	}
	if *to <= 0 || *to > maxHoldback {
		return fmt.Errorf("must be a number of milliseconds from 1 to %d", maxHoldback.Milliseconds())
	}
	return nil
}

// checkMongoNames refuses two collections in one.
func (s *settings) checkMongoNames() error {
	names := maps.Clone(s.mongoNames)
	for _, c := range s.free {
		names[c.Name] = c.Name
	}
	used := map[string]string{}
	for _, collection := range slices.Sorted(maps.Keys(names)) {
		name := names[collection]
		if other, taken := used[name]; taken {
			return fmt.Errorf("the collections %s and %s are both called %s in MongoDB; see the settings that end in _COLLECTION", other, collection, name)
		}
		used[name] = collection
	}
	return nil
}

// checkSecret refuses to serve a database without the passphrase that its other nodes and programs have.
func (s *settings) checkSecret() error {
	if s.mongoURI != "" && s.apiSecret == "" {
		return fmt.Errorf("API_SECRET: must be set, to at least %d characters, when MONGODB_URI is: nodes and programs on one database share it, so none is generated", security.MinSecret)
	}
	return nil
}
