package storage

// Compare orders two documents by q.Sort: negative when a comes first. Documents that are equal in all sort keys compare
// as 0.
func (q Query) Compare(a, b Document) int {
	for _, k := range q.Sort {
		if c := k.compare(k.Value(a), k.Value(b)); c != 0 {
			return c
		}
	}
	return 0
}

// Keys are the values that a document sorts by, one for each entry of q.Sort, for use with CompareKeys. Who sorts many
// documents computes them once.
func (q Query) Keys(doc Document) []Value {
	keys := make([]Value, len(q.Sort))
	for i, k := range q.Sort {
		keys[i] = k.Value(doc)
	}
	return keys
}

// CompareKeys orders two results of Keys as Compare orders their documents.
func (q Query) CompareKeys(a, b []Value) int {
	for i, k := range q.Sort {
		if c := k.compare(a[i], b[i]); c != 0 {
			return c
		}
	}
	return 0
}

// Value is what a document sorts by under this key. Of several values (an array on the path or at its end) it is the
// least when ascending and the greatest when descending. A missing one is null; an empty array is the absent Value,
// which sorts before null.
func (k SortKey) Value(doc Document) Value {
	least, found := Value(""), false
	consider := func(v Value) {
		if !found || k.compare(v, least) < 0 {
			least, found = v, true
		}
	}
	visit(Value(doc), k.Path, func(v Value) bool {
		switch {
		case v == "":
			consider("null")
		case v == "[]":
			consider("")
		case v.Type() == Array:
			for e := range v.Elements() {
				consider(e)
			}
		default:
			consider(v)
		}
		return false
	})
	if !found {
		return "null"
	}
	return least
}

// compare orders two results of Value.
func (k SortKey) compare(a, b Value) int {
	c := 0
	switch {
	case a == b:
	case a == "":
		c = -1
	case b == "":
		c = 1
	default:
		c = Compare(a, b)
	}
	if k.Desc {
		return -c
	}
	return c
}
