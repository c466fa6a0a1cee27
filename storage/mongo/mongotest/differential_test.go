package mongotest

import (
	"flag"
	"log/slog"
	"testing"
	"time"

	"nightwire/storage/sqlite"
)

var seed = flag.Uint64("seed", uint64(time.Now().UnixNano()), "of the random reads and writes")

// TestLikeSQLite: what one engine answers, the other answers too.
func TestLikeSQLite(t *testing.T) {
	uri, _ := freshDatabase(t)
	embedded, err := sqlite.Open(t.Context(), sqlite.Options{Dir: t.TempDir(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { embedded.Close() })
	n := 10_000
	if testing.Short() {
		n = 500
	}
	limits().Compare(t, *seed, n, embedded, open(t, uri))
}
