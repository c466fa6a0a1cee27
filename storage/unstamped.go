package storage

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"time"
)

const day = 24 * int64(time.Hour/time.Millisecond)

// unstamped yields, as streams in historyOrder, the documents without srvModified: those that other programs wrote. Their
// collection's DateField stands in for it. Two kinds of date have a place in an order that an engine's index follows, and so
// in HISTORY: numbers, and ISO texts that begin with the day (2023-05-01, with or without time and any zone). A date of any
// other kind has none, and neither has one in the future: a client that has seen it would go on from there, and miss
// everything until then.
func (d *Documents) unstamped(ctx context.Context, c Collection, p past) []iter.Seq2[Document, error] {
	from, until := p.since, min(p.until, d.options.Now().UnixMilli()-1)
	if !p.inclusive {
		from++
	}
	if c.DateField == "" || from > until {
		return nil
	}
	return []iter.Seq2[Document, error]{d.dateNumbers(ctx, c, from, until), d.dateTexts(ctx, c, from, until)}
}

// unstampedBetween asks for documents whose DateField lies from one value up to, and without, another of its type.
func (c Collection) unstampedBetween(from, to Value) Query {
	return Query{
		Filter: Filter{All: []Filter{
			{Op: Eq, Path: "srvModified", Value: "null"},
			{Op: Gte, Path: c.DateField, Value: from},
			{Op: Lt, Path: c.DateField, Value: to},
		}},
		Sort: []SortKey{{Path: c.DateField}, {Path: "date"}, {Path: "identifier"}},
	}
}

// dateNumbers yields the documents whose date is a number, in the order of these numbers.
func (d *Documents) dateNumbers(ctx context.Context, c Collection, from, until int64) iter.Seq2[Document, error] {
	return func(yield func(Document, error) bool) {
		for doc, err := range d.engine.Find(ctx, c.Name, c.unstampedBetween(IntValue(from), IntValue(until+1))) {
			if err == nil && (doc.Get("srvModified").Type() > Null || doc.Get(c.DateField).Type() != Number) {
				continue // an array that holds a null, or a number
			}
			if err == nil {
				doc = c.Shown(doc)
			}
			if !yield(doc, err) || err != nil {
				return
			}
		}
	}
}

// dateTexts yields the documents whose date is an ISO text. The order of the texts is that of their days only, and the zones
// shift the time by up to a day: so a document is held back until the texts are a day beyond it.
func (d *Documents) dateTexts(ctx context.Context, c Collection, from, until int64) iter.Seq2[Document, error] {
	return func(yield func(Document, error) bool) {
		var w window
		for doc, err := range d.engine.Find(ctx, c.Name, c.unstampedBetween(dayText(from-2*day), dayText(until+2*day))) {
			if err != nil {
				yield("", err)
				return
			}
			ms, began, ok := timeOfText(doc.Get(c.DateField))
			if !ok || ms < from || ms > until || doc.Get("srvModified").Type() > Null {
				continue
			}
			if began > w.day && !w.release(began-day, yield) {
				return
			}
			w.day = began
			w.held = append(w.held, dated{ms, c.Shown(doc)})
		}
		w.release(until+1, yield)
	}
}

func dayText(ms int64) Value {
	return StringValue(time.UnixMilli(ms).UTC().Format(time.DateOnly))
}

// timeOfText is the time that an ISO text says, and the beginning of the day (UTC) with which it begins, both in ms. The time
// lies from a day before that to two days after; ok is false for any other text.
func timeOfText(v Value) (ms, began int64, ok bool) {
	text := v.Text()
	if len(text) < len(time.DateOnly) {
		return 0, 0, false
	}
	t, err := time.Parse(time.DateOnly, text[:len(time.DateOnly)])
	if err != nil {
		return 0, 0, false
	}
	began = t.UnixMilli()
	ms, ok = timeOf(v)
	return ms, began, ok && ms >= began-day && ms < began+2*day
}

// window holds documents back until no earlier one can come.
type window struct {
	day  int64 // of the newest text
	held []dated
}

// dated is a document with its time.
type dated struct {
	ms  int64
	doc Document
}

// compare is historyOrder. Only documents of one time have to be looked into.
func (a dated) compare(b dated) int {
	if c := cmp.Compare(a.ms, b.ms); c != 0 {
		return c
	}
	return historyOrder(a.doc, b.doc)
}

// release yields in order what is older than the time, and tells whether more is wanted.
func (w *window) release(before int64, yield func(Document, error) bool) bool {
	slices.SortFunc(w.held, dated.compare)
	for i, h := range w.held {
		if h.ms >= before {
			w.held = slices.Delete(w.held, 0, i)
			return true
		}
		if !yield(h.doc, nil) {
			return false
		}
	}
	w.held = nil
	return true
}
