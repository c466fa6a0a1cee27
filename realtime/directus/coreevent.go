package directus

import (
	"nightwire/realtime"
	"nightwire/storage"
)

// coreFrames are the events of the core dialect: an event for each item that was created, one for all that were updated, and
// one for all that were deleted (spec §5). Deletions are told whatever the query selects, as recorded.
func (t topic) coreFrames(l *look) (frames []realtime.Frame) {
	if t.event != "" && t.event != l.kind {
		return nil
	}
	event := func(data ...storage.Value) {
		frames = append(frames, text(coreSubscription(string(l.kind), array(data), "", t.uid)))
	}
	about := t.about(l)
	switch {
	case l.kind == storage.Create:
		for _, row := range about {
			event(row)
		}
	case len(about) > 0:
		event(about...)
	}
	return frames
}

// about are the data of an event: the rows that the topic shows or, of deletions, the keys.
func (t topic) about(l *look) (data []storage.Value) {
	shown := l.rows
	if l.kind == storage.Delete {
		shown = l.keys
	}
	for i, change := range l.changes {
		if shown[i] != "" && (t.item == "" || t.item == change.Identifier) {
			data = append(data, shown[i])
		}
	}
	return data
}
