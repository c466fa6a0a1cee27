// Package mongo is the MongoDB engine of storage, on the official driver. It owns how documents lie in a database that may
// be an existing Nightscout's, how a write is made atomic without locks in the database, and how the changes of all nodes
// and of other programs are read in one order. It knows no rule of documents; those come with each write
// (storage.Write.Decide).
//
// Read record.go first for how a document lies in the database, then apply.go for how it is written, stream.go for how
// changes are read where the database can be watched, and ledger.go for where it cannot.
package mongo

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/mongo"
	"go.mongodb.org/mongo-driver/mongo/readpref"

	"nightwire/storage"
)

// Options says which database is used and how. Zero values stand for the defaults.
type Options struct {
	URI      string               // mongodb:// or mongodb+srv://; a URI without a database name means the database "test", as in Nightscout
	Names    map[string]string    // what collections are called in the database, where it is not their own name
	Free     []storage.Collection // collections that are served besides Nightscout's
	OwnOnly  bool                 // changes that other programs write are not told (CHANGES=own)
	Timeout  time.Duration        // how long a read or write may take before it is ErrUnavailable; 4 s
	Holdback time.Duration        // how far behind the present Settle stays while other nodes write; 1 s

	JournalAge   time.Duration // how long the ledger is kept where the database cannot be watched; 7 days
	JournalBytes int64         // how many bytes of it are kept; 256 MiB

	Now func() time.Time // the clock; time.Now
	Log *slog.Logger     // slog.Default()
}

// Engine is the storage.Engine on a MongoDB database.
type Engine struct {
	options Options
	client  *mongo.Client
	db      *mongo.Database // write concern majority and journaled, read concern majority where it can be had
	can     abilities
	node    string // this process among the others on the database: random text
	feed    feed
	clocks  clocks
	answers answers
	ready   sync.Map // names of the collections whose indexes stand (makeReady)
	plain   plainPaths

	presence presence
	lease    lease

	life    context.Context // ends when Close begins
	end     context.CancelFunc
	running sync.WaitGroup // what goes on in the background
	writing sync.RWMutex   // held for reading by each write under way (enter)
	closing sync.Once
}

// abilities are what the server can do, found out once when it is opened.
type abilities struct {
	name, version string
	major         int   // of the version
	transactions  bool  // replica set or sharded cluster
	watch         watch // what can be watched
	preImages     bool  // our collections keep before and after images
	unique        bool  // the unique index on identifier stands in every collection; else one node only, with a lock per identifier
}

// watch is what of a database can be watched.
type watch uint8

const (
	watchNothing     watch = iota // changes come from the ledger, for one node
	watchCollections              // one stream per collection
	watchDatabase                 // one stream for everything
)

// pingTimeout is how soon Ping wants an answer: whoever asks it, asks often.
const pingTimeout = 2 * time.Second

// feed is where changes come from: a stream (stream.go) or the ledger (ledger.go).
type feed interface {
	changes(ctx context.Context, after storage.Cursor) iter.Seq2[storage.Change, error]
	head(ctx context.Context) (storage.Cursor, error)
}

// Changes yields every change after the cursor; see storage.Engine. It outlasts an absence of the database.
func (e *Engine) Changes(ctx context.Context, after storage.Cursor) iter.Seq2[storage.Change, error] {
	return e.feed.changes(ctx, after)
}

// Head is the cursor of the newest change.
func (e *Engine) Head(ctx context.Context) (storage.Cursor, error) { return e.feed.head(ctx) }

// Ping asks the primary for an answer; see storage.Engine.
func (e *Engine) Ping(ctx context.Context) error {
	if e.life.Err() != nil {
		return unavailable("asking for an answer", errClosed)
	}
	limited, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	if err := e.client.Ping(limited, readpref.Primary()); err != nil {
		return failed(ctx, "asking for an answer", err)
	}
	return e.mayWrite()
}

// Close ends what goes on in the background and the connections; see storage.Engine.
func (e *Engine) Close() error {
	var err error
	e.closing.Do(func() {
		e.end()
		e.writing.Lock() // once the last write has ended
		defer e.writing.Unlock()
		e.running.Wait()
		ctx, cancel := context.WithTimeout(context.Background(), e.options.Timeout)
		defer cancel()
		err = errors.Join(e.leave(ctx), e.client.Disconnect(ctx)) // which waits for the calls under way
	})
	return err
}

// Describe names the database product and its version.
func (e *Engine) Describe() (name, version string) { return e.can.name, e.can.version }
