package mongo

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"go.mongodb.org/mongo-driver/bson"
)

// event is one event of a change stream, as far as it matters here.
type event struct {
	kind       string // operationType
	collection string // its name in the database
	id         bson.RawValue
	full       bson.Raw // fullDocument; nil: it came without
	before     bson.Raw // fullDocumentBeforeChange; nil: it came without
	marked     bool     // an update that wrote the mark
	at         int64    // when it happened, ms since 1970
	group      string   // text that is equal on all nodes, and unique to the event
}

// The kinds of event in which a document takes part, and the one after which nothing comes.
const (
	inserted    = "insert"
	updated     = "update"
	replaced    = "replace"
	deleted     = "delete"
	invalidated = "invalidate"
)

// readEvent reads an event. Streams of one collection may leave its name out; then it is the one given. Its errors are for
// the log.
func readEvent(raw bson.Raw, collection string) (event, error) {
	if !sound(raw, 0) {
		return event{}, fmt.Errorf("the database sent an event of %d bytes that are no document", len(raw))
	}
	e := event{collection: collection, at: happened(raw), group: eventGroup(raw)}
	e.kind, _ = raw.Lookup("operationType").StringValueOK()
	if name, ok := raw.Lookup("ns", "coll").StringValueOK(); ok {
		e.collection = name
	}
	e.full, _ = raw.Lookup("fullDocument").DocumentOK()
	e.before, _ = raw.Lookup("fullDocumentBeforeChange").DocumentOK()
	e.marked = marks(raw)
	switch e.kind {
	case inserted, updated, replaced, deleted:
		if e.id = raw.Lookup("documentKey", "_id"); e.id.IsZero() || e.collection == "" {
			return e, fmt.Errorf("a change stream's %s event does not say of which document", e.kind)
		}
	}
	return e, nil
}

// maxNesting is more than the server allows in a document, and in the event around it.
const maxNesting = 256

// sound reports whether the bytes are a document throughout. (The driver's own check looks at the outermost level only, and
// breaks down where a document claims to have no length.)
func sound(doc []byte, depth int) bool {
	rest, ok := body(doc)
	for ok && len(rest) > 0 {
		var e element
		if e, rest, ok = next(rest); ok && (e.kind == tObject || e.kind == tArray) {
			ok = depth < maxNesting && sound(e.data, depth+1)
		}
	}
	return ok
}

// happened is when: the server's clock at the write (since MongoDB 6), else the second of the cluster's time.
func happened(raw bson.Raw) int64 {
	if ms, ok := raw.Lookup("wallTime").DateTimeOK(); ok {
		return ms
	}
	seconds, _, _ := raw.Lookup("clusterTime").TimestampOK()
	return int64(seconds) * 1000
}

// marks reports whether an update wrote the mark or a part of it.
func marks(raw bson.Raw) bool {
	fields, _ := raw.Lookup("updateDescription", "updatedFields").DocumentOK()
	elements, err := fields.Elements()
	if err != nil {
		return false
	}
	for _, element := range elements {
		if name := element.Key(); name == markField || strings.HasPrefix(name, markField+".") {
			return true
		}
	}
	return false
}

// eventGroup names the group of a change by another program: it is alone in it, since nobody says what belongs together.
func eventGroup(raw bson.Raw) string {
	sum := sha256.Sum256(raw.Lookup("_id").Value)
	return "event-" + hex.EncodeToString(sum[:12])
}
