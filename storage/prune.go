package storage

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"
)

const (
	// pruneEvery is the shortest time between two prunings of a collection.
	pruneEvery = time.Hour
	// pruneBatch is how many documents are removed at once, so that writers hardly wait.
	pruneBatch = 200
)

// errKept is a document that was to be pruned and is no longer old.
var errKept = errors.New("kept")

// pruner removes old documents, for good and told to nobody (spec nightscout-v3 §8, API3_AUTOPRUNE): after the first write
// to a collection, and then at most once an hour.
type pruner struct {
	engine Engine
	ages   map[string]time.Duration // by collection; not to be changed
	log    *slog.Logger
	now    func() time.Time

	mu   sync.Mutex
	next map[string]time.Time // when a collection may be pruned again
	jobs chan pruning

	end  context.CancelFunc
	done chan struct{} // closed when the goroutine has ended
}

// pruning is what one write gave occasion to.
type pruning struct {
	collection string
	answered   <-chan struct{} // the writer is answered first; nil: nobody waits
}

// newPruner starts the goroutine that close ends; without ages there is nothing to do, and no pruner.
func newPruner(engine Engine, ages map[string]time.Duration, log *slog.Logger, now func() time.Time) *pruner {
	if len(ages) == 0 {
		return nil
	}
	p := &pruner{
		engine: engine, ages: ages, log: log, now: now,
		next: map[string]time.Time{}, jobs: make(chan pruning, len(ages)), done: make(chan struct{}),
	}
	ctx, end := context.WithCancel(context.Background())
	p.end = end
	go p.run(ctx)
	return p
}

func (p *pruner) close() {
	if p != nil {
		p.end()
		<-p.done
	}
}

// wrote is told of every successful write.
func (p *pruner) wrote(collection string, answered <-chan struct{}) {
	if p == nil || p.ages[collection] == 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	if now.Before(p.next[collection]) {
		return
	}
	select {
	case p.jobs <- pruning{collection, answered}:
		p.next[collection] = now.Add(pruneEvery)
	default: // an earlier pruning has not come to its end in all that time; the next write asks again
	}
}

func (p *pruner) run(ctx context.Context) {
	defer close(p.done)
	for {
		select {
		case job := <-p.jobs:
			p.prune(ctx, job)
		case <-ctx.Done():
			return
		}
	}
}

func (p *pruner) prune(ctx context.Context, job pruning) {
	if job.answered != nil {
		select {
		case <-job.answered:
		case <-ctx.Done():
			return
		}
	}
	cutoff := p.now().Add(-p.ages[job.collection]).UnixMilli()
	total := 0
	for _, f := range older(cutoff) {
		n, err := p.remove(ctx, job.collection, f)
		total += n
		if err != nil {
			if ctx.Err() == nil {
				p.log.Warn("old documents could not be removed", "collection", job.collection, "error", err)
			}
			return
		}
	}
	if total > 0 {
		p.log.Info("old documents removed", "collection", job.collection, "documents", total)
	}
}

// older are the signs of age, each of which suffices. They are looked for one by one, because then an index leads to
// documents by their dates; what is left for srvCreated, which has none, are those whose dates are later than their
// storing.
func older(cutoff int64) []Filter {
	return []Filter{
		{Op: Lt, Path: "date", Value: IntValue(cutoff)},
		{Op: Lt, Path: "created_at", Value: StringValue(ISODate(cutoff))},
		{Op: Lt, Path: "srvCreated", Value: IntValue(cutoff)},
	}
}

// remove removes the documents that match, batch by batch, and tells how many.
func (p *pruner) remove(ctx context.Context, collection string, f Filter) (total int, err error) {
	for {
		batch, err := p.find(ctx, collection, f)
		if err != nil || len(batch) == 0 {
			return total, err
		}
		removed := 0
		for _, a := range ApplyEach(ctx, p.engine, batch) {
			switch {
			case a.Err == nil:
				removed++
			case !errors.Is(a.Err, errKept):
				return total + removed, a.Err
			}
		}
		if total += removed; removed == 0 || len(batch) < pruneBatch {
			return total, nil // without any removal all were rewritten meanwhile, and the rest has time
		}
	}
}

// find prepares the removal of the first documents that match.
func (p *pruner) find(ctx context.Context, collection string, f Filter) (batch []Write, err error) {
	for doc, err := range p.engine.Find(ctx, collection, Query{Filter: f, Limit: pruneBatch}) {
		if err != nil {
			return nil, err
		}
		id := doc.Identifier()
		batch = append(batch, Write{Collection: collection, Key: Key{Identifier: id, ID: id},
			Decide: func(stored *Stored, _ int64) (Next, error) {
				if stored == nil || !f.Match(stored.Document) {
					return Next{}, errKept
				}
				return Next{Kind: Prune}, nil
			}})
	}
	return batch, nil
}
