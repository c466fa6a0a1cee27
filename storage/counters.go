package storage

import (
	"context"
	"errors"
	"sync"
)

// CountersCollection is the reserved collection of counters: one document for each counted collection, called as it is,
// whose next is the number that comes next. No face shows it.
const CountersCollection = "counters"

// The ways in which a counter is left as it is. They never leave this package.
var (
	errUncounted = errors.New("there is no counter yet")
	errFarEnough = errors.New("the counter is that far already")
)

// counters give out the numbers of counted collections. A number is taken in a write of its own, before its document is
// stored: that works on every engine and over all nodes, and leaves gaps where documents are refused. Counters promise that
// a number is given out once. That no document has it is seen when the document is stored (counting.go), because documents
// come from imports and other programs too.
type counters struct {
	engine Engine

	mu    sync.Mutex
	least map[string]int64 // what next is at least, by collection
}

func newCounters(engine Engine) *counters {
	return &counters{engine: engine, least: map[string]int64{}}
}

// take takes so many numbers in a row and returns the first. They are all beyond the number given, which may be 0; with none
// to take the counter is just moved there. Errors: ErrInvalid (there are no more numbers), those of Apply.
func (n *counters) take(ctx context.Context, c Collection, given int64, count int) (first int64, err error) {
	if count == 0 && given < n.known(c.Name) {
		return 0, nil
	}
	first, err = n.move(ctx, c.Name, given+1, count, false)
	if errors.Is(err, errUncounted) {
		var greatest int64
		if greatest, err = n.greatest(ctx, c); err != nil {
			return 0, err
		}
		first, err = n.move(ctx, c.Name, max(given, greatest)+1, count, true)
	}
	return first, err
}

// recount moves the counter beyond all documents that there are. Errors: those of Find and Apply.
func (n *counters) recount(ctx context.Context, c Collection) error {
	greatest, err := n.greatest(ctx, c)
	if err != nil {
		return err
	}
	_, err = n.move(ctx, c.Name, greatest+1, 0, true)
	return err
}

// move moves the counter to a number, unless it is further already, and takes so many. A counter that there is not is only
// begun when that is said.
func (n *counters) move(ctx context.Context, name string, to int64, count int, begin bool) (first int64, err error) {
	decide := func(stored *Stored, now int64) (Next, error) {
		if stored == nil && !begin {
			return Next{}, errUncounted
		}
		next, kind := int64(1), Create
		if stored != nil {
			next, kind = nextOf(stored.Document), Update
		}
		first = max(next, to)
		switch {
		case count > 0 && first+int64(count)-1 > MaxCounted:
			return Next{}, Invalid("The collection has no further ids")
		case count == 0 && stored != nil && first == next:
			return Next{}, errFarEnough
		}
		return Next{Kind: kind, Document: counter(name, first+int64(count), now)}, nil
	}
	_, err = n.engine.Apply(ctx, Write{Collection: CountersCollection, Key: Key{Identifier: name}, Decide: decide})
	if err == nil || errors.Is(err, errFarEnough) {
		n.learn(name, first+int64(count))
		return first, nil
	}
	return 0, err
}

// counter is a counter as it is stored.
func counter(name string, next, now int64) Document {
	d := &Draft{}
	d.Set("identifier", StringValue(name))
	d.Set("srvModified", IntValue(now))
	d.Set("next", IntValue(next))
	return d.Document()
}

// nextOf is the number that comes next, at least 1.
func nextOf(doc Document) int64 {
	next, _ := doc.Get("next").Int()
	return max(next, 1)
}

func (n *counters) known(collection string) int64 {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.least[collection]
}

func (n *counters) learn(collection string, next int64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.least[collection] = max(n.least[collection], next)
}

// greatest is the greatest number that a document of a counted collection has, deleted ones included; 0: none has one.
func (n *counters) greatest(ctx context.Context, c Collection) (greatest int64, err error) {
	newest := Query{
		Filter: Filter{All: []Filter{
			{Op: Gt, Path: numberField, Value: "0"},
			{Op: Lte, Path: numberField, Value: IntValue(MaxCounted)},
		}},
		Sort: []SortKey{{Path: numberField, Desc: true}}, Limit: 1,
	}
	unnumbered := Query{Filter: Filter{Op: Eq, Path: numberField, Value: "null"}}
	for _, q := range [...]Query{newest, unnumbered} {
		for doc, err := range n.engine.Find(ctx, c.Name, q) {
			if err != nil {
				return 0, err
			}
			number, _ := c.number(doc.Identifier())
			greatest = max(greatest, number)
		}
	}
	return greatest, nil
}
