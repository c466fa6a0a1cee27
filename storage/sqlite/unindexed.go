package sqlite

import (
	"context"
	"slices"

	"zombiezen.com/go/sqlite"

	"nightwire/storage"
)

// Unindexed are the paths of those conditions that cannot narrow what is read, and of a first sort key that no index
// follows.
func (e *Engine) Unindexed(ctx context.Context, collection string, q storage.Query) (paths []string, err error) {
	err = e.read(ctx, func(conn *sqlite.Conn) error {
		odd, err := readOdd(conn, collection)
		paths = unindexed(q, odd)
		return err
	})
	return paths, err
}

func unindexed(q storage.Query, odd oddSet) []string {
	paths := unnarrowed(&q.Filter, odd)
	if len(q.Sort) > 0 && planFor(storage.Query{Sort: q.Sort[:1]}, odd).order < 0 {
		paths = append(paths, q.Sort[0].Path)
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

// unnarrowed are the paths in a filter for which planFor finds no use.
func unnarrowed(f *storage.Filter, odd oddSet) (paths []string) {
	if f.Op == storage.And || f.Op == storage.Or {
		for i := range f.All {
			if f.Op == storage.Or {
				paths = append(paths, everyPath(&f.All[i])...)
			} else {
				paths = append(paths, unnarrowed(&f.All[i], odd)...)
			}
		}
		return paths
	}
	if planFor(storage.Query{Filter: *f}, odd).index == "" {
		return []string{f.Path}
	}
	return nil
}

func everyPath(f *storage.Filter) (paths []string) {
	if f.Op != storage.And && f.Op != storage.Or {
		return []string{f.Path}
	}
	for i := range f.All {
		paths = append(paths, everyPath(&f.All[i])...)
	}
	return paths
}
