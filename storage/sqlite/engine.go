// Package sqlite is the embedded engine of storage: one SQLite file in the data directory, through a driver in pure Go. It
// owns how documents and the journal lie on the disk, the grouping of writes into transactions, and what is done when the
// disk is full or the file damaged. It knows no rule of documents; those come with each write (storage.Write.Decide).
//
// Read schema.go first for what lies in the file, then writer.go for how it is written and plan.go for how it is read.
package sqlite

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"zombiezen.com/go/sqlite"

	"nightwire/storage"
)

// FileName is the name of the database in the data directory. SQLite keeps two more files beside it while it is open.
const FileName = "nightwire.db"

// Options says where the database lies and how much of the journal is kept. Zero values stand for the defaults.
type Options struct {
	Dir          string           // data directory; made when it is missing
	Now          func() time.Time // the clock; time.Now
	Log          *slog.Logger     // slog.Default()
	JournalAge   time.Duration    // how long changes are kept; 7 days
	JournalBytes int64            // how many bytes of changes are kept; 256 MiB
	MaxPages     int64            // greatest size of the file, in pages of 4 KiB; no limit
}

func (o Options) withDefaults() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.JournalAge <= 0 {
		o.JournalAge = 7 * 24 * time.Hour
	}
	if o.JournalBytes <= 0 {
		o.JournalBytes = 256 << 20
	}
	return o
}

// Engine is the embedded storage.Engine.
type Engine struct {
	path    string
	epoch   string
	lock    *lock
	readers *readers
	writer  *writer
	tail    *tail
	tables  sync.Map // collection name -> *table, of the collections that exist

	life     context.Context // ends when Close begins
	end      context.CancelFunc
	maxPages atomic.Int64
	closing  sync.Once
	closeErr error
}

var (
	_ storage.Engine  = (*Engine)(nil)
	_ storage.Series  = (*Engine)(nil)
	_ storage.Planner = (*Engine)(nil)
	_ storage.Dumper  = (*Engine)(nil)
	_ storage.Checker = (*Engine)(nil)
)

// Open opens the database of a data directory, or makes a new one. It refuses, with an error that says what to do, a
// directory that cannot be written or is in use by another server, a file that is damaged, and one of a newer version.
func Open(ctx context.Context, o Options) (*Engine, error) {
	o = o.withDefaults()
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("the data directory %s cannot be made: %w", o.Dir, err)
	}
	lock, err := acquireLock(o.Dir)
	if err != nil {
		return nil, err
	}
	e := &Engine{path: filepath.Join(o.Dir, FileName), lock: lock}
	e.life, e.end = context.WithCancel(context.Background())
	e.maxPages.Store(o.MaxPages)
	if err := e.start(ctx, o); err != nil {
		e.end()
		return nil, errors.Join(err, lock.release())
	}
	return e, nil
}

func (e *Engine) start(ctx context.Context, o Options) error {
	conn, err := openDatabase(ctx, e.path)
	if err != nil {
		return err
	}
	found, err := inspect(conn)
	if err != nil {
		return errors.Join(damaged(e.path, err), conn.Close())
	}
	if err := complete(conn, found.collections); err != nil {
		return errors.Join(openError(e.path, err), conn.Close())
	}
	e.epoch = found.epoch
	for name := range found.collections {
		t, err := readTable(conn, name)
		if err != nil {
			return errors.Join(openError(e.path, err), conn.Close())
		}
		e.tables.Store(name, t)
	}
	e.tail = newTail(found.journal.head)
	e.readers = newReaders(func() (*sqlite.Conn, error) { return openReader(e.path) })
	e.writer = newWriter(e, conn, found, o)
	go e.writer.loop()
	return nil
}

// table is the layout of a collection that exists, nil for others.
func (e *Engine) table(collection string) *table {
	t, ok := e.tables.Load(collection)
	if !ok {
		return nil
	}
	return t.(*table)
}

// LimitPages changes the greatest size of the file, in pages of 4 KiB (0: no limit), from the next write on.
func (e *Engine) LimitPages(n int64) { e.maxPages.Store(n) }

// Ping reports whether the database can be read.
func (e *Engine) Ping(ctx context.Context) error {
	return e.read(ctx, func(conn *sqlite.Conn) error {
		return run(conn, `SELECT epoch FROM _meta`)
	})
}

// Describe names SQLite and its version.
func (e *Engine) Describe() (name, version string) { return "sqlite", sqlite.Version }

// Close finishes the writes that were queued, writes everything into the database file and closes it. Reads under way are
// ended.
func (e *Engine) Close() error {
	e.closing.Do(func() {
		e.end()
		e.closeErr = e.writer.close()
		e.tail.close()
		e.readers.close()
		e.closeErr = errors.Join(e.closeErr, e.lock.release())
	})
	return e.closeErr
}
