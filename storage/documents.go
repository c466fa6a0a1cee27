package storage

import (
	"context"
	"log/slog"
	"time"

	"nightwire/security"
)

// Documents is the only door to documents: it asks the Guard, applies the collection's rules and hands one atomic write to
// the engine. No face checks permissions or stamps fields by itself. Each operation is a file of its own: create.go, bulk.go,
// insert.go, many.go, read.go, update.go, patch.go, delete.go, search.go, history.go, lastmodified.go, rights.go.
type Documents struct {
	engine      Engine
	guard       Guard
	options     Options
	collections map[string]Collection
	counters    *counters
	pruner      *pruner // nil: nothing is pruned
}

// Guard is what Documents needs of *security.Guard: Check is nil when the identity holds the permission now, a
// *security.Forbidden when it does not.
type Guard interface {
	Check(ctx context.Context, id security.Identity, p security.Permission) error
}

// Options are the operator's choices; the zero value is Nightscout's default.
type Options struct {
	// Collections are those to serve, in the order in which they are listed; nil: Nightscout's.
	Collections []Collection
	// NoDedupFallback is API3_DEDUP_FALLBACK_ENABLED=false: only identifiers tell that documents are the same.
	NoDedupFallback bool
	// NoCreatedAtFallback is API3_CREATED_AT_FALLBACK_ENABLED=false: created_at is neither used nor kept.
	NoCreatedAtFallback bool
	// MaxSize is how many bytes of JSON text a stored document may have; 0: 16 MiB.
	MaxSize int
	// Prune is how long documents are kept, by collection (API3_AUTOPRUNE_...); collections that are not in it keep theirs.
	Prune map[string]time.Duration
	// SearchTime is how long the engine may work on one search before it is given up with ErrSlow; 0: as long as it takes.
	SearchTime time.Duration
	// Log is where pruning is reported; nil: slog.Default().
	Log *slog.Logger
	// Now is the clock by which documents grow old; nil: time.Now.
	Now func() time.Time
	// Zone is the zone that dates get which came as numbers; nil: the server's.
	Zone *time.Location
}

// NewDocuments returns the door to the engine's documents. It is to be closed before the engine.
func NewDocuments(engine Engine, guard Guard, o Options) *Documents {
	if o.Collections == nil {
		o.Collections = Nightscout()
	}
	if o.MaxSize == 0 {
		o.MaxSize = 16 << 20
	}
	if o.Zone == nil {
		o.Zone = time.Local
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Documents{
		engine: engine, guard: guard, options: o, collections: byName(o.Collections),
		counters: newCounters(engine), pruner: newPruner(engine, o.Prune, o.Log, o.Now),
	}
}

// Close ends what goes on in the background. The operations stay usable.
func (d *Documents) Close() { d.pruner.close() }

func byName(list []Collection) map[string]Collection {
	collections := map[string]Collection{}
	for _, c := range list {
		collections[c.Name] = c
	}
	return collections
}

// Collections are the collections that are served, in their order. The slice is not to be changed.
func (d *Documents) Collections() []Collection { return d.options.Collections }

// Collection is the collection of that name. Errors: ErrNotFound.
func (d *Documents) Collection(name string) (Collection, error) {
	c, ok := d.collections[name]
	if !ok {
		return c, ErrNotFound
	}
	return c, nil
}

// Request says who asks, and what a write shall wait for and depend on.
type Request struct {
	Who security.Identity
	// UnmodifiedSince refuses the write with ErrPrecondition when the stored document is newer (ms, compared by whole
	// seconds); 0: no condition.
	UnmodifiedSince int64
	// Answered is closed by the face when its answer is flushed; the events wait for it. nil: nobody waits.
	Answered <-chan struct{}
}

// Result is the outcome of a write.
type Result struct {
	Identifier   string // of the stored document
	LastModified int64  // its srvModified, ms
	Created      bool   // it is new
	Deduplicated string // the identifier before, when a document without identifier of its own, or with another one, was replaced by Create; "" otherwise
	Change       Change
}

// check asks whether the requester holds api:{collection}:{right}.
func (d *Documents) check(ctx context.Context, r Request, c Collection, right string) error {
	return d.guard.Check(ctx, r.Who, security.Permission("api:"+c.Name+":"+right))
}

// checkList asks whether the requester may see the collection as a whole.
func (d *Documents) checkList(ctx context.Context, r Request, c Collection) error {
	return d.guard.Check(ctx, r.Who, c.ListPermission())
}

// apply hands a write to the engine.
func (d *Documents) apply(ctx context.Context, r Request, w Write) (Result, error) {
	changes, err := d.engine.Apply(ctx, r.sign(w))
	if err != nil {
		return Result{}, err
	}
	d.pruner.wrote(w.Collection, r.Answered)
	return resultOf(changes[0]), nil
}

// sign puts into a write who makes it and who waits for its answer.
func (r Request) sign(w Write) Write {
	w.By, w.Answered = r.Who.Name(), r.Answered
	return w
}

func resultsOf(changes []Change) []Result {
	results := make([]Result, len(changes))
	for i, change := range changes {
		results[i] = resultOf(change)
	}
	return results
}

func resultOf(change Change) Result {
	result := Result{
		Identifier:   change.Identifier,
		LastModified: change.Time,
		Created:      change.Kind == Create,
		Change:       change,
	}
	if before := change.Before.Identifier(); change.Kind == Update && before != change.After.Identifier() {
		result.Deduplicated = before
	}
	return result
}
