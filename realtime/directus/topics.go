package directus

import (
	"sync"

	"nightwire/realtime"
	"nightwire/storage"
)

// topics are those in use, with their forms and the views under them. Both are counted, and forgotten with their last subscription.
type topics struct {
	mu    sync.Mutex
	forms map[topic]*form
	views map[viewKey]*view
	quiet *realtime.Form
}

// form is how one topic is written.
type form struct {
	*realtime.Form
	view *view
	uses int // subscriptions
}

// viewKey is what the meaning of a change depends on.
type viewKey struct{ collection, query string }

func (t topic) viewKey() viewKey { return viewKey{t.collection, t.query} }

// take returns the topic's form for one more subscription. Give must follow.
func (f *topics) take(t topic, q *query) *realtime.Form {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.forms == nil {
		f.forms, f.views = make(map[topic]*form), make(map[viewKey]*view)
	}
	known := f.forms[t]
	if known == nil {
		known = f.open(t, q)
		f.forms[t] = known
	}
	known.uses++
	return known.Form
}

func (f *topics) open(t topic, q *query) *form {
	v := f.views[t.viewKey()]
	if v == nil {
		v = &view{query: q}
		f.views[t.viewKey()] = v
	}
	v.uses++
	frames := func(changes []storage.Change) []realtime.Frame { return t.frames(v.look(changes)) }
	return &form{view: v, Form: realtime.NewGroupForm(frames).Forgetting(func() { v.last = nil })}
}

// give says that a subscription to the topic has ended.
func (f *topics) give(t topic) {
	f.mu.Lock()
	defer f.mu.Unlock()
	known := f.forms[t]
	if known.uses--; known.uses > 0 {
		return
	}
	delete(f.forms, t)
	if known.view.uses--; known.view.uses == 0 {
		delete(f.views, t.viewKey())
	}
}

// silent is the form of sessions that hear nothing.
func (f *topics) silent() *realtime.Form {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.quiet == nil {
		f.quiet = realtime.NewForm(func(storage.Change) realtime.Frame { return nil })
	}
	return f.quiet
}
