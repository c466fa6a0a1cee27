package directus

import (
	"strings"

	"nightwire/storage"
)

// request is a client's message. Its members are as the client sent them; absent ones are "".
type request struct {
	body       storage.Value // the whole object; what there is in its place when it is none
	kind       string        // type, as it was written
	collection string        // as it was written
	id, ids    storage.Value
	data       storage.Value
	query      storage.Value
	uid        storage.Value
}

// decode reads a message: one JSON object. Members that are of no use to any dialect are left to body. Errors: *fault.
func decode(message []byte) (request, error) {
	body, err := storage.Decode(message)
	if err != nil {
		return request{}, errMalformed
	}
	if body.Type() != storage.Object {
		return request{body: body}, errMalformed
	}
	r := request{body: body}
	for name, v := range body.Members() {
		switch name {
		case "type":
			r.kind = v.Text()
		case "collection":
			r.collection = v.Text()
		case "id":
			r.id = v
		case "ids":
			r.ids = v
		case "data":
			r.data = v
		case "query":
			r.query = v
		case "uid":
			r.uid = v
		}
	}
	return r, nil
}

// verb is the type as the extension reads it: any case, blanks around it allowed.
func (r request) verb() string { return strings.ToUpper(strings.TrimSpace(r.kind)) }

// echoed is the uid as the extension sends it back: those that are true to JavaScript.
func (r request) echoed() storage.Value {
	if r.uid.Truthy() {
		return r.uid
	}
	return ""
}

// object is a JSON object of those fields that are present.
func object(fields ...storage.Field) storage.Value {
	var d storage.Draft
	for _, f := range fields {
		if f.Value != "" {
			d.Set(f.Name, f.Value)
		}
	}
	return storage.Value(d.Document())
}

// array is a JSON array of the values.
func array(values []storage.Value) storage.Value {
	size := 2
	for _, v := range values {
		size += len(v) + 1
	}
	var out strings.Builder
	out.Grow(size)
	out.WriteByte('[')
	for i, v := range values {
		if i > 0 {
			out.WriteByte(',')
		}
		out.WriteString(string(v))
	}
	out.WriteByte(']')
	return storage.Value(out.String())
}

// routeNotFound is the answer of the original to requests of a route that it does not have.
func routeNotFound(path string) storage.Value {
	return object(storage.Field{Name: "errors", Value: array([]storage.Value{object(
		storage.Field{Name: "message", Value: storage.StringValue("Route " + path + " doesn't exist.")},
		storage.Field{Name: "extensions", Value: `{"code":"ROUTE_NOT_FOUND"}`},
	)})})
}
