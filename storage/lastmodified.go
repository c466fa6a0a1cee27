package storage

import (
	"context"
	"errors"

	"nightwire/security"
)

// LastModified is the newest srvModified or fallback date of each collection that may be read, in ms (spec nightscout-v3
// §3, LASTMODIFIED). Empty collections and those that may not be read are left out. Errors: ErrUnavailable.
func (d *Documents) LastModified(ctx context.Context, r Request) (map[string]int64, error) {
	newest := map[string]int64{}
	for _, c := range d.options.Collections {
		err := d.check(ctx, r, c, "read")
		if errors.Is(err, security.ErrForbidden) {
			continue
		}
		if err != nil {
			return nil, err
		}
		ms, err := d.newest(ctx, c)
		if err != nil {
			return nil, err
		}
		if ms > 0 {
			newest[c.Name] = ms
		}
	}
	return newest, nil
}

// newest is the greatest time of a collection; 0 when it is empty.
func (d *Documents) newest(ctx context.Context, c Collection) (int64, error) {
	var newest int64
	for _, field := range [...]string{"srvModified", c.DateField} {
		if field == "" {
			continue
		}
		q := Query{Sort: []SortKey{{Path: field, Desc: true}}, Limit: 1}
		for doc, err := range d.engine.Find(ctx, c.Name, q) {
			if err != nil {
				return 0, err
			}
			if ms, ok := timeOf(doc.Get(field)); ok {
				newest = max(newest, ms)
			}
		}
	}
	return newest, nil
}
