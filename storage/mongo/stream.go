package mongo

import (
	"context"
	"errors"
	"iter"
	"time"

	"go.mongodb.org/mongo-driver/bson"

	"nightwire/storage"
)

const (
	shortestPause = 100 * time.Millisecond // before what the database refused is tried again
	longestPause  = 2 * time.Second
)

// stream is the feed of a database that can be watched: its own change streams, which bring the writes of all nodes and of
// other programs in one order. Where only collections can be watched there is one stream for each, and an order only among
// the changes of one collection.
type stream struct {
	e     *Engine
	names []string // of what is watched, as it is called in the database; a single empty one is the whole database
	epoch string   // cursors of other databases are told apart by it
	pause time.Duration
}

// newStream is the feed of the whole database, or of these collections (as they are called in the database) where no more
// can be watched.
func newStream(e *Engine, collections []string) *stream {
	s := &stream{e: e, names: []string{""}, epoch: e.db.Name(), pause: shortestPause}
	if e.can.watch == watchCollections {
		s.names = append([]string{messagesCollection}, collections...)
	}
	return s
}

// head is the place where all that was acknowledged before is behind the reader.
func (s *stream) head(ctx context.Context) (storage.Cursor, error) {
	ctx, stop := s.e.whileOpen(ctx)
	defer stop()
	places, err := s.now(ctx)
	if err != nil {
		return "", err
	}
	return s.cursor(places), nil
}

// now are the newest places. Errors: ErrUnavailable, that of ctx.
func (s *stream) now(ctx context.Context) (places []place, err error) {
	places = make([]place, len(s.names))
	for i, name := range s.names {
		if places[i], err = s.newest(ctx, name); ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if err != nil {
			return nil, unavailable("asking for the newest change", err)
		}
	}
	return places, nil
}

// changes yields what happens after the cursor. A database does not say what the oldest change is that it still has, so
// without a cursor they begin now.
func (s *stream) changes(ctx context.Context, after storage.Cursor) iter.Seq2[storage.Change, error] {
	return func(yield func(storage.Change, error) bool) {
		open, stop := s.e.whileOpen(ctx)
		defer stop()
		err := s.follow(open, after, func(c storage.Change) bool { return ctx.Err() == nil && yield(c, nil) })
		if err != nil && ctx.Err() == nil {
			yield(storage.Change{}, err)
		}
	}
}

// follow tells changes until there is no telling of more (ErrGap), ctx ends (its cause), or tell has enough (nil).
func (s *stream) follow(ctx context.Context, after storage.Cursor, tell func(storage.Change) bool) error {
	places, err := s.begin(ctx, after)
	if err != nil {
		return err
	}
	t := s.teller()
	for seen, err := range s.sightings(ctx, places) {
		if err != nil {
			return err
		}
		c, told, err := s.understand(ctx, t, seen)
		if err != nil {
			return err
		}
		places[seen.stream] = seen.place
		if !told {
			continue
		}
		if c.Cursor = s.cursor(places); !tell(c) {
			return nil
		}
	}
	return context.Cause(ctx)
}

// begin is where the reading begins; without a cursor it waits for the database to be there.
func (s *stream) begin(ctx context.Context, after storage.Cursor) (places []place, err error) {
	if after != "" {
		return s.parse(after)
	}
	err = s.persist(ctx, func() error {
		places, err = s.now(ctx)
		return err
	})
	return places, err
}

func (s *stream) teller() *teller {
	return &teller{
		around: view{s.e}, log: s.e.options.Log, now: s.e.options.Now,
		ownOnly: s.e.options.OwnOnly, images: s.e.can.preImages,
		states: newStates(), notes: newNotes(len(s.names) == 1),
	}
}

// understand makes a change of an event, waiting for the database where something must be looked up.
func (s *stream) understand(ctx context.Context, t *teller, seen sighting) (c storage.Change, told bool, err error) {
	if seen.event == nil {
		return c, false, nil
	}
	err = s.persist(ctx, func() error {
		c, told, err = t.change(ctx, seen.event, s.names[seen.stream])
		return err
	})
	return c, told, err
}

// persist tries something until the database is there for it, or ctx ends.
func (s *stream) persist(ctx context.Context, try func() error) error {
	for pause := s.pause; ; pause = min(2*pause, longestPause) {
		err := try()
		if !errors.Is(err, storage.ErrUnavailable) || ctx.Err() != nil {
			return err
		}
		s.e.options.Log.Warn("the database does not answer the reader of its changes; asking again", "error", err)
		if !sleep(ctx, pause) {
			return context.Cause(ctx)
		}
	}
}

// sleep waits, and reports whether ctx lasted.
func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// whileOpen is a context that ends with ctx, and (its cause is ErrUnavailable then) when the engine is closed.
func (e *Engine) whileOpen(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(e.life, func() { cancel(unavailable("reading changes", errClosed)) })
	return ctx, func() { stop(); cancel(nil) }
}

// sighting is what a change stream brought: an event, or only the knowledge that nothing happened up to a place.
type sighting struct {
	stream int      // its place in stream.names
	event  bson.Raw // nil: none
	place  place    // after it
}
