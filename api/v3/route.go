package v3

import (
	"net/http"
	"net/url"
	"strings"

	"nightwire/storage"
)

// route is what a path and a method ask for.
type route struct {
	operation  operation
	public     bool   // no token needed
	collection string // "" for the operations on the whole API
	identifier string // unescaped; "" for operations on a collection
	extension  string // json, csv, xml or another known type that is asked for by the path's ending; "" for none
	unknown    bool   // the identifier or timestamp ends like a file of a type that is not offered: 406 unless there is such a one
	since      string // timestamp in the path of HISTORY
}

// knownTypes are the endings that the original knows as media types without rendering them: 406 after authentication.
var knownTypes = map[string]bool{"html": true, "htm": true, "txt": true, "js": true, "css": true, "png": true, "jpg": true,
	"gif": true, "svg": true, "pdf": true, "zip": true, "bin": true, "md": true, "yaml": true, "yml": true}

// rendered are the endings that choose a form of output.
var rendered = map[string]bool{"json": true, "csv": true, "xml": true}

var (
	errNoRoute = &storage.Error{Kind: storage.ErrNotFound, Message: "Bad operation or collection"}
	errFormat  = &storage.Error{Kind: errNotAcceptable, Message: "Unsupported output format requested"}
)

// parseRoute finds the operation of an escaped path that begins with /api/v3. Segments are unescaped once, here.
// Segments name collections in any case; named is the collection that one means.
func parseRoute(method, escaped string, named func(segment string) (collection string, ok bool)) (route, error) {
	segments := strings.Split(strings.Trim(escaped[len("/api/v3"):], "/"), "/")
	if method == http.MethodHead {
		method = http.MethodGet
	}
	if len(segments) > 3 || strings.HasSuffix(escaped, "//") {
		return route{}, errNoRoute
	}
	if len(segments) == 1 {
		return topRoute(method, segments[0], named)
	}
	collection, ok := named(segments[0])
	if !ok {
		return route{}, errNoRoute
	}
	rt := route{collection: collection}
	if name, ending := splitEnding(segments[len(segments)-1]); method == http.MethodGet && rendered[ending] {
		segments[len(segments)-1], rt.extension = name, ending
	}
	if strings.EqualFold(segments[1], "history") && method == http.MethodGet {
		return rt.history(segments)
	}
	if len(segments) == 3 {
		return route{}, errNoRoute
	}
	if strings.EqualFold(segments[1], "bulk") && method == http.MethodPost {
		rt.operation = (*request).bulk
		return rt, nil
	}
	return rt.document(method, segments[1])
}

// topRoute is a route of one segment: an operation on the whole API or on a collection. A free collection may be called test;
// the operation of that name makes way for it.
func topRoute(method, segment string, named func(string) (string, bool)) (route, error) {
	name, ending := splitEnding(strings.ToLower(segment))
	rt := route{extension: ending}
	collection, known := named(name)
	key := method + " " + name
	switch {
	case key == "GET version":
		rt.operation, rt.public = (*request).version, true
	case key == "GET status":
		rt.operation = (*request).status
	case key == "GET test" && !known:
		rt.operation, rt.public = (*request).test, true
	case key == "GET lastmodified":
		rt.operation = (*request).lastModified
	case key == "POST alarms":
		rt.operation = (*request).alarm
	case known && method == http.MethodGet:
		rt.operation, rt.collection = (*request).search, collection
	case known && method == http.MethodPost:
		rt.operation, rt.collection = (*request).create, collection
	default:
		return route{}, errNoRoute
	}
	if ending != "" && !rendered[ending] && !knownTypes[ending] {
		return route{}, errFormat
	}
	return rt, nil
}

func (rt route) history(segments []string) (route, error) {
	rt.operation = (*request).history
	if len(segments) == 3 {
		since, err := url.PathUnescape(segments[2])
		if err != nil {
			return route{}, errNoRoute
		}
		rt.since = since
		_, ending := splitEnding(segments[2])
		rt.unknown = ending != "" && rt.extension == ""
	}
	return rt, nil
}

// document is a route to one document. Only .json, .csv and .xml are extensions; they can be written as part of an
// identifier by escaping the dot (%2E).
func (rt route) document(method, segment string) (route, error) {
	identifier, err := url.PathUnescape(segment)
	if err != nil || identifier == "" {
		return route{}, errNoRoute
	}
	rt.identifier = identifier
	_, ending := splitEnding(segment)
	rt.unknown = ending != "" && rt.extension == ""
	switch method {
	case http.MethodGet:
		rt.operation = (*request).read
	case http.MethodPut:
		rt.operation = (*request).update
	case http.MethodPatch:
		rt.operation = (*request).patch
	case http.MethodDelete:
		rt.operation = (*request).remove
	default:
		return route{}, errNoRoute
	}
	return rt, nil
}

// splitEnding splits a segment at its last dot. A dot at the start or the end makes no ending.
func splitEnding(segment string) (name, ending string) {
	i := strings.LastIndexByte(segment, '.')
	if i <= 0 || i == len(segment)-1 {
		return segment, ""
	}
	return segment[:i], strings.ToLower(segment[i+1:])
}

// location is the path of a document, escaped so that parseRoute finds exactly this identifier.
func (r *request) location(identifier string) string {
	escaped := url.PathEscape(identifier)
	if _, ending := splitEnding(escaped); ending != "" || escaped == "." || escaped == ".." {
		escaped = strings.ReplaceAll(escaped, ".", "%2E")
	}
	return r.BasePath + "/api/v3/" + r.collection + "/" + escaped
}
