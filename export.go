package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"nightwire/storage/archive"
)

// runExport writes all documents into a new file, or to stdout ("-").
func runExport(ctx context.Context, c *call) error {
	if len(c.args) != 1 {
		return errUsage
	}
	return c.withEngine(ctx, func(e engine) error {
		if c.args[0] == "-" {
			return c.export(ctx, e, c.stdout)
		}
		return c.exportFile(ctx, e, c.args[0])
	})
}

// exportFile leaves no file that looks whole and is not: it gets its name when all of it is on the disk.
func (c *call) exportFile(ctx context.Context, e engine, path string) (err error) {
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("%s is there already, and is not overwritten", path)
	}
	partial := path + ".partial"
	file, err := os.OpenFile(partial, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600) // these are health data
	if err != nil {
		return err
	}
	if err := errors.Join(c.export(ctx, e, file), file.Sync(), file.Close()); err != nil {
		return errors.Join(err, os.Remove(partial))
	}
	return os.Rename(partial, path)
}

func (c *call) export(ctx context.Context, e engine, w io.Writer) error {
	total, err := archive.Export(ctx, w, e, func(collection string, documents int) {
		c.progress.tell("%s: %d documents", collection, documents)
	})
	if err != nil {
		return err
	}
	c.say("exported %d documents", total)
	return nil
}
