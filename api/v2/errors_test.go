package v2

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"strings"
	"testing"

	"nightwire/security"
)

// Every sentinel of package security has an answer of its own; a new one must be added to both tables.
func TestEverySentinelHasAnAnswer(t *testing.T) {
	statuses := map[string]struct {
		err    error
		status int
	}{
		"ErrUnauthenticated": {security.ErrUnauthenticated, 401},
		"ErrExpired":         {security.ErrExpired, 401},
		"ErrForbidden":       {security.ErrForbidden, 401},
		"ErrInvalid":         {security.ErrInvalid, 400},
		"ErrUnavailable":     {security.ErrUnavailable, 503},
	}
	for _, name := range sentinels(t, "../../security/errors.go") {
		want, ok := statuses[name]
		if !ok {
			t.Errorf("security.%s is new: give it an answer in errors.go and a line here", name)
			continue
		}
		if o := outcomeOf(fmt.Errorf("wrapped: %w", want.err)); o.status != want.status {
			t.Errorf("security.%s: %d", name, o.status)
		}
	}
	for _, err := range []error{errNoRoute, errMalformed, errTooLarge} {
		if o := outcomeOf(err); o.status >= http.StatusInternalServerError {
			t.Errorf("%v: %d", err, o.status)
		}
	}
}

// sentinels are the package-level Err... variables of a source file.
func sentinels(t *testing.T, path string) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	ast.Inspect(file, func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok && strings.HasPrefix(v.Names[0].Name, "Err") {
			names = append(names, v.Names[0].Name)
		}
		return true
	})
	if len(names) < 4 {
		t.Fatalf("only %v found in %s", names, path)
	}
	return names
}
