package v2

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"nightwire/security"
)

// verifyPath is the one route of APIv1 that is served: clients ask it whether their credentials are good
// (docs/spec/clients.md §1.7), and it answers with nothing but rights.
const verifyPath = "/api/v1/verifyauth"

// verdict is what the credentials of a request are worth.
type verdict struct {
	CanRead     bool   `json:"canRead"`
	CanWrite    bool   `json:"canWrite"`
	IsAdmin     bool   `json:"isAdmin"`
	Message     string `json:"message"`     // OK for credentials that may read everything, else UNAUTHORIZED
	RoleFound   string `json:"rolefound"`   // FOUND when they name a subject, else NOTFOUND
	Permissions string `json:"permissions"` // ROLE when they are good, DEFAULT when there are none
}

func mountVerify(e *echo.Echo, o Options) {
	e.Match([]string{http.MethodGet, http.MethodHead}, verifyPath, func(c echo.Context) error {
		r := &request{Context: c, Options: o}
		if err := known((*request).verify)(r); err != nil {
			return r.fail(err)
		}
		return nil
	})
}

// verify answers with a verdict. Having no credentials is a verdict too; refused ones are 401.
func (r *request) verify() error {
	v := verdict{Message: "UNAUTHORIZED", RoleFound: "NOTFOUND", Permissions: "ROLE"}
	for _, asked := range []struct {
		permission security.Permission
		held       *bool
	}{{"*:*:read", &v.CanRead}, {"*:*:write", &v.CanWrite}, {"*:*:admin", &v.IsAdmin}} {
		err := r.Guard.Check(r.Request().Context(), r.who, asked.permission)
		if err != nil && !errors.Is(err, security.ErrForbidden) {
			return err
		}
		*asked.held = err == nil
	}
	if r.who == security.Anonymous() {
		v.Permissions = "DEFAULT"
	} else if v.CanRead {
		v.Message = "OK"
	}
	if r.who.Name() != "" {
		v.RoleFound = "FOUND"
	}
	return r.answer(http.StatusOK, struct {
		Status  int     `json:"status"`
		Message verdict `json:"message"`
	}{http.StatusOK, v})
}
