package sqlite

import (
	"log/slog"
	"testing"

	"nightwire/storage"
	"nightwire/storage/storagetest"
)

func TestSuite(t *testing.T) {
	storagetest.Run(t, func(t *testing.T) storage.Engine { return open(t, Options{Dir: t.TempDir()}) })
}

// open opens an engine for a test, quiet, and closes it at the test's end.
func open(t *testing.T, o Options) *Engine {
	t.Helper()
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	e, err := Open(t.Context(), o)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}
