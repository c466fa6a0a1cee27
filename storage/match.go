package storage

import "slices"

// Match reports whether a document meets the condition, by MongoDB's rules: a condition on an array holds when it holds for
// the array itself or for any of its elements; comparisons (Gt, Gte, Lt, Lte) hold only between values of one type; absent
// counts as null; Ne, Nin and NotRegexp are the negations of Eq, In and Regexp. It is the one meaning of a filter: engines may
// narrow what they read by other means, and ask here in the end.
func (f Filter) Match(doc Document) bool { return f.match(Value(doc)) }

func (f *Filter) match(doc Value) bool {
	switch f.Op {
	case And:
		for i := range f.All {
			if !f.All[i].match(doc) {
				return false
			}
		}
		return true
	case Or:
		for i := range f.All {
			if f.All[i].match(doc) {
				return true
			}
		}
		return false
	case Ne, Nin, NotRegexp:
		return !f.found(doc)
	case Exists:
		return f.found(doc) == f.Value.Truthy()
	default:
		return f.found(doc)
	}
}

// found reports whether any value that the path leads to is accepted.
func (f *Filter) found(doc Value) bool {
	return visit(doc, f.Path, func(v Value) bool { return f.accepts(v) || v.Type() == Array && f.acceptsElement(v) })
}

func (f *Filter) acceptsElement(array Value) bool {
	for e := range array.Elements() {
		if f.accepts(e) {
			return true
		}
	}
	return false
}

// accepts judges one value. For Ne, Nin, NotRegexp and Exists it answers the positive question.
func (f *Filter) accepts(v Value) bool {
	switch f.Op {
	case Eq, Ne:
		return sameValue(v, f.Value)
	case In, Nin:
		return f.lists(v)
	case Regexp, NotRegexp:
		return v.Type() == String && f.matches(v.Text())
	case Exists:
		return v != ""
	default:
		return f.compares(v)
	}
}

// lists reports whether the value is one of the filter's list. A sorted list is searched by halves: a long one meets as many
// values as a document's arrays hold.
func (f *Filter) lists(v Value) bool {
	if f.sorted != nil {
		_, found := slices.BinarySearchFunc(f.sorted, v, Compare)
		return found
	}
	return slices.ContainsFunc(f.List, func(w Value) bool { return sameValue(v, w) })
}

// matches reports whether the text meets the pattern.
func (f *Filter) matches(text string) bool {
	if f.literal != nil {
		return f.literal.match(text)
	}
	return f.Pattern.MatchString(text)
}

// Prepared is the filter made ready for many documents: a long list then costs a few comparisons with each, and a pattern that
// is a plain text no regular expression. Documents does that by itself for a search.
func (f Filter) Prepared() Filter {
	if f.Op != And && f.Op != Or {
		return f.prepared()
	}
	all := make([]Filter, len(f.All))
	for i, child := range f.All {
		all[i] = child.Prepared()
	}
	f.All = all
	return f
}

// prepared is a condition made ready.
func (f Filter) prepared() Filter {
	if f.Pattern != nil && f.literal == nil {
		f.literal = literalOf(f.Pattern)
	}
	if len(f.List) > 0 {
		f.sorted = slices.SortedFunc(slices.Values(f.List), Compare)
	}
	return f
}

func (f *Filter) compares(v Value) bool {
	if max(v.Type(), Null) != max(f.Value.Type(), Null) {
		return false
	}
	c := Compare(v, f.Value)
	switch f.Op {
	case Gt:
		return c > 0
	case Gte:
		return c >= 0
	case Lt:
		return c < 0
	case Lte:
		return c <= 0
	default:
		return false
	}
}

// sameValue is Equal with absent taken for null.
func sameValue(v, w Value) bool {
	return v == w || max(v.Type(), Null) == max(w.Type(), Null) && Compare(v, w) == 0
}
