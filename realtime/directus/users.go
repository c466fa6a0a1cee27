package directus

import (
	"context"
	"iter"
	"slices"

	"nightwire/security"
	"nightwire/storage"
)

// usersCollection is how subjects are shown when the operator wants it (WEBSOCKET_SYSTEM): without tokens and notes.
var usersCollection = storage.Collection{Name: "directus_users", Fields: []string{"first_name", "role", "roles", "status"}}

// readUsers is what one must hold to see and hear of subjects.
const readUsers security.Permission = "admin:api:subjects:read"

// searchUsers finds subjects. There are few of them, and the Guard has them at hand.
func (s items) searchUsers(ctx context.Context, q storage.Query) iter.Seq2[storage.Document, error] {
	return func(yield func(storage.Document, error) bool) {
		text, err := s.server.options.Guard.List(ctx, s.request.Who, security.Subjects)
		if err != nil {
			yield("", err)
			return
		}
		list, err := storage.Decode(text)
		if err != nil {
			yield("", err)
			return
		}
		found := matching(list, q)
		slices.SortStableFunc(found, q.Compare)
		found = found[min(q.Skip, len(found)):]
		if q.Limit > 0 {
			found = found[:min(q.Limit, len(found))]
		}
		for _, doc := range found {
			if !yield(doc, nil) {
				return
			}
		}
	}
}

func matching(list storage.Value, q storage.Query) (found []storage.Document) {
	for subject := range list.Elements() {
		doc := userOf(subject.Get("_id").Text(), storage.Document(subject))
		if q.Filter.Match(doc) {
			found = append(found, doc)
		}
	}
	return found
}

// userOf is a subject as a document of usersCollection.
func userOf(id string, subject storage.Document) storage.Document {
	if subject == "" {
		return ""
	}
	roles := subject.Get("roles")
	if roles.Type() != storage.Array {
		roles = "[]"
	}
	role := storage.Value("null")
	for first := range roles.Elements() {
		role = first
		break
	}
	return storage.Document(object(
		storage.Field{Name: "identifier", Value: storage.StringValue(id)},
		storage.Field{Name: "first_name", Value: storage.StringValue(subject.Get("name").Text())},
		storage.Field{Name: "role", Value: role},
		storage.Field{Name: "roles", Value: roles},
		storage.Field{Name: "status", Value: `"active"`},
	))
}

// userChanges are changes of subjects as ones of usersCollection, without those of what is not shown.
func userChanges(changes []storage.Change) (shown []storage.Change) {
	for _, change := range changes {
		change = userChange(change)
		if change.Kind != storage.Update || change.Before != change.After {
			shown = append(shown, change)
		}
	}
	return shown
}

// userChange is a subject's change as one of usersCollection. What was changed is found by comparison.
func userChange(change storage.Change) storage.Change {
	change.Collection = usersCollection.Name
	change.Before = userOf(change.Identifier, change.Before)
	change.After = userOf(change.Identifier, change.After)
	change.Sent = nil
	return change
}
