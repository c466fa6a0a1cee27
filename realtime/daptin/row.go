package daptin

import (
	"slices"
	"time"

	"nightwire/storage"
)

// everything is the permission that rows show: who may see them is the collection's affair.
const everything = storage.Value("2097151")

// hidden are the fields of a document that are Nightwire's own, and those in whose place a row has others. The id of counted
// collections is out of what the hub shows already.
var hidden = []string{
	"_id", "identifier", "srvCreated", "srvModified", "subject", "modifiedBy", "isValid", storage.MarkField,
	"__type", "reference_id", "created_at", "updated_at", "version", "permission", "user_account_id",
}

// row are the fields of a row, by name.
type row []storage.Field

// places are the places of the fields, by name.
func (r row) places() map[string]int {
	places := make(map[string]int, len(r))
	for at, f := range r {
		places[f.Name] = at
	}
	return places
}

// text is the row as clients see it.
func (r row) text() []byte { return appendObject(nil, r, appendNumber) }

// facts are what a row tells about its document besides the fields.
type facts struct {
	table     string
	reference string
	created   storage.Value
	updated   storage.Value
	version   int64
	owner     storage.Value // reference of who created it; null: nobody known
}

// row is a row of these facts and other fields.
func (f facts) row(others []storage.Field) row {
	return sorted(append(others,
		storage.Field{Name: "__type", Value: storage.StringValue(f.table)},
		storage.Field{Name: "reference_id", Value: storage.StringValue(f.reference)},
		storage.Field{Name: "created_at", Value: f.created},
		storage.Field{Name: "updated_at", Value: f.updated},
		storage.Field{Name: "version", Value: storage.IntValue(max(f.version, 1))},
		storage.Field{Name: "permission", Value: everything},
		storage.Field{Name: "user_account_id", Value: f.owner},
	))
}

// documentRow is a document of a collection as a row, with all its listed columns and without secrets. Of what was deleted the
// document may be unknown.
func (s *Server) documentRow(c storage.Collection, identifier string, doc storage.Document, revision int64) row {
	stored := doc.Fields()
	fields := make([]storage.Field, 0, len(stored)+len(c.Fields)+7)
	f := facts{table: c.Name, reference: identifier, version: revision, owner: "null", updated: "null"}
	var own, created, modified storage.Value
	for _, field := range stored {
		switch field.Name {
		case "created_at":
			own = field.Value
		case "srvCreated":
			created = field.Value
		case "srvModified":
			modified = field.Value
		case "subject":
			f.owner = owner(field.Value.Text())
		}
		if s.shows(field.Name) {
			fields = append(fields, storage.Field{Name: field.Name, Value: s.secrets.without(field.Value)})
		}
	}
	for _, column := range c.Fields {
		if s.shows(column) && doc.Get(column) == "" {
			fields = append(fields, storage.Field{Name: column, Value: "null"})
		}
	}
	if f.created = own; !own.Truthy() || !isTime(own) {
		f.created = moment(created)
	}
	if revision > 1 {
		f.updated = moment(modified)
	}
	return f.row(fields)
}

// shows tells whether rows have that field of documents.
func (s *Server) shows(name string) bool {
	return !slices.Contains(hidden, name) && !s.secrets.holds(name)
}

// subjectRow is a subject as a row: nothing else of it is for clients.
func subjectRow(id string, subject storage.Document, revision int64) row {
	name := subject.Get("name").Text()
	f := facts{
		table: storage.SubjectsTopic, reference: subjectReference(id, subject), version: revision,
		created: subject.Get("created_at"), updated: "null", owner: owner(name),
	}
	if f.created.Type() != storage.String {
		f.created = moment(subject.Get("srvCreated"))
	}
	if revision > 1 {
		f.updated = moment(subject.Get("srvModified"))
	}
	roles := subject.Get("roles")
	if roles.Type() != storage.Array {
		roles = "[]"
	}
	return f.row([]storage.Field{{Name: "name", Value: storage.StringValue(name)}, {Name: "roles", Value: roles}})
}

// subjectReference is the reference of a subject; its id where no more is known of it.
func subjectReference(id string, subject storage.Document) string {
	if name := subject.Get("name").Text(); name != "" {
		return reference(name)
	}
	return id
}

// owner is the reference of a subject as a value; null when there is none.
func owner(subject string) storage.Value {
	if subject == "" {
		return "null"
	}
	return storage.StringValue(reference(subject))
}

// isTime tells what a time can be given as. Anything else is not: there could be secrets in it.
func isTime(v storage.Value) bool { return v.Type() == storage.String || v.Type() == storage.Number }

// moment is a time in ms since 1970 as rows show it; null when it is none.
func moment(v storage.Value) storage.Value {
	ms, ok := v.Int()
	if !ok {
		return "null"
	}
	return storage.StringValue(time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z07:00"))
}
