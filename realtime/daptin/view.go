package daptin

import (
	"nightwire/realtime"
	"nightwire/storage"
)

// view is a topic as all see it who subscribed to it, whatever their dialects and filters. It keeps what it made of the
// changes that are being told, so that a row is made once for all. It belongs to the hub's Run.
type view struct {
	topic string
	of    func(storage.Change) *look
	looks map[place]*look
}

// place tells changes from others.
type place struct {
	cursor     storage.Cursor
	identifier string
}

// look is what a change shows; nil: nothing.
func (v *view) look(change storage.Change) *look {
	at := place{change.Cursor, change.Identifier}
	known, ok := v.looks[at]
	if !ok {
		if known = v.of(change); v.looks == nil {
			v.looks = map[place]*look{}
		}
		v.looks[at] = known
	}
	return known
}

// forget lets go of what has been told.
func (v *view) forget() { v.looks = nil }

// look is one event of a topic.
type look struct {
	topic  string
	event  string // its type
	source string // of the event
	row    row    // by which filters judge
	opaque bool   // a message that is no object: filters on fields do not restrict it
	data   func(Dialect) []byte

	// These are there once a filter has asked for them.
	places   map[string]int // of the row's fields
	compared []string       // comparisons of the row's fields, in their places
	frames   map[Dialect]realtime.Frame
}

// comparison is a field of the row as filters compare it.
func (l *look) comparison(name string) string {
	if l.places == nil {
		l.places, l.compared = l.row.places(), make([]string, len(l.row))
	}
	at, ok := l.places[name]
	if !ok {
		return "null" // and nothing is noted: filters may ask for any number of names
	}
	if l.compared[at] == "" {
		l.compared[at] = comparison(l.row[at].Value)
	}
	return l.compared[at]
}

// frame is the event as a dialect tells it.
func (l *look) frame(d Dialect) realtime.Frame {
	known := l.frames[d]
	if known == nil {
		if known = l.encode(d); l.frames == nil {
			l.frames = map[Dialect]realtime.Frame{}
		}
		l.frames[d] = known
	}
	return known
}

// formKey is what the frames of a subscription depend on.
type formKey struct {
	dialect Dialect
	topic   string
	filter  string // filter.text
}

// takeForm returns the form of a topic for one more subscription. giveForm must follow.
func (s *Server) takeForm(k formKey, f filter) *realtime.Form {
	return s.forms.Take(k, func() *realtime.Form {
		v := s.views.Take(k.topic, func() *view { return s.viewOf(k.topic) })
		return realtime.NewForm(func(change storage.Change) realtime.Frame {
			l := v.look(change)
			if l == nil || !f.wants(l) {
				return nil
			}
			return l.frame(k.dialect)
		}).Forgetting(v.forget)
	})
}

func (s *Server) giveForm(k formKey) {
	if s.forms.Give(k) {
		s.views.Give(k.topic)
	}
}
