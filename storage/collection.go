package storage

import "nightwire/security"

// Collection is a named set of documents with its rules.
type Collection struct {
	Name string
	// Required are the fields that every document must have, in the order in which they are checked. Only fields with a
	// rule in validate.go can be required. With date among them the date rules of spec nightscout-v3 §2 apply.
	Required []string
	// Fallback are the fields by which Create recognises a stored document that has no identifier of its own as the same;
	// none: it never does.
	Fallback []string
	// DateField stands in for a missing srvModified; "": nothing does.
	DateField string
	// Private collections are listed (Search, History, events) to holders of api:{name}:admin; one document is read with
	// api:{name}:read as everywhere.
	Private bool
	// IDs is how documents without an identifier of their own get one.
	IDs IDs
	// Fields are the columns that the operator listed, in order; none: documents have the fields that they have. Only
	// /websocket minds them (design.md: free collections).
	Fields []string
}

// IDs is how the documents of a collection get their identifiers.
type IDs uint8

// The kinds of identifiers. GivenIDs are Nightscout's: the client's or one computed from the document. CountedIDs are
// integers from 1, written in decimal. UUIDs are random. Collections of the last two are free: they require no fields and
// recognise a document by its identifier alone.
const (
	GivenIDs IDs = iota
	CountedIDs
	UUIDs
)

// Nightscout are Nightscout's collections, in the order in which it lists them.
func Nightscout() []Collection {
	required := []string{"date", "utcOffset", "app"}
	return []Collection{
		{Name: "devicestatus", Required: required, Fallback: []string{"created_at", "device"}, DateField: "created_at"},
		{Name: "entries", Required: required, Fallback: []string{"date", "type"}, DateField: "date"},
		{Name: "food", Required: required, Fallback: []string{"created_at"}, DateField: "created_at"},
		{Name: "profile", Required: required, Fallback: []string{"created_at"}, DateField: "created_at"},
		{Name: "settings", Required: required, Private: true},
		{Name: "treatments", Required: required, Fallback: []string{"created_at", "eventType"}, DateField: "created_at"},
	}
}

// ValidName tells whether a collection may be called so: a letter, and at most 63 letters, digits, hyphens and underscores.
func ValidName(name string) bool {
	for i, c := range []byte(name) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (i == 0 || (c < '0' || c > '9') && c != '_' && c != '-') {
			return false
		}
	}
	return name != "" && len(name) <= 64
}

// ListPermission is what one must hold to see the collection as a whole: to search it, and to hear of its changes.
func (c Collection) ListPermission() security.Permission {
	if c.Private {
		return security.Permission("api:" + c.Name + ":admin")
	}
	return security.Permission("api:" + c.Name + ":read")
}

// fallback is what of the document Create looks for besides its identifier: nothing unless all the fields are there.
func (c Collection) fallback(doc *Draft) []Field {
	var fields []Field
	for _, name := range c.Fallback {
		v := doc.Get(name)
		if v == "" {
			return nil
		}
		fields = append(fields, Field{name, v})
	}
	return fields
}

// Shown is a document as clients see it: a missing srvModified (of documents that other programs wrote) comes from the
// collection's date field, a missing srvCreated from srvModified (spec nightscout-v3 §2). The number of a counted document
// is left out; it is its identifier (Key).
func (c Collection) Shown(doc Document) Document {
	if c.IDs == CountedIDs {
		d := doc.Edit()
		d.Delete(numberField)
		doc = d.Document()
	}
	modified, created := doc.Get("srvModified"), doc.Get("srvCreated")
	if modified.Truthy() && created.Truthy() {
		return doc
	}
	d := doc.Edit()
	if !modified.Truthy() {
		ms, ok := timeOf(doc.Get(c.DateField))
		if !ok {
			return doc
		}
		modified = IntValue(ms)
		d.Set("srvModified", modified)
	}
	if !created.Truthy() {
		d.Set("srvCreated", modified)
	}
	return d.Document()
}

// timeOf is a stored time in whole ms; numbers are ms already, whatever their size.
func timeOf(v Value) (int64, bool) {
	if v.Type() == Number {
		f := v.Float()
		return int64(f), f >= 0 && f <= maxDate
	}
	m, ok := parseValue(v)
	return m.ms, ok
}
