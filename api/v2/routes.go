package v2

import (
	"net/http"
	"net/url"
	"strings"

	"nightwire/security"
)

// operation answers a request; its error goes through the table in errors.go.
type operation func(*request) error

// known finds out who asks before the operation.
func known(do operation) operation {
	return func(r *request) (err error) {
		if r.who, err = r.identify(); err != nil {
			return err
		}
		return do(r)
	}
}

// on is an operation on one kind of account.
func on(kind security.AccountKind, do func(*request, security.AccountKind) error) operation {
	return known(func(r *request) error { return do(r, kind) })
}

// routes are the operations by method and path below the root. A path that ends in a slash takes one more segment.
var routes = map[string]operation{
	"GET request/":         (*request).exchange,
	"POST signout":         known((*request).signOut),
	"GET subjects":         on(security.Subjects, (*request).list),
	"POST subjects":        on(security.Subjects, (*request).create),
	"PUT subjects":         on(security.Subjects, (*request).replace),
	"DELETE subjects/":     on(security.Subjects, (*request).remove),
	"GET roles":            on(security.Roles, (*request).list),
	"POST roles":           on(security.Roles, (*request).create),
	"PUT roles":            on(security.Roles, (*request).replace),
	"DELETE roles/":        on(security.Roles, (*request).remove),
	"GET permissions":      known((*request).permissions),
	"GET permissions/trie": known((*request).trie),
	"GET debug/check/":     known((*request).check),
}

// findRoute finds the operation of an escaped path, and its last segment where that is a parameter. Segments are
// unescaped once, here. Errors: errNoRoute.
func findRoute(method, escaped string) (operation, string, error) {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	path := strings.TrimPrefix(strings.TrimSuffix(escaped[len(root):], "/"), "/")
	key := method + " "
	if op := routes[key+strings.ToLower(path)]; op != nil && !strings.HasSuffix(path, "/") {
		return op, "", nil
	}
	i := strings.LastIndexByte(path, '/') + 1
	parameter, err := url.PathUnescape(path[i:])
	op := routes[key+strings.ToLower(path[:i])]
	if err != nil || parameter == "" || i == 0 || op == nil {
		return nil, "", errNoRoute
	}
	return op, parameter, nil
}
