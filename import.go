package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"slices"

	"nightwire/storage/archive"
)

// namedBad is how many bad lines are named.
const namedBad = 20

// runImport reads a file, or stdin ("-").
func runImport(ctx context.Context, c *call) error {
	rest := slices.DeleteFunc(slices.Clone(c.args), func(arg string) bool { return arg == "--skip-bad" })
	if len(rest) != 1 || len(c.args)-len(rest) > 1 {
		return errUsage
	}
	in := c.stdin
	if rest[0] != "-" {
		file, err := os.Open(rest[0])
		if err != nil {
			return err
		}
		defer file.Close() // nothing was written to it
		in = file
	}
	// An engine that is opened may be made, so what is no export is refused before.
	checked := bufio.NewReader(in)
	if err := archive.Peek(checked); err != nil {
		return err
	}
	return c.withEngine(ctx, func(e engine) error { return c.importInto(ctx, e, checked, len(rest) < len(c.args)) })
}

func (c *call) importInto(ctx context.Context, e engine, in io.Reader, skipBad bool) error {
	named := 0
	report, err := archive.Import(ctx, in, e, archive.Options{
		SkipBad:  skipBad,
		Progress: func(r archive.Report) { c.progress.tell("%d documents", r.Documents()) },
		Bad: func(line int, why error) {
			if named++; named <= namedBad {
				c.say("line %d is skipped: %v", line, why)
			}
		},
	})
	c.say("%s", summary(report))
	if err != nil {
		return fmt.Errorf("the import ended early, and can be repeated: %w", err)
	}
	return nil
}

func summary(r archive.Report) string {
	text := fmt.Sprintf("imported %d documents; %d were there already", r.Written, r.Equal)
	if r.Kept > 0 {
		text += fmt.Sprintf("; of %d there was a version that is not older, which was kept", r.Kept)
	}
	if r.Bad > 0 {
		text += fmt.Sprintf("; %d lines were skipped", r.Bad)
	}
	return text
}
