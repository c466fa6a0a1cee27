package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"nightwire/storage"
)

// takenNames are names, in lower case, that no free collection may have: they lead elsewhere, or other collections have them.
var takenNames = []string{"changes", storage.AlarmsCollection, "bulk", "version", "status", "lastmodified", "history", storage.CountersCollection,
	storage.TopicsCollection, storage.MetaCollection, storage.SubjectsTopic, "world"}

// takenPrefixes are how others names begin.
var takenPrefixes = []string{"auth_", "nightwire_", "directus_", "sqlite_"}

// takenColumns are the fields that documents have anyway.
var takenColumns = []string{"id", "identifier", "srvCreated", "srvModified", "subject", "modifiedBy", "isValid"}

// setCollections reads free collections: names separated by commas, each with :int where ids are counted, or :uuid, and after
// that a list of columns in parentheses, such as test:int(test,status,n),todo.
func setCollections(to *[]storage.Collection, v string) error {
	var list []storage.Collection
	for _, text := range outsideParentheses(v) {
		c, err := parseCollection(text)
		if err == nil {
			err = checkCollection(c, list)
		}
		if err != nil {
			return err
		}
		list = append(list, c)
	}
	*to = list
	return nil
}

// outsideParentheses splits a list at the commas that are in no parentheses. The empty list has no parts.
func outsideParentheses(list string) (parts []string) {
	if strings.TrimSpace(list) == "" {
		return nil
	}
	inside, start := 0, 0
	for i, c := range []byte(list) {
		switch {
		case c == '(':
			inside++
		case c == ')':
			inside--
		case c == ',' && inside == 0:
			parts = append(parts, list[start:i])
			start = i + 1
		}
	}
	return append(parts, list[start:])
}

// parseCollection reads name, name:kind or name:kind(columns).
func parseCollection(text string) (storage.Collection, error) {
	name, kind, typed := strings.Cut(text, ":")
	kind, columns, listed := strings.Cut(kind, "(")
	c := storage.Collection{Name: strings.TrimSpace(name), IDs: storage.UUIDs}
	switch kind = strings.TrimSpace(kind); {
	case kind == "int":
		c.IDs = storage.CountedIDs
	case kind != "uuid" && typed:
		return c, fmt.Errorf("%.70q: after the colon comes int or uuid", strings.TrimSpace(text))
	}
	if !listed {
		return c, nil
	}
	columns, closed := strings.CutSuffix(strings.TrimSpace(columns), ")")
	if !closed {
		return c, fmt.Errorf("%.70q: the list of columns must end with )", strings.TrimSpace(text))
	}
	for column := range strings.SplitSeq(columns, ",") {
		c.Fields = append(c.Fields, strings.TrimSpace(column))
	}
	return c, nil
}

// checkCollection refuses names that cannot be, be it because of the collections before it. Paths tell no capitals apart.
func checkCollection(c storage.Collection, before []storage.Collection) error {
	lower := strings.ToLower(c.Name)
	named := func(other storage.Collection) bool { return strings.EqualFold(other.Name, c.Name) }
	begins := func(prefix string) bool { return strings.HasPrefix(lower, prefix) }
	switch {
	case !storage.ValidName(c.Name):
		return fmt.Errorf("%.70q cannot be the name of a collection: that is a letter and at most 63 letters, digits, - and _", c.Name)
	case slices.ContainsFunc(storage.Nightscout(), named):
		return fmt.Errorf("%s is there already, it is Nightscout's", c.Name)
	case slices.Contains(takenNames, lower) || slices.ContainsFunc(takenPrefixes, begins):
		return fmt.Errorf("%s is reserved", c.Name)
	case slices.ContainsFunc(before, named):
		return fmt.Errorf("%s is there twice; capitals make no difference", c.Name)
	}
	if err := checkColumns(c.Fields); err != nil {
		return fmt.Errorf("%s: %w", c.Name, err)
	}
	return nil
}

func checkColumns(columns []string) error {
	for i, column := range columns {
		switch {
		case column == "":
			return errors.New("a column has no name")
		case !storage.ValidName(column):
			return fmt.Errorf("%.70q cannot be a column: that is a letter and at most 63 letters, digits, - and _", column)
		case slices.Contains(takenColumns, column):
			return fmt.Errorf("the column %s is there anyway", column)
		case slices.Contains(columns[:i], column):
			return fmt.Errorf("the column %s is there twice", column)
		}
	}
	return nil
}

// collections are all that are served, in their order.
func (s *settings) collections() []storage.Collection {
	return append(storage.Nightscout(), s.free...)
}
