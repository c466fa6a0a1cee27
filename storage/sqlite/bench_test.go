package sqlite

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"nightwire/storage"
)

// reading is a document of about 400 bytes, as a sensor's uploader writes it.
func reading(i int, now int64) storage.Document {
	at := int64(1_600_000_000_000) + int64(i)*300_000
	iso := time.UnixMilli(at).UTC().Format("2006-01-02T15:04:05.000Z")
	return storage.Document(fmt.Sprintf(`{"type":"sgv","sgv":%d,"date":%d,"dateString":%q,"trend":4,"direction":"Flat",`+
		`"device":"xDrip-DexcomG6","filtered":%d,"unfiltered":%d,"rssi":100,"noise":1,"app":"xdrip","utcOffset":0,`+
		`"created_at":%q,"identifier":%q,"srvModified":%d,"srvCreated":%d,"subject":"uploader"}`,
		40+i%360, at, iso, i*100, i*101, iso, readingID(i), now, now))
}

func readingID(i int) string {
	return fmt.Sprintf("%08x-0000-5000-8000-%012x", uint32(i)*2654435761, i)
}

func putReading(i int) storage.Write {
	return storage.Write{Collection: "entries", Key: storage.Key{Identifier: readingID(i)},
		Decide: func(s *storage.Stored, now int64) (storage.Next, error) {
			kind := storage.Create
			if s != nil {
				kind = storage.Update
			}
			return storage.Next{Kind: kind, Document: reading(i, now), Sent: []string{"sgv", "date"}}, nil
		}}
}

// filled opens a database of NIGHTWIRE_BENCH_DOCS documents (20,000 by default); one in NIGHTWIRE_BENCH_DIR is kept and
// used again.
func filled(b *testing.B) (*Engine, int) {
	count, err := strconv.Atoi(os.Getenv("NIGHTWIRE_BENCH_DOCS"))
	if err != nil {
		count = 20_000
	}
	dir := os.Getenv("NIGHTWIRE_BENCH_DIR")
	if dir == "" {
		dir = b.TempDir()
	}
	e, err := Open(context.Background(), Options{Dir: dir})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { e.Close() })
	if _, err := e.Get(b.Context(), "entries", storage.Key{Identifier: readingID(count - 1)}); err == nil {
		return e, count
	}
	for i := 0; i < count; i += 1000 {
		group := make([]storage.Write, 0, 1000)
		for j := range min(1000, count-i) {
			group = append(group, putReading(i+j))
		}
		if _, err := e.Apply(b.Context(), group...); err != nil {
			b.Fatal(err)
		}
	}
	return e, count
}

// BenchmarkUpsert64 is durable upserts, half of them updates, by 64 writers at once.
func BenchmarkUpsert64(b *testing.B) {
	e, _ := filled(b)
	var next atomic.Int64
	b.SetParallelism(32) // times GOMAXPROCS, which is 2 where the figures were taken
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := e.Apply(b.Context(), putReading(int(next.Add(1))/2+10_000_000)); err != nil {
				b.Error(err)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "upserts/s")
}

func benchmarkFind(b *testing.B, query func(e *Engine, count int) storage.Query, want func(count int) int) {
	e, count := filled(b)
	q := query(e, count)
	for b.Loop() {
		n := 0
		for _, err := range e.Find(b.Context(), "entries", q) {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
		if n < want(count) { // other benchmarks may have added some
			b.Fatalf("%d documents", n)
		}
	}
}

// BenchmarkHistory1000 is one page of HISTORY from the middle of the collection.
func BenchmarkHistory1000(b *testing.B) {
	benchmarkFind(b, func(e *Engine, count int) storage.Query {
		middle, err := e.Get(b.Context(), "entries", storage.Key{Identifier: readingID(count / 2)})
		if err != nil {
			b.Fatal(err)
		}
		return storage.Query{
			Filter: storage.Filter{Op: storage.Gt, Path: "srvModified", Value: middle.Document.Get("srvModified")},
			Sort:   []storage.SortKey{{Path: "srvModified"}, {Path: "date"}, {Path: "identifier"}}, Limit: 1000,
		}
	}, func(int) int { return 1000 })
}

// BenchmarkLatest10 is what a display asks for: the newest readings.
func BenchmarkLatest10(b *testing.B) {
	benchmarkFind(b, func(*Engine, int) storage.Query {
		return storage.Query{
			Filter: storage.Filter{Op: storage.Ne, Path: "isValid", Value: "false"},
			Sort:   []storage.SortKey{{Path: "date", Desc: true}, {Path: "identifier", Desc: true}}, Limit: 10,
		}
	}, func(int) int { return 10 })
}

// BenchmarkScan filters the whole collection by a field without index.
func BenchmarkScan(b *testing.B) {
	benchmarkFind(b, func(*Engine, int) storage.Query {
		return storage.Query{Filter: storage.Filter{Op: storage.Eq, Path: "sgv", Value: "100"}}
	}, func(count int) int { return (count-61)/360 + 1 })
}

// BenchmarkOpen is the start on a database of that size, after an orderly stop.
func BenchmarkOpen(b *testing.B) {
	dir := os.Getenv("NIGHTWIRE_BENCH_DIR")
	if dir == "" {
		b.Skip("needs NIGHTWIRE_BENCH_DIR")
	}
	for b.Loop() {
		e, err := Open(b.Context(), Options{Dir: dir})
		if err != nil {
			b.Fatal(err)
		}
		if err := e.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
