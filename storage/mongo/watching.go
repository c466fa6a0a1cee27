package mongo

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"

	"go.mongodb.org/mongo-driver/bson"
	"go.mongodb.org/mongo-driver/bson/primitive"
	"go.mongodb.org/mongo-driver/mongo"
	"go.mongodb.org/mongo-driver/mongo/options"

	"nightwire/storage"
)

// open opens a change stream of the whole database or of one collection; without a place, one of what will happen.
func (s *stream) open(ctx context.Context, name string, from place) (*mongo.ChangeStream, error) {
	o := options.ChangeStream().SetMaxAwaitTime(awaited).SetFullDocument(options.UpdateLookup)
	if s.e.can.preImages {
		o.SetFullDocument(options.WhenAvailable).SetFullDocumentBeforeChange(options.WhenAvailable)
	}
	switch {
	case from.token != nil:
		o.SetResumeAfter(from.token)
	case !from.since.IsZero():
		o.SetStartAtOperationTime(&from.since)
	}
	if name == "" {
		return s.e.db.Watch(ctx, s.pipeline(), o)
	}
	return s.e.db.Collection(name).Watch(ctx, s.pipeline(), o)
}

// pipeline is what the server does to the events: those of collections that are nobody's business stay there, and those
// that are too large for one message come in parts.
func (s *stream) pipeline() mongo.Pipeline {
	pipeline := mongo.Pipeline{}
	if s.names[0] == "" {
		silent := bson.A{metaCollection, nodesCollection, ledgerCollection}
		pipeline = append(pipeline, bson.D{{Key: "$match", Value: bson.D{{Key: "ns.coll", Value: bson.D{{Key: "$nin", Value: silent}}}}}})
	}
	if s.e.can.major >= 7 {
		pipeline = append(pipeline, bson.D{{Key: "$changeStreamSplitLargeEvent", Value: bson.D{}}})
	}
	return pipeline
}

// newest is the place after all that has happened.
func (s *stream) newest(ctx context.Context, name string) (place, error) {
	ctx, cancel := context.WithTimeout(ctx, s.e.options.Timeout)
	defer cancel()
	cs, err := s.open(ctx, name, place{})
	if err != nil {
		return place{}, err
	}
	defer closeStream(ctx, cs)
	if token := cs.ResumeToken(); token != nil {
		return place{token: token}, nil
	}
	return s.after(ctx)
}

// after is the place after the newest operation, for servers that give no token before there is an event.
func (s *stream) after(ctx context.Context) (place, error) {
	answer, err := s.e.db.RunCommand(ctx, bson.D{{Key: "ping", Value: 1}}).Raw()
	if err != nil {
		return place{}, err
	}
	seconds, n, ok := answer.Lookup("operationTime").TimestampOK()
	if !ok {
		return place{}, errors.New("the server does not tell its time")
	}
	return place{since: primitive.Timestamp{T: seconds, I: n + 1}}, nil
}

// sightings yields what all streams bring: one in its order, several as it comes.
func (s *stream) sightings(ctx context.Context, from []place) iter.Seq2[sighting, error] {
	if len(s.names) == 1 {
		return (&watcher{s: s, at: from[0]}).watch(ctx)
	}
	return func(yield func(sighting, error) bool) { s.merge(ctx, from, yield) }
}

// merge reads each stream in a goroutine of its own. They end before it returns.
func (s *stream) merge(ctx context.Context, from []place, yield func(sighting, error) bool) {
	type seen struct {
		sighting
		err error
	}
	all := make(chan seen)
	ctx, stop := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer stop()
	for i, p := range from {
		w := &watcher{s: s, index: i, at: p}
		running.Go(func() {
			for sighting, err := range w.watch(ctx) {
				select {
				case all <- seen{sighting, err}:
				case <-ctx.Done():
					return
				}
			}
		})
	}
	for {
		select {
		case <-ctx.Done():
			return
		case next := <-all:
			if !yield(next.sighting, next.err) {
				return
			}
		}
	}
}

// hopeless are the server's errors after which what follows a place cannot be had, however often one asks.
var hopeless = map[int]string{
	260:   "the token is none of this server's",          // InvalidResumeToken
	280:   "the change stream cannot go on",              // ChangeStreamFatalError
	286:   "the server no longer has what follows",       // ChangeStreamHistoryLost
	40585: "the server no longer has what follows",       // the same before MongoDB 4.2
	10334: "an event is larger than the server can send", // BSONObjectTooLarge
}

// gap is an ErrGap when the error means that there is no going on from a place; nil for others.
func gap(err error) error {
	for code, meaning := range hopeless {
		if hasCode(err, code) {
			return fmt.Errorf("%w: %s: %w", storage.ErrGap, meaning, err)
		}
	}
	var refusal mongo.ServerError
	if errors.As(err, &refusal) && refusal.HasErrorLabel("NonResumableChangeStreamError") {
		return fmt.Errorf("%w: the change stream cannot go on: %w", storage.ErrGap, err)
	}
	return nil
}
