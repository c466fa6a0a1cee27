package storage

// fieldRules say what the required fields must be (spec nightscout-v3 §2, validation order).
var fieldRules = map[string]func(Value) bool{
	"date": func(v Value) bool {
		return v.Type() == Number && v.Float() > MinDate && v.Float() <= maxDate
	},
	"utcOffset": func(v Value) bool {
		return v.Type() == Number && v.Float() >= -24*60 && v.Float() <= 24*60
	},
	"app": func(v Value) bool {
		return !isBlank(v.Text())
	},
}

// validate checks a whole document: its identifier, then the required fields in their order.
func (c Collection) validate(doc *Draft) error {
	if !validIdentifier(doc.Get("identifier").Text()) {
		return badField("identifier")
	}
	if _, ok := c.number(doc.Get("identifier").Text()); c.IDs == CountedIDs && !ok {
		return badField("identifier")
	}
	for _, name := range c.Required {
		if !fieldRules[name](doc.Get(name)) {
			return badField(name)
		}
	}
	return c.validateFree(doc)
}

// validatePatch checks those of the required fields that the patch has.
func (c Collection) validatePatch(patch *Draft) error {
	for _, name := range c.Required {
		if v := patch.Get(name); v != "" && !fieldRules[name](v) {
			return badField(name)
		}
	}
	return c.validateFree(patch)
}

func badField(name string) error { return Invalid("Bad or missing %s field", name) }

// isEmpty tells whether a client's document has no fields, which Nightscout takes for no document.
func isEmpty(doc Document) bool { return len(doc) <= len("{}") }

func errNoBody() error { return Invalid("Bad or missing request body") }

// isDeleted tells whether a document is a tombstone.
func isDeleted(doc Document) bool { return doc.Get("isValid") == "false" }

// checkReadOnly is ErrReadOnly for a document that is marked so, in one of the three spellings in use.
func checkReadOnly(stored Document) error {
	for _, name := range [...]string{"isReadOnly", "readOnly", "readonly"} {
		if stored.Get(name) == "true" {
			return &Error{Kind: ErrReadOnly, Message: "Trying to modify read-only document"}
		}
	}
	return nil
}

// checkUnmodified is ErrPrecondition when the stored document is newer than the time given, by whole seconds. 0: no condition.
func checkUnmodified(stored Document, since int64) error {
	modified, _ := stored.Get("srvModified").Int()
	if since != 0 && modified/1000 > since/1000 {
		return ErrPrecondition
	}
	return nil
}

// withoutID takes the database key that a client may send out of a document.
func withoutID(doc *Draft) (id string) {
	v := doc.Get("_id")
	doc.Delete("_id")
	if v.Type() == String {
		return v.Text()
	}
	if v.Type() <= Null {
		return ""
	}
	return string(v)
}

// names are the names of the fields as they stand.
func names(doc *Draft) []string {
	sent := make([]string, len(doc.fields))
	for i, f := range doc.fields {
		sent[i] = f.Name
	}
	return sent
}
