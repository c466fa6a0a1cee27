package main

import (
	"context"
	"errors"
	"fmt"

	"nightwire/storage"
)

// namedFlaws is how many flaws are named.
const namedFlaws = 50

// errFlawed is the end of a check that found something.
var errFlawed = errors.New("the database is not as it should be")

// runCheck looks over the whole database and names what is wrong, with what to do.
func runCheck(ctx context.Context, c *call) error {
	if len(c.args) != 0 {
		return errUsage
	}
	return c.withEngine(ctx, func(e engine) error {
		flaws, more := 0, false
		err := e.Check(ctx, func(f storage.Flaw) bool {
			if more = flaws == namedFlaws; more {
				return false
			}
			flaws++
			fmt.Fprintf(c.stdout, "%s: %s; %s\n", f.Where, f.What, f.Remedy)
			return true
		})
		if more {
			fmt.Fprintln(c.stdout, "and more")
		}
		if err != nil || flaws > 0 {
			return errors.Join(err, found(flaws))
		}
		fmt.Fprintln(c.stdout, "everything is as it should be")
		return nil
	})
}

// found is errFlawed when there were flaws.
func found(flaws int) error {
	if flaws == 0 {
		return nil
	}
	return errFlawed
}
