package directus

import (
	"math"
	"strconv"
	"strings"

	"nightwire/storage"
)

// accumulator computes a function over the values that it is given. As in SQL null counts for nothing.
type accumulator struct {
	name     string
	distinct map[string]struct{} // nil: every value counts
	count    int64
	sum      total
	best     storage.Value // least or greatest so far
}

func newAccumulator(name string) accumulator {
	a := accumulator{}
	a.name, _ = strings.CutSuffix(name, "Distinct")
	if a.name != name {
		a.distinct = map[string]struct{}{}
	}
	return a
}

// add takes a value; what has to be kept of it comes out of the budget.
func (a *accumulator) add(v storage.Value, left *budget) error {
	if v.Type() <= storage.Null || a.sums() && v.Type() != storage.Number {
		return nil
	}
	if a.distinct != nil {
		text := same(v)
		if _, there := a.distinct[text]; there {
			return nil
		}
		if err := left.spend(len(text)); err != nil {
			return err
		}
		a.distinct[strings.Clone(text)] = struct{}{} // the document itself is not to be kept
	}
	a.count++
	switch {
	case a.sums():
		a.sum.add(v)
	case v.Type() == storage.Object || v.Type() == storage.Array:
	case a.name == "min" && (a.best == "" || storage.Compare(v, a.best) < 0),
		a.name == "max" && (a.best == "" || storage.Compare(v, a.best) > 0):
		a.best = kept(v)
	}
	return nil
}

// kept is a value apart from the document that it is of.
func kept(v storage.Value) storage.Value { return storage.Value(strings.Clone(string(v))) }

func (a *accumulator) sums() bool { return a.name == "sum" || a.name == "avg" }

// result is what the function is of the values so far; sums, means and extremes of nothing are null.
func (a *accumulator) result() storage.Value {
	switch {
	case strings.HasPrefix(a.name, "count"):
		return storage.IntValue(a.count)
	case !a.sums():
		return orNull(a.best)
	case a.count == 0:
		return "null"
	case a.name == "avg":
		return floatValue(a.sum.float() / float64(a.count))
	default:
		return a.sum.value()
	}
}

// total is a sum: exact as long as it is one of integers.
type total struct {
	whole int64
	rest  float64
	broad bool // it is whole and rest, else whole alone
}

func (t *total) add(v storage.Value) {
	n, ok := v.Int()
	if sum := t.whole + n; ok && (sum > t.whole) == (n > 0) {
		t.whole = sum
		return
	}
	t.rest, t.broad = t.rest+v.Float(), true
}

func (t *total) float() float64 { return float64(t.whole) + t.rest }

func (t *total) value() storage.Value {
	if t.broad {
		return floatValue(t.float())
	}
	return storage.IntValue(t.whole)
}

// floatValue is a number as JSON writes it; null for what is none.
func floatValue(f float64) storage.Value {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return "null"
	}
	return storage.Value(storage.Value(strconv.FormatFloat(f, 'g', -1, 64)).NumberText())
}
