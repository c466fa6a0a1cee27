package archive

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"

	"nightwire/storage"
)

// Source is an engine that can be exported.
type Source interface {
	storage.Dumper
	Describe() (name, version string)
}

// progressEvery is how many documents pass between two calls of a progress function.
const progressEvery = 1000

// Export writes everything that the source holds, and returns how many documents that is. Each collection is read from its
// beginning to its end, one after the other: what is written meanwhile may be missing, and of two collections the later one
// may be newer. progress is called now and then with the number of documents of a collection so far.
func Export(ctx context.Context, w io.Writer, from Source, progress func(collection string, documents int)) (total int, err error) {
	out := bufio.NewWriterSize(w, 256<<10)
	name, version := from.Describe()
	first, err := json.Marshal(header{formatName, formatVersion, name + " " + version})
	if err != nil {
		return 0, err
	}
	if _, err := fmt.Fprintf(out, "%s\n", first); err != nil {
		return 0, err
	}
	collections, err := from.Collections(ctx)
	if err != nil {
		return 0, err
	}
	for _, c := range collections {
		n, err := exportCollection(ctx, out, from, c, progress)
		if err != nil {
			return 0, fmt.Errorf("exporting %s: %w", c, err)
		}
		total += n
	}
	if _, err := fmt.Fprintf(out, "{\"end\":true,\"documents\":%d}\n", total); err != nil {
		return 0, err
	}
	return total, out.Flush()
}

func exportCollection(ctx context.Context, out *bufio.Writer, from Source, collection string, progress func(string, int)) (n int, err error) {
	var buffer []byte
	for doc, err := range from.Dump(ctx, collection) {
		if err != nil {
			return n, err
		}
		buffer = entry{collection, doc}.appendTo(buffer[:0])
		if _, err := out.Write(buffer); err != nil {
			return n, err
		}
		if n++; n%progressEvery == 0 {
			progress(collection, n)
		}
	}
	progress(collection, n)
	return n, nil
}
