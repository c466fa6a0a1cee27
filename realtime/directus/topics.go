package directus

import (
	"nightwire/realtime"
	"nightwire/storage"
)

// topics are those in use, with their forms and the views under them.
type topics struct {
	forms realtime.Shared[topic, *realtime.Form]
	views realtime.Shared[viewKey, *view]
}

// viewKey is what the meaning of a change depends on.
type viewKey struct{ collection, query string }

func (t topic) viewKey() viewKey { return viewKey{t.collection, t.query} }

// take returns the topic's form for one more subscription. Give must follow.
func (f *topics) take(t topic, q *query) *realtime.Form {
	return f.forms.Take(t, func() *realtime.Form {
		v := f.views.Take(t.viewKey(), func() *view { return &view{query: q} })
		frames := func(changes []storage.Change) []realtime.Frame { return t.frames(v.look(changes)) }
		return realtime.NewGroupForm(frames).Forgetting(func() { v.last = nil })
	})
}

// give says that a subscription to the topic has ended.
func (f *topics) give(t topic) {
	if f.forms.Give(t) {
		f.views.Give(t.viewKey())
	}
}
