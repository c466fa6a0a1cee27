// Package v2 is Nightscout's authorization REST under /api/v2/authorization (docs/spec/nightscout-v3.md §5): exchanging
// access tokens for JSON web tokens, and keeping subjects and roles. It owns the wire form: routes, credentials of a
// request, bodies and error texts. Who may do what, and what an account is, security decides.
//
// Read v2.go first, then routes.go and errors.go.
package v2

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/labstack/echo/v4"

	"nightwire/security"
)

const root = "/api/v2/authorization"

// Options of the API.
type Options struct {
	Guard *security.Guard
	Log   *slog.Logger
}

// Mount adds the API's routes. They are one catch-all: Express, whose paths clients use, matches fixed segments in any
// case and allows a slash at the end, which echo's router does not.
func Mount(e *echo.Echo, o Options) {
	serve := func(c echo.Context) error { return (&request{Context: c, Options: o}).serve() }
	for _, path := range []string{root, root + "/*"} {
		e.Any(path, serve)
		e.RouteNotFound(path, serve) // methods that echo does not know
	}
	mountVerify(e, o)
}

// request is one request being answered.
type request struct {
	echo.Context
	Options
	who       security.Identity
	parameter string // the part of the path that is no fixed name, unescaped
	body      []byte // a JSON object, without credentials; {} when there is none
}

func (r *request) serve() error {
	route, parameter, err := findRoute(r.Request().Method, r.Request().URL.EscapedPath())
	if err != nil {
		return r.fail(err)
	}
	r.parameter = parameter
	if err := route(r); err != nil {
		return r.fail(err)
	}
	return nil
}

// exchange issues a JSON web token for the access token in the path. It asks for no other credential and adds no delay.
func (r *request) exchange() error {
	// Without it some HTTP caches answer the next exchange with an old token.
	r.Response().Header().Set(echo.HeaderCacheControl, "no-store")
	issued, err := r.Guard.Exchange(r.Request().Context(), r.parameter)
	if err != nil {
		return err
	}
	return r.answer(http.StatusOK, issued)
}

// signOut tells that the asker has signed out. It ends no token.
func (r *request) signOut() error {
	if err := r.Guard.SignOut(r.Request().Context(), r.who); err != nil {
		return err
	}
	return r.NoContent(http.StatusNoContent)
}

func (r *request) list(kind security.AccountKind) error {
	accounts, err := r.Guard.List(r.Request().Context(), r.who, kind)
	if err != nil {
		return err
	}
	return r.write(http.StatusOK, accounts)
}

func (r *request) create(kind security.AccountKind) error {
	account, err := r.Guard.Create(r.Request().Context(), r.who, kind, r.body)
	if err != nil {
		return err
	}
	return r.write(http.StatusOK, account)
}

func (r *request) replace(kind security.AccountKind) error {
	account, err := r.Guard.Replace(r.Request().Context(), r.who, kind, r.body)
	if err != nil {
		return err
	}
	return r.write(http.StatusOK, account)
}

func (r *request) remove(kind security.AccountKind) error {
	if err := r.Guard.Remove(r.Request().Context(), r.who, kind, r.parameter); err != nil {
		return err
	}
	return r.write(http.StatusOK, []byte("{}"))
}

func (r *request) permissions() error {
	known, err := r.Guard.Permissions(r.Request().Context(), r.who)
	if err != nil {
		return err
	}
	return r.answer(http.StatusOK, known)
}

func (r *request) trie() error {
	trie, err := r.Guard.PermissionTrie(r.Request().Context(), r.who)
	if err != nil {
		return err
	}
	return r.answer(http.StatusOK, map[string]any{"data": trie})
}

// check tells whether the asker holds the permission in the path.
func (r *request) check() error {
	if err := r.Guard.Check(r.Request().Context(), r.who, security.Permission(r.parameter)); err != nil {
		return err
	}
	return r.write(http.StatusOK, []byte(`{"check":true}`))
}

func (r *request) answer(status int, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encoding an answer: %w", err)
	}
	return r.write(status, text)
}

// errLeft is an answer that could not be written because the client has left: nobody is there to be told.
var errLeft = errors.New("the client has left")

func (r *request) write(status int, body []byte) error {
	if err := r.Blob(status, "application/json; charset=utf-8", body); err != nil {
		return fmt.Errorf("%w: %w", errLeft, err)
	}
	return nil
}
