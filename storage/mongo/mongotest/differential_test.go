package mongotest

import (
	"flag"
	"log/slog"
	"testing"
	"time"

	"nightwire/storage/sqlite"
)

var seed = flag.Uint64("seed", uint64(time.Now().UnixNano()), "of the random reads and writes")

// TestLikeSQLite: what one engine answers, the other answers too. FerretDB scans its ledger for every refused write, so
// each 500 reads and writes have a database of its own.
func TestLikeSQLite(t *testing.T) {
	rounds, n := uint64(20), 500
	if testing.Short() {
		rounds = 1
	}
	for i := range rounds {
		uri, _ := freshDatabase(t)
		embedded, err := sqlite.Open(t.Context(), sqlite.Options{Dir: t.TempDir(), Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		limits().Compare(t, *seed+i, n, embedded, openPatient(t, uri))
		if err := embedded.Close(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			return
		}
	}
}
