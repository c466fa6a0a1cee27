package users

import "nightwire/storage"

// documentEvent is the event of a change of a document; nil: it is told to nobody. It has the names of the storage channel.
// The end of what was deleted before is no news.
func documentEvent(change storage.Change) []byte {
	before := change.Before.Get("isValid") == "false" // it had been deleted
	switch {
	case change.Kind == storage.Delete && before:
		return nil
	case change.Kind == storage.Delete:
		return about(change, documentRemoved, `,"identifier":`, storage.StringValue(change.Identifier))
	case change.Kind == storage.Create || before:
		return about(change, documentCreated, `,"doc":`, storage.Value(change.After))
	default:
		return about(change, documentUpdated, `,"doc":`, storage.Value(change.After))
	}
}

// about is an event about a document. Without somebody who is known by a name it bears none.
func about(change storage.Change, e eventType, key string, value storage.Value) []byte {
	var out []byte
	if change.By == "" {
		out = begin(nil, e)
	} else {
		out = named(change.By, e)
	}
	out = append(append(out, `,"colName":`...), storage.StringValue(change.Collection)...)
	return append(append(append(out, key...), value...), '}')
}
