package mongo

import (
	"container/list"

	"go.mongodb.org/mongo-driver/bson"
)

// cache holds values by document within a bound of entries and one of bytes; what was not used for longest goes first. It
// belongs to one goroutine.
type cache[V any] struct {
	maxEntries, maxBytes int

	bytes   int
	order   *list.List // of *cached[V], the one used last in front
	entries map[string]*list.Element
	forgot  bool // something had to go for want of room
}

type cached[V any] struct {
	key   string
	value V
	size  int
}

func newCache[V any](maxEntries, maxBytes int) *cache[V] {
	return &cache[V]{maxEntries: maxEntries, maxBytes: maxBytes, order: list.New(), entries: make(map[string]*list.Element)}
}

// documentKey tells documents apart: the collection's name in the database, and the _id with its type.
func documentKey(collection string, id bson.RawValue) string {
	return collection + "\x00" + string(rune(id.Type)) + string(id.Value)
}

func (c *cache[V]) get(key string) (v V, found bool) {
	at, found := c.entries[key]
	if !found {
		return v, false
	}
	c.order.MoveToFront(at)
	return at.Value.(*cached[V]).value, true
}

// put keeps a value of so many bytes in place of the one before.
func (c *cache[V]) put(key string, v V, size int) {
	c.drop(key)
	c.entries[key] = c.order.PushFront(&cached[V]{key, v, size})
	c.bytes += size
	for c.order.Len() > 0 && (c.order.Len() > c.maxEntries || c.bytes > c.maxBytes) {
		c.drop(c.order.Back().Value.(*cached[V]).key)
		c.forgot = true
	}
}

func (c *cache[V]) drop(key string) {
	at, found := c.entries[key]
	if !found {
		return
	}
	c.bytes -= at.Value.(*cached[V]).size
	c.order.Remove(at)
	delete(c.entries, key)
}
