package directus

import (
	"fmt"
	"go/ast"
	goparser "go/parser"
	"go/token"
	"os"
	"slices"
	"strings"
	"testing"

	"nightwire/security"
	"nightwire/storage"
)

// sentinels are the ways in which the packages below can fail, by the names of their variables.
var sentinels = map[string]error{
	"storage.ErrInvalid": storage.ErrInvalid, "storage.ErrUngrouped": storage.ErrUngrouped, "storage.ErrNotFound": storage.ErrNotFound,
	"storage.ErrGone": storage.ErrGone, "storage.ErrConflict": storage.ErrConflict, "storage.ErrTaken": storage.ErrTaken,
	"storage.ErrPrecondition": storage.ErrPrecondition, "storage.ErrReadOnly": storage.ErrReadOnly,
	"storage.ErrTooLarge": storage.ErrTooLarge, "storage.ErrGap": storage.ErrGap, "storage.ErrUnavailable": storage.ErrUnavailable,
	"storage.ErrSlow": storage.ErrSlow, "storage.ErrReserved": storage.ErrReserved,
	"security.ErrUnauthenticated": security.ErrUnauthenticated, "security.ErrExpired": security.ErrExpired,
	"security.ErrForbidden": security.ErrForbidden, "security.ErrInvalid": security.ErrInvalid,
	"security.ErrUnavailable": security.ErrUnavailable,
}

// Every sentinel of the packages below has a row of its own, in an order in which a wrapped one does not hide it.
func TestEverySentinelHasAFault(t *testing.T) {
	declared := append(declaredErrors(t, "storage"), declaredErrors(t, "security")...)
	if len(declared) < 10 {
		t.Fatalf("only %v are declared: this test looks in the wrong place", declared)
	}
	for _, name := range declared {
		if sentinels[name] == nil {
			t.Errorf("%s is new: say in faults how it is told, and name it here", name)
		}
	}
	for name, err := range sentinels {
		if !slices.Contains(declared, name) {
			t.Errorf("%s is gone", name)
		}
		if f := faultOf(fmt.Errorf("somewhere: %w", err)); f == errInternal {
			t.Errorf("%s has no row", name)
		}
		if !slices.ContainsFunc(faults, func(row struct {
			is    error
			fault *fault
			told  bool
		}) bool {
			return row.is == err
		}) {
			t.Errorf("%s has no row of its own", name)
		}
	}
}

// declaredErrors are the exported Err variables of one of the packages below.
func declaredErrors(t *testing.T, folder string) (names []string) {
	entries, err := os.ReadDir("../../" + folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		file, err := goparser.ParseFile(token.NewFileSet(), "../../"+folder+"/"+e.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for name, object := range file.Scope.Objects {
			if object.Kind == ast.Var && strings.HasPrefix(name, "Err") {
				names = append(names, folder+"."+name)
			}
		}
	}
	return names
}

// What is more special comes first.
func TestFaults(t *testing.T) {
	for _, c := range []struct {
		err     error
		status  int
		code    string
		message string
	}{
		{storage.Invalid("field %s is bad", "x"), 400, "INVALID_PAYLOAD", "field x is bad"},
		{badQuery("no such operator"), 400, "INVALID_QUERY", "Invalid query. no such operator"},
		{storage.ErrTaken, 400, "RECORD_NOT_UNIQUE", `Field "id" has to be unique.`},
		{storage.ErrConflict, 409, "CONFLICT", "The item was changed meanwhile."},
		{&security.Forbidden{Permission: "api:x:read"}, 403, "FORBIDDEN", errForbidden.message},
		{storage.ErrNotFound, 403, "FORBIDDEN", errForbidden.message},
		{storage.ErrGone, 403, "FORBIDDEN", errForbidden.message},
		{&storage.Error{Kind: storage.ErrTooLarge, Message: "big"}, 413, "CONTENT_TOO_LARGE", "The item is too large."},
		{&storage.Error{Kind: storage.ErrSlow, Message: "no index for a"}, 503, "SERVICE_UNAVAILABLE", "no index for a"},
		{&storage.Error{Kind: storage.ErrUnavailable, Message: "disk full at /var"}, 503, "SERVICE_UNAVAILABLE", errUnavailable.message},
		{security.ErrExpired, 401, "TOKEN_EXPIRED", "Token expired."},
		{fmt.Errorf("column secret does not exist"), 500, "INTERNAL_SERVER_ERROR", errInternal.message},
		{fmt.Errorf("too fast: %w", errTooFast), 429, "REQUESTS_EXCEEDED", errTooFast.message},
	} {
		if f := faultOf(c.err); f.status != c.status || f.code != c.code || f.message != c.message {
			t.Errorf("%v is told as %d %s %q", c.err, f.status, f.code, f.message)
		}
	}
}
