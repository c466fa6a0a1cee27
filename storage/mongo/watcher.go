package mongo

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"time"

	"go.mongodb.org/mongo-driver/bson"
	"go.mongodb.org/mongo-driver/mongo"
)

const (
	// awaited is how long the server waits for an event before it says that there was none.
	awaited = time.Second
	// readTimeout is for one answer of a change stream. The server may have a long log to read through until it comes to
	// the place that is resumed from.
	readTimeout = 30 * time.Second
	closeTime   = time.Second
)

var (
	errEnough = errors.New("the reader has enough")
	errEnded  = errors.New("the server has ended the change stream")
)

// watcher keeps one change stream open, whatever happens to the database.
type watcher struct {
	s      *stream
	index  int // in stream.names
	at     place
	broken bool // it cannot be read now, and the log knows
}

// watch yields what the stream brings until ctx ends, or until the server no longer has what follows (ErrGap).
func (w *watcher) watch(ctx context.Context) iter.Seq2[sighting, error] {
	return func(yield func(sighting, error) bool) {
		for pause := w.s.pause; ; pause = min(2*pause, longestPause) {
			began := time.Now()
			err := w.read(ctx, yield)
			if errors.Is(err, errEnough) || ctx.Err() != nil {
				return
			}
			if lost := gap(err); lost != nil {
				yield(sighting{}, lost)
				return
			}
			if time.Since(began) > longestPause {
				pause = w.s.pause
			}
			w.report(err)
			if !sleep(ctx, pause) {
				return
			}
		}
	}
}

// report says once in the log that the stream cannot be read.
func (w *watcher) report(err error) {
	if !w.broken {
		w.s.e.options.Log.Warn("the changes of the database cannot be read; trying on until they can", "error", err)
	}
	w.broken = true
}

func (w *watcher) recovered() {
	if w.broken {
		w.s.e.options.Log.Info("the changes of the database can be read again; none is lost")
	}
	w.broken = false
}

// read opens the stream at its place and yields what it brings, until it fails.
func (w *watcher) read(ctx context.Context, yield func(sighting, error) bool) error {
	opening, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	cs, err := w.s.open(opening, w.s.names[w.index], w.at)
	if err != nil {
		return err
	}
	defer closeStream(ctx, cs)
	for {
		event, err := nextEvent(ctx, cs)
		if err != nil {
			return err
		}
		w.recovered()
		if token := cs.ResumeToken(); token != nil {
			w.at = place{token: bytes.Clone(token)}
		}
		if !yield(sighting{stream: w.index, event: event, place: w.at}, nil) {
			return errEnough
		}
	}
}

// closeStream lets the server know that nobody reads any more; it would find out by itself in time.
func closeStream(ctx context.Context, cs *mongo.ChangeStream) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTime)
	defer cancel()
	_ = cs.Close(ctx)
}

// nextEvent is the next event; nil when none came for a while. A large one that the server has split is put together.
func nextEvent(ctx context.Context, cs *mongo.ChangeStream) (bson.Raw, error) {
	var parts fragments
	for {
		event, err := poll(ctx, cs)
		if err != nil || event == nil && parts == nil {
			return nil, err
		}
		whole, err := parts.add(event)
		if whole != nil || err != nil {
			return whole, err
		}
	}
}

// poll is the next answer of the server, or the next event of the last one.
func poll(ctx context.Context, cs *mongo.ChangeStream) (bson.Raw, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	switch {
	case cs.TryNext(ctx):
		return bytes.Clone(cs.Current), nil
	case cs.Err() != nil:
		return nil, cs.Err()
	case cs.ID() == 0:
		return nil, errEnded
	}
	return nil, nil
}
