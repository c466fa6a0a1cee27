package storagetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"testing"

	"nightwire/storage"
)

// Compare performs n random reads and writes on two empty engines and expects the same outcomes, by value: documents,
// revisions, changes, kinds of errors, and in the end the same history of changes. The seed makes a failure come again.
func (l Limits) Compare(t *testing.T, seed uint64, n int, a, b storage.Engine) {
	t.Logf("seed %d", seed)
	p := pair{t: t, chooser: chooser{rand.New(rand.NewPCG(seed, seed)), l}, a: a, b: b, clock: 1_700_000_000_000}
	from := [2]storage.Cursor{head(t, a), head(t, b)}
	for i := 0; i < n && !t.Failed(); i++ {
		switch p.IntN(4) {
		case 0, 1:
			p.query()
		case 2:
			p.get()
		default:
			p.write()
		}
	}
	if !t.Failed() {
		x, y := journal(t, a, from[0], p.changes), journal(t, b, from[1], p.changes)
		for i := range x {
			p.sameChange(fmt.Sprintf("journalled change %d", i), x[i], y[i])
		}
	}
}

// pair is two engines that are to be alike.
type pair struct {
	chooser
	t       *testing.T
	a, b    storage.Engine
	clock   int64 // srvModified of the next document: the engines' own clocks differ
	changes int   // so far
}

// twice does the same with both engines.
func twice[T any](p *pair, do func(storage.Engine) (T, error)) (x, y T, errX, errY error) {
	x, errX = do(p.a)
	y, errY = do(p.b)
	return x, y, errX, errY
}

var comparedCollections = []string{"entries", "notes", "food"}

func (p *pair) query() {
	collection := pick(p.chooser, comparedCollections...)
	all := find(p.t, p.a, collection, storage.Query{})
	if len(all) == 0 {
		return
	}
	q := p.chooser.query(all)
	if p.IntN(8) == 0 {
		q.Filter.All = append(q.Filter.All, storage.Filter{Op: pick(p.chooser, storage.Regexp, storage.NotRegexp), Path: pick(p.chooser, brutePaths...),
			Pattern: regexp.MustCompile(pick(p.chooser, "a", "^a", "b$", "^$", "z.z", "^.$", `[ab]\b`))})
	}
	q.Sort = append(q.Sort, storage.SortKey{Path: "identifier"}) // what is equal may come in any order
	x, y := find(p.t, p.a, collection, q), find(p.t, p.b, collection, q)
	if !slices.EqualFunc(x, y, sameDocument) {
		p.t.Errorf("query %+v of %s:\n%v\n%v", q, collection, x, y)
	}
}

func (p *pair) get() {
	collection, key := pick(p.chooser, comparedCollections...), p.key()
	x, y, errX, errY := twice(p, func(e storage.Engine) (storage.Stored, error) { return e.Get(p.t.Context(), collection, key) })
	if !sameError(errX, errY) || x.Revision != y.Revision || x.Foreign != y.Foreign || !sameDocument(x.Document, y.Document) {
		p.t.Errorf("key %+v of %s:\n%+v %v\n%+v %v", key, collection, x, errX, y, errY)
	}
}

func (p *pair) write() {
	if p.IntN(20) == 0 {
		p.series()
		return
	}
	w, what := p.randomWrite()
	x, y, errX, errY := twice(p, func(e storage.Engine) ([]storage.Change, error) { return e.Apply(p.t.Context(), w) })
	if !sameError(errX, errY) || len(x) != len(y) {
		p.t.Errorf("%s: %v, %v", what, errX, errY)
		return
	}
	for i := range x {
		p.changes++
		p.sameChange(what, x[i], y[i])
	}
}

func (p *pair) series() {
	a, ok := p.a.(storage.Series)
	b, also := p.b.(storage.Series)
	if !ok || !also {
		return
	}
	var writes []storage.Write
	for range 3 {
		w, _ := p.randomWrite()
		writes = append(writes, w)
	}
	x, y := a.ApplyEach(p.t.Context(), writes...), b.ApplyEach(p.t.Context(), writes...)
	for i := range writes {
		if !sameError(x[i].Err, y[i].Err) {
			p.t.Errorf("write %d of a series: %v, %v", i, x[i].Err, y[i].Err)
		} else if x[i].Err == nil {
			p.changes++
			p.sameChange("in a series", x[i].Change, y[i].Change)
		}
	}
}

func (p *pair) sameChange(what string, x, y storage.Change) {
	same := x.Kind == y.Kind && x.Collection == y.Collection && x.Identifier == y.Identifier && x.Named == y.Named &&
		sameDocument(x.Before, y.Before) && sameDocument(x.After, y.After) && slices.Equal(x.Sent, y.Sent) &&
		x.By == y.By && x.Revision == y.Revision && x.Last == y.Last
	if !same {
		p.t.Errorf("%s:\n%+v\n%+v", what, x, y)
	}
}

func sameDocument(x, y storage.Document) bool { return storage.Value(x).Equal(storage.Value(y)) }

// sameError tells whether both are of the same kind.
func sameError(x, y error) bool {
	for _, kind := range []error{storage.ErrInvalid, storage.ErrNotFound, storage.ErrTaken, storage.ErrReadOnly, storage.ErrConflict} {
		if errors.Is(x, kind) != errors.Is(y, kind) {
			return false
		}
	}
	return (x == nil) == (y == nil)
}
