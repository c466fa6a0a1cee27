package mongo

import (
	"context"
	"slices"

	"nightwire/storage"
)

// Unindexed are the paths of those conditions that no index narrows, and of a first sort key that none follows.
func (e *Engine) Unindexed(ctx context.Context, collection string, q storage.Query) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, e.options.Timeout)
	defer cancel()
	have, err := listIndexes(ctx, e.db.Collection(e.physical(collection)))
	if err != nil {
		return nil, classify("listing indexes", err)
	}
	return unindexed(have, q), nil
}

func unindexed(have []index, q storage.Query) []string {
	paths := unserved(have, &q.Filter)
	if len(q.Sort) > 0 && !served(have, q.Sort[0].Path) {
		paths = append(paths, q.Sort[0].Path)
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

func served(have []index, path string) bool {
	return slices.ContainsFunc(have, func(x index) bool { return x.serves([]string{path}) })
}

// unserved are the paths of the conditions that no index answers, be it because of their operator.
func unserved(have []index, f *storage.Filter) (paths []string) {
	switch f.Op {
	case storage.And, storage.Or:
		for i := range f.All {
			paths = append(paths, unserved(have, &f.All[i])...)
		}
	case storage.Eq, storage.In, storage.Gt, storage.Gte, storage.Lt, storage.Lte:
		if !served(have, f.Path) {
			paths = []string{f.Path}
		}
	default: // what most documents meet, or texts anywhere in
		paths = []string{f.Path}
	}
	return paths
}
