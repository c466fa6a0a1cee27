package v3

import "net/http"

// test is GET /test (spec §8, end): it answers with nothing to who may read entries, and exists only where Options say
// so, which is known before anybody is asked for a token.
func (r *request) test() error {
	if !r.TestRoute {
		return errNoRoute
	}
	who, err := r.identify()
	if err != nil {
		return err
	}
	if err := r.Guard.Check(r.ctx(), who, "api:entries:read"); err != nil {
		return err
	}
	return r.NoContent(http.StatusOK)
}
