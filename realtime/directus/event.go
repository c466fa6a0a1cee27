package directus

import (
	"nightwire/realtime"
	"nightwire/realtime/wire"
	"nightwire/storage"
)

// frames are the events that a topic tells of changes.
func (t topic) frames(l *look) []realtime.Frame {
	switch t.dialect {
	case Core:
		return t.coreFrames(l)
	case V3:
		return t.v3Frames(l)
	default:
		return legacyFrames(l)
	}
}

func text(message storage.Value) realtime.Frame { return realtime.Frame(wire.Text([]byte(message))) }

// legacyFrames are the events of the published documents: what was written, to everybody alike (spec §3.6). Updates that
// wrote the same are one frame, and so are deletions.
func legacyFrames(l *look) (frames []realtime.Frame) {
	name := storage.Field{Name: "collection", Value: storage.StringValue(l.collection.Name)}
	event := func(payload, key, keys storage.Value) {
		frames = append(frames, text(object(
			storage.Field{Name: "action", Value: action(l.kind)},
			storage.Field{Name: "payload", Value: payload},
			storage.Field{Name: "key", Value: key},
			storage.Field{Name: "keys", Value: keys},
			name,
		)))
	}
	switch l.kind {
	case storage.Create:
		for i, change := range l.changes {
			event(changedFields(l.collection, known(change)), l.keys[i], "")
		}
	case storage.Update:
		for payload, keys := range l.alike() {
			if len(keys) > 0 && payload != "{}" { // else nothing was changed that is shown
				event(payload, "", array(keys))
			}
		}
	case storage.Delete:
		if len(l.keys) > 0 {
			event(array(l.keys), "", "")
		}
	}
	return frames
}

// alike yields what was written, with the keys of the consecutive changes that wrote just that.
func (l *look) alike() func(yield func(storage.Value, []storage.Value) bool) {
	return func(yield func(storage.Value, []storage.Value) bool) {
		payload, from := storage.Value(""), 0
		for i, change := range l.changes {
			next := changedFields(l.collection, known(change))
			if i > 0 && next != payload {
				if !yield(payload, l.keys[from:i]) {
					return
				}
				from = i
			}
			payload = next
		}
		yield(payload, l.keys[from:])
	}
}

// known is a change with the fields that its writer sent: those that differ, where other programs have written and nobody
// knows. That they chose the id is not supposed.
func known(change storage.Change) storage.Change {
	if len(change.Sent) > 0 {
		return change
	}
	for _, f := range change.After.Fields() {
		if f.Name != "identifier" && !f.Value.Equal(change.Before.Get(f.Name)) {
			change.Sent = append(change.Sent, f.Name)
		}
	}
	return change
}

func action(k storage.Kind) storage.Value { return storage.StringValue(string(k)) }

// v3Frames are the events of the later extension: items as the subscriber's query shows them, and his uid last (spec §4.5).
func (t topic) v3Frames(l *look) (frames []realtime.Frame) {
	for _, frame := range l.v3() {
		if frame == "" {
			frames = append(frames, nil)
			continue
		}
		if t.uid != "" {
			frame = frame[:len(frame)-1] + `,"uid":` + string(t.uid) + "}"
		}
		frames = append(frames, text(storage.Value(frame)))
	}
	return frames
}

// v3 are the events without uid.
func (l *look) v3() []string {
	if l.framed {
		return l.frames
	}
	l.framed = true
	event := func(key, keys, payload storage.Value) {
		l.frames = append(l.frames, string(object(
			storage.Field{Name: "type", Value: `"SUBSCRIPTION"`},
			storage.Field{Name: "key", Value: key},
			storage.Field{Name: "keys", Value: keys},
			storage.Field{Name: "action", Value: action(l.kind)},
			storage.Field{Name: "collection", Value: storage.StringValue(l.collection.Name)},
			storage.Field{Name: "payload", Value: payload},
		)))
	}
	switch rows := l.selectedRows(); {
	case len(rows) == 0:
	case l.kind == storage.Create:
		for i, row := range l.rows {
			if row == "" {
				l.frames = append(l.frames, "") // one per change
				continue
			}
			event(l.keys[i], "", row)
		}
	case l.kind == storage.Update:
		event("", array(l.keys), array(rows)) // the keys of all that the write changed, as recorded
	default:
		event("", "", array(l.selected()))
	}
	return l.frames
}
