package daptin

import (
	"nightwire/realtime"
	"nightwire/realtime/wire"
	"nightwire/storage"
)

// database is the source of what happens to documents.
const database = "database"

// viewOf is the view of a topic: of a table its documents and what is published on it, else only the latter.
func (s *Server) viewOf(topic string) *view {
	v := &view{topic: topic}
	if topic == storage.SubjectsTopic {
		v.of = func(change storage.Change) *look { return either(topic, change, subjectLook) }
		return v
	}
	c, err := s.options.Documents.Collection(topic)
	if err != nil { // no table
		v.of = func(change storage.Change) *look { return messageLook(topic, change) }
		return v
	}
	v.of = func(change storage.Change) *look {
		return either(topic, change, func(change storage.Change) *look { return s.documentLook(c, change) })
	}
	return v
}

// either looks at a message or at a row.
func either(topic string, change storage.Change, rows func(storage.Change) *look) *look {
	if change.Kind == storage.Tell {
		return messageLook(topic, change)
	}
	return rows(change)
}

// documentLook is a change of a document as an event.
func (s *Server) documentLook(c storage.Collection, change storage.Change) *look {
	if ofTombstone(change) {
		return nil
	}
	if change.Kind != storage.Delete {
		return rowLook(c.Name, change, s.documentRow(c, change.Identifier, change.After, revisionOf(change)))
	}
	last := change.After
	if change.Before != "" {
		last = c.Shown(change.Before)
	}
	return deletion(c.Name, change.Identifier, s.documentRow(c, change.Identifier, last, change.Revision-1))
}

// ofTombstone tells the end of what was deleted before: nobody here knows of it any more.
func ofTombstone(change storage.Change) bool {
	return change.Kind == storage.Delete && change.Before.Get("isValid") == "false"
}

// revisionOf is the revision of a document. What other programs write bears none.
func revisionOf(change storage.Change) int64 {
	if change.Kind == storage.Update {
		return max(change.Revision, 2)
	}
	return change.Revision
}

// subjectLook is a change of a subject as an event.
func subjectLook(change storage.Change) *look {
	if change.Kind == storage.Delete {
		return deletion(storage.SubjectsTopic, subjectReference(change.Identifier, change.Before),
			subjectRow(change.Identifier, change.Before, change.Revision-1))
	}
	return rowLook(storage.SubjectsTopic, change, subjectRow(change.Identifier, change.After, revisionOf(change)))
}

func rowLook(topic string, change storage.Change, r row) *look {
	return newLook(topic, string(change.Kind), database, r, r.text)
}

// deletion is told without the row, of which filters judge by the last state.
func deletion(topic, reference string, last row) *look {
	told := row{{Name: "__type", Value: storage.StringValue(topic)}, {Name: "reference_id", Value: storage.StringValue(reference)}}
	return newLook(topic, string(storage.Delete), database, last, told.text)
}

// newLook is an event whose data is the same in both dialects.
func newLook(topic, event, source string, r row, text func() []byte) *look {
	var data []byte
	return &look{topic: topic, event: event, source: source, row: r, data: func(Dialect) []byte {
		if data == nil {
			data = text()
		}
		return data
	}}
}

// newMessage is the type of the events that are messages.
const newMessage = "new-message"

// messageLook is a message as an event; nil: the change is none. In the document's dialect the data is an object or null.
func messageLook(topic string, change storage.Change) *look {
	p, ok := storage.Published(change)
	if !ok {
		return nil
	}
	l := newLook(topic, newMessage, reference(p.Source), sorted(storage.Document(p.Message).Fields()),
		func() []byte { return compact(p.Message) })
	if t := p.Message.Type(); t != storage.Object {
		whole := l.data
		l.opaque = t != storage.Null
		l.data = func(d Dialect) []byte {
			if d == Doc {
				return []byte("null")
			}
			return whole(d)
		}
	}
	return l
}

// encode is the event as a dialect tells it (spec §4, §5).
func (l *look) encode(d Dialect) realtime.Frame {
	data := l.data(d)
	var out []byte
	field := func(before, text string) { out = append(append(out, before...), quoted(text)...) }
	if d == Typed {
		field(`{"type":"event","topic":`, l.topic)
		field(`,"event":`, l.event)
		field(`,"source":`, l.source)
		out = appendBase64(append(out, `,"data":`...), data)
	} else {
		field(`{"MessageSource":`, l.source)
		field(`,"EventType":`, l.event)
		field(`,"ObjectType":`, l.topic)
		out = append(append(out, `,"EventData":`...), data...)
	}
	return realtime.Frame(wire.Text(append(out, '}')))
}
