package daptin

import "context"

// greet sends the session frame.
func (c *conn) greet() { c.send(`{"type":"session","status":"open"}`) }

// typed works on a request in the typed dialect. Err is what was wrong with it already: errMalformed, errTooFast.
func (c *conn) typed(ctx context.Context, r request, err error) {
	c.send(`{"type":"response","ok":false,"error":"no such method"}`)
}
