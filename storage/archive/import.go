package archive

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"nightwire/storage"
)

const (
	batchLines = 500
	batchBytes = 4 << 20
)

// Options says how to import.
type Options struct {
	// SkipBad goes on behind lines that cannot be imported; else the first one ends the import.
	SkipBad bool
	// Bad is told of every line that is skipped, counted from 1.
	Bad func(line int, why error)
	// Progress is called now and then with the report so far.
	Progress func(Report)
}

// Report is how many documents an import met.
type Report struct {
	Written int // new, or newer than what was there
	Equal   int // there already
	Kept    int // there already in a version that is not older, which was kept
	Bad     int // lines that were skipped
}

// Documents is how many lines held documents, bad ones included.
func (r Report) Documents() int { return r.Written + r.Equal + r.Kept + r.Bad }

// Import reads an export and puts its documents into the engine, as they are: with their srvModified, so that clients which
// follow HISTORY need not fetch everything anew. A document that is there already is replaced when the file's has a later
// srvModified, and else kept; so an import that was cut off is simply repeated, and a repeated one changes nothing. The
// report is right also when there is an error: one in a line names its number.
func Import(ctx context.Context, r io.Reader, to storage.Engine, o Options) (Report, error) {
	i := &importing{ctx: ctx, engine: to, options: o}
	err := i.read(bufio.NewReaderSize(r, 256<<10))
	return i.report, err
}

// peeked is how much of a file Peek looks at: a header is short.
const peeked = 4 << 10

// Peek refuses what does not begin as an export does, and leaves everything to be read.
func Peek(r *bufio.Reader) error {
	start, err := r.Peek(peeked)
	if err != nil && err != io.EOF && err != bufio.ErrBufferFull {
		return err
	}
	first, _, _ := bytes.Cut(bytes.TrimLeft(start, " \t\r\n"), []byte{'\n'})
	return parseHeader(first)
}

// importing is an import under way.
type importing struct {
	ctx     context.Context
	engine  storage.Engine
	options Options
	report  Report
	number  int // of the last line
	batch   []numbered
	bytes   int
}

// numbered is a document with the number of its line.
type numbered struct {
	entry
	number int
}

// read reads all lines. What was read before a line that ends the import is imported.
func (i *importing) read(in *bufio.Reader) error {
	text, err := i.nextLine(in)
	if err != nil && err != io.EOF {
		return err
	}
	if err := parseHeader(text); err != nil {
		return err
	}
	for {
		text, err := i.nextLine(in)
		if err == nil {
			var over bool
			if over, err = i.take(text); over {
				return i.finish(in, err)
			}
		}
		if err != nil {
			if err == io.EOF {
				err = errors.New("the file ends early: the export was cut off, and what it lacks is unknown")
			}
			return errors.Join(err, i.flush())
		}
	}
}

// take takes a line, and tells whether it is the end.
func (i *importing) take(text []byte) (over bool, err error) {
	l, e, err := parseLine(text)
	switch {
	case err != nil:
		return false, i.bad(i.number, err)
	case !l.End:
		return false, i.add(numbered{e, i.number}, len(text))
	}
	if err := i.flush(); err != nil {
		return true, err
	}
	if n := i.report.Documents(); n != l.Documents {
		return true, fmt.Errorf("the file holds %d documents, and its last line says %d: something is missing or was added", n, l.Documents)
	}
	return true, nil
}

// finish makes sure that nothing follows the end.
func (i *importing) finish(in *bufio.Reader, err error) error {
	if err != nil {
		return err
	}
	switch _, err := i.nextLine(in); err {
	case io.EOF:
		return nil
	case nil:
		return fmt.Errorf("line %d: there is more after the end; it was not read", i.number)
	default:
		return err
	}
}

// nextLine is the next line that is not empty.
func (i *importing) nextLine(in *bufio.Reader) ([]byte, error) {
	for {
		var text []byte
		for {
			part, err := in.ReadSlice('\n')
			if text = append(text, part...); len(text) > maxLine {
				return nil, fmt.Errorf("line %d is longer than %d bytes: this is no export", i.number+1, maxLine)
			}
			if err == nil {
				break
			}
			if err == io.EOF && len(text) > 0 {
				break
			}
			if err != bufio.ErrBufferFull {
				return nil, err
			}
		}
		i.number++
		if text = bytes.TrimSpace(text); len(text) > 0 {
			return text, nil
		}
	}
}

func (i *importing) add(n numbered, size int) error {
	i.batch = append(i.batch, n)
	if i.bytes += size; len(i.batch) < batchLines && i.bytes < batchBytes {
		return nil
	}
	return i.flush()
}

// flush puts the batch into the engine. All of it is counted, also behind a line that ends the import.
func (i *importing) flush() (err error) {
	batch := i.batch
	i.batch, i.bytes = nil, 0
	writes := make([]storage.Write, len(batch))
	for at, n := range batch {
		writes[at] = n.write()
	}
	for at, a := range storage.ApplyEach(i.ctx, i.engine, writes) {
		if e := i.count(batch[at], a.Err); err == nil {
			err = e
		}
	}
	if i.options.Progress != nil && len(batch) > 0 {
		i.options.Progress(i.report)
	}
	return err
}

// count notes what became of a document.
func (i *importing) count(n numbered, err error) error {
	switch {
	case err == nil:
		i.report.Written++
	case errors.Is(err, errEqual):
		i.report.Equal++
	case errors.Is(err, errKept):
		i.report.Kept++
	case isBad(err):
		return i.bad(n.number, fmt.Errorf("%s %.80q: %w", n.collection, n.name(), err))
	default:
		return fmt.Errorf("line %d: %w", n.number, err)
	}
	return nil
}

func (i *importing) bad(number int, why error) error {
	if !i.options.SkipBad {
		return fmt.Errorf("line %d: %w", number, why)
	}
	i.report.Bad++
	if i.options.Bad != nil {
		i.options.Bad(number, why)
	}
	return nil
}
